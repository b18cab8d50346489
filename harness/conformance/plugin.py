"""The pytest plugin: `pytest --pyargs harness.conformance --protocol skybit --target URL`, one test per requirement.

It is loaded into every run of pytest in its environment, so it imports nothing of the harness until it is asked to.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.conformance.requirement import Requirement
    from harness.conformance.suite import Suite
    from harness.conformance.verdict import Report, Verdict

HERE = Path(__file__)
REPORT = pytest.StashKey["Report"]()

OPTIONS = {
    "--protocol": "the protocol to judge, such as skybit",
    "--target": "the server to judge, such as ws://127.0.0.1:8000/artifact/v1",
    "--profile": "what to know about the server (TOML)",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; one that another plugin has taken stays with that."""
    group = parser.getgroup("ws-harness", "conformance of WebSocket servers (pytest --pyargs harness.conformance)")
    for name, text in OPTIONS.items():
        with contextlib.suppress(ValueError):
            group.addoption(name, metavar=name.lstrip("-").upper(), default=None, help=text)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The suite, for which this very file stands, so that naming the package collects it."""
    return Contract.from_parent(parent, path=file_path) if file_path == HERE else None


class Contract(pytest.File):
    """All requirements of a protocol."""

    def collect(self) -> Iterator[Clause]:
        """One item for each requirement in the catalogue."""
        name = self.config.getoption("--protocol")
        if name is None:
            raise self.CollectError("ws-harness: expected --protocol, such as --protocol skybit")
        from harness.conformance import suite
        from harness.conformance.command import MISTAKES, words

        try:
            suites = suite.layers(name)
        except MISTAKES as mistake:
            raise self.CollectError(f"ws-harness: {words(mistake)}") from mistake
        for requirement in (each for layer in suites for each in layer.requirements.values()):
            yield Clause.from_parent(self, name=requirement.id, suites=suites, requirement=requirement)


class Clause(pytest.Item):
    """One requirement. The first that runs lets the whole suite run; all then tell their verdicts."""

    def __init__(self, *, suites: Sequence[Suite], requirement: Requirement, **rest: Any) -> None:
        super().__init__(**rest)
        self.suites = suites
        self.requirement = requirement
        self.extra_keyword_matches.add(requirement.level)  # For `-k MUST`.

    def runtest(self) -> None:
        """Pass, fail or skip, as the verdict says."""
        verdict = self._report()[self.requirement.id]
        if verdict.verdict == "failed":
            raise Broken(verdict)
        if verdict.verdict != "passed":
            pytest.skip(f"{verdict.verdict}: {verdict.reason}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The violation with its conversation, rather than a traceback of ours."""
        if isinstance(excinfo.value, Broken):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """What the requirement demands, as the title of a failure."""
        return self.path, None, f"{self.requirement.id}: {self.requirement.text}"

    def _report(self) -> Report:
        stash = self.session.stash
        if REPORT not in stash:
            # What was deselected (by -k, say) need not be run.
            wanted = tuple(item.requirement.id for item in self.session.items if isinstance(item, Clause))
            stash[REPORT] = _run(self.suites, self.config, wanted)
        return stash[REPORT]


class Broken(Exception):  # noqa: N818 - a finding about the server
    """A requirement is violated."""

    def __init__(self, verdict: Verdict) -> None:
        requirement = verdict.requirement
        lines = [f"{requirement.id} ({requirement.level}, {requirement.section}): {requirement.text}"]
        for failure in verdict.failures[:1]:
            lines += [f"expected  {failure.expected}", f"found     {failure.found}", *failure.excerpt]
        super().__init__("\n".join(lines))


def _run(suites: Sequence[Suite], config: pytest.Config, wanted: tuple[str, ...]) -> Report:
    from harness.conformance import command
    from harness.conformance.verdict import COULD_NOT_RUN

    path = config.getoption("--profile")
    request = command.Request(
        suites[0].protocol,
        url=config.getoption("--target"),
        profile=None if path is None else config.invocation_params.dir / path,
        only=wanted,
    )
    try:
        report = command.judged(suites, request, (), command.silent_console())
        if report.broken:
            raise command.UsageError("; ".join(report.broken))
    except command.MISTAKES as mistake:
        pytest.exit(f"ws-harness: {command.words(mistake)}", returncode=COULD_NOT_RUN)
    return report
