"""What the commands `check`, `requirements`, `explain` and `judge` do. They print, and give the exit code."""

from __future__ import annotations

import asyncio
import json
import random
import shlex
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

from rich.console import Console
from rich.text import Text

from harness import protocols
from harness.conformance import expected, matrix, profile, suite
from harness.conformance.judging import UnreadableError, judge_files
from harness.conformance.profile import Profile, ProfileError
from harness.conformance.rehearsal import errors_only, rehearse
from harness.conformance.report import matrix as report_matrix
from harness.conformance.report import terminal
from harness.conformance.report.document import DocumentError, document, read
from harness.conformance.report.files import Files
from harness.conformance.requirement import LEVELS, CatalogueError, Requirement
from harness.conformance.runner import Options, Unreachable, run_layers
from harness.conformance.socket import SocketOpener
from harness.conformance.suite import Suite
from harness.conformance.verdict import COULD_NOT_RUN, KEPT, VIOLATED, Report
from harness.conformance.wire.faults import Fault
from harness.conformance.words import nearest
from harness.core.defect import Defect
from harness.core.variant import Variant

ChangeT = TypeVar("ChangeT", Defect, Variant)

SCHEMES = ("ws", "wss", "http", "https")
PIPE_COLUMNS = 120


class UsageError(ValueError):
    """The command line asks for what cannot be. The text says what was expected."""


# All that is a user's mistake, or the state of the world, and no bug of ours.
MISTAKES = (
    UsageError,
    LookupError,
    ProfileError,
    CatalogueError,
    DocumentError,
    expected.ExpectedError,
    Unreachable,
    OSError,
)


@dataclass(frozen=True)
class Request:
    """The options of `check`."""

    protocol: str
    url: str | None = None
    profile: Path | None = None
    only: tuple[str, ...] = ()
    level: str | None = None
    files: Files = Files()
    expected_failures: Path | None = None
    seed: int | None = None
    run_limit: float | None = None
    quiet: bool = False
    own_mock: bool = False
    defect: str | None = None
    variant: str | None = None


def check(request: Request, console: Console | None = None) -> int:
    """Judge a server; print the report, and write it to files. The exit code: 0 kept, 1 violated, 2, 3 (see Report)."""
    console = console or _console()
    try:
        return _check(request, console)
    except MISTAKES as mistake:
        return refuse(mistake)


def _console() -> Console:
    # A pipe has no width; a table wants one.
    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_COLUMNS)


def silent_console() -> Console:
    """A console that shows nothing."""
    return Console(quiet=True)


def refuse(mistake: BaseException) -> int:
    """Say why nothing was run, on the error stream. The exit code."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(Text(words(mistake), style="bold red"))
    return COULD_NOT_RUN


def words(mistake: BaseException) -> str:
    """What to tell the user."""
    # A LookupError shows its text in quotes, unless it is asked for its argument.
    return str(mistake.args[0]) if isinstance(mistake, LookupError) and mistake.args else str(mistake)


def _check(request: Request, console: Console) -> int:
    suites = suite.layers(request.protocol)
    levels = levels_from(request.level)
    ids = [id_ for each in suites for id_ in each.requirements]
    known = {} if request.expected_failures is None else expected.read(request.expected_failures, ids)
    require_known(ids, request.only)
    request.files.require_writable()
    started_s = time.time()
    report = judged(suites, request, levels, console)
    expected.apply(known, report)
    for verdict in report.verdicts:
        verdict.rerun = again(request, verdict.id, report)
    report.started_s = started_s
    terminal.show(report, console, request.quiet)
    request.files.write(document(report))
    return report.exit_code


def judged(suites: Sequence[Suite], request: Request, levels: tuple[str, ...], console: Console) -> Report:
    """The report of the run that the options ask for, without what they say of expected failures."""
    seed = request.seed
    if request.own_mock:
        options = Options(request.only, levels, 1 if seed is None else seed)
        change = _change(request)
        mock = protocols.load(request.protocol)
        lacks = change.lacks if isinstance(change, Variant) else ()
        with errors_only():
            return rehearse(suites[0], change.apply(mock) if change else mock, options, lacks=lacks)
    for option in ("defect", "variant"):
        if getattr(request, option) is not None:
            raise UsageError(f"--{option} is for our own mock: expected --self beside it")
    # Drawn anew each time: a server remembers idempotency keys of the run before.
    seed = random.SystemRandom().randrange(1, 1_000_000) if seed is None else seed
    chosen = profile_of(suites, request.url, request.profile, seed)
    with terminal.Watch(console) as watcher:
        options = Options(request.only, levels, seed, limit_s=request.run_limit, watcher=watcher)
        return asyncio.run(_live(suites, chosen, options))


async def _live(suites: Sequence[Suite], chosen: Profile, options: Options) -> Report:
    opener = SocketOpener(chosen.ca_file)
    try:
        return await run_layers(suites, chosen, opener, time.time, options)
    finally:
        await opener.close()


def profile_of(suites: Sequence[Suite], url: str | None, path: Path | None, seed: int) -> Profile:
    """The profile of a live run: the file's, or the mock's own demo credentials. The address given goes first."""
    found = suites[0]
    if path is None:
        if url is None:
            raise UsageError("expected the URL of a server, or a --profile that names one, or --self")
        return found.demo_profile(address(url, found.paths), random.Random(seed))
    chosen = profile.load(path, Profile(url or ""), set().union(*(each.capabilities for each in suites)))
    if not chosen.target:
        raise ProfileError(f"{path}: url: expected the URL of the server, here or on the command line, found nothing")
    return replace(chosen, target=address(chosen.target, found.paths))


def address(url: str, paths: tuple[str, ...]) -> str:
    """The URL with a scheme of WebSocket; a URL without a path gets the protocol's own. UsageError when it is none."""
    try:
        parts = urlsplit(url)
        # A colon without a port would silently mean port 80.
        good = not parts.netloc.endswith(":") and parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise UsageError(f"{url!r}: expected a URL such as ws://127.0.0.1:8000{paths[0]}")
    scheme = parts.scheme.replace("http", "ws")
    return urlunsplit(parts._replace(scheme=scheme, path=parts.path if parts.path not in ("", "/") else paths[0]))


def levels_from(level: str | None) -> tuple[str, ...]:
    """The levels from MUST down to this one. UsageError when there is no such level."""
    if level is None:
        return ()
    if level.upper() not in LEVELS:
        raise UsageError(f"--level: expected one of {', '.join(LEVELS)}, found {level!r}")
    return LEVELS[: LEVELS.index(level.upper()) + 1]


def require_known(ids: Collection[str], only: tuple[str, ...]) -> None:
    """UsageError when one of `only` begins no id."""
    for prefix in only:
        if not _begins(prefix, ids):
            raise UsageError(f"--only: no requirement begins with {prefix!r}.{nearest(prefix, ids)}")


def again(request: Request, id_: str, report: Report) -> str:
    """The command that judges just this requirement, in the same way; secrets are hidden in it as in the report."""
    words = ["ws-harness", "check", request.protocol]
    if request.own_mock:
        words += ["--self", "--seed", str(report.seed)] + (["--defect", request.defect] if request.defect else [])
        words += ["--variant", request.variant] if request.variant else []
    elif request.url is not None or request.profile is None:
        words.append(report.target)
    words += ["--profile", str(request.profile)] if request.profile is not None else []
    return shlex.join([*words, "--only", id_])


def _begins(prefix: str, ids: Collection[str]) -> bool:
    return any(id_.startswith(prefix) for id_ in ids)


def _change(request: Request) -> Defect | Variant | None:
    """What makes the mock that is asked for out of our own, if anything does."""
    if request.url is not None or request.profile is not None:
        raise UsageError("--self judges our own mock: expected neither a URL nor a --profile beside it")
    beneath = suite.load(suite.WIRE).requirements
    if request.protocol == suite.WIRE or (request.only and all(_begins(each, beneath) for each in request.only)):
        raise UsageError("--self judges in memory, where there are no bytes on a wire: expected the URL of a server")
    if request.defect is not None and request.variant is not None:
        raise UsageError("--defect and --variant: expected one of them; a defect is one of the mock as it is")
    if request.defect is not None:
        return _named("defect", request.defect, protocols.defects(request.protocol))
    if request.variant is not None:
        return _named("variant", request.variant, protocols.variants(request.protocol))
    return None


def _named(kind: str, name: str, known: Mapping[str, ChangeT]) -> ChangeT:
    if name not in known:
        hint = f"`ws-harness serve --list-{kind}s` names them all."
        raise UsageError(f"--{kind}: there is none called {name!r}.{nearest(name, known)} {hint}")
    return known[name]


def requirements(protocol: str | None, level: str | None, as_json: bool) -> int:
    """Print the catalogue of a protocol, or of all."""
    try:
        levels = levels_from(level)
        names = suite.names() if protocol is None else [protocol]
        found = {name: suite.load(name).selected(levels=levels) for name in names}
    except MISTAKES as mistake:
        return refuse(mistake)
    if as_json:
        json.dump({name: [_as_json(r) for r in each] for name, each in found.items()}, sys.stdout, indent=2)
        print()
        return 0
    console = _console()
    for name, each in found.items():
        console.print(Text(f"{name}: {len(each)} requirements", style="bold"))
        section = None
        for requirement in each:
            if requirement.section != section:
                section = requirement.section
                console.print(Text(f"\n{section}", style="cyan"))
            mark = " (client)" if requirement.side == "client" else ""
            mark += " (excluded)" if requirement.excluded else ""
            console.print(Text(f"  {requirement.id}  {requirement.level}{mark}  {requirement.text}"))
    return 0


def _as_json(requirement: Requirement) -> dict[str, str | None]:
    return {name: getattr(requirement, name) for name in Requirement.__slots__}


def explain(id_: str) -> int:
    """Print what a requirement demands, how it is judged and which defects prove that."""
    try:
        suites = [suite.load(name) for name in suite.names()]
        known = {r: each for each in suites for r in each.requirements}
        if id_.upper() not in known:
            raise UsageError(f"there is no requirement {id_!r}.{nearest(id_.upper(), known)}")
    except MISTAKES as mistake:
        return refuse(mistake)
    found = known[id_.upper()]
    requirement = found.requirements[id_.upper()]
    console = _console()
    console.print(Text(f"{requirement.id}  {requirement.level}  {found.protocol}: {requirement.section}", style="bold"))
    console.print(Text(requirement.text))
    console.print(Text(f"\nside      {requirement.side}"))
    if requirement.excluded:
        console.print(Text(f"excluded  {requirement.excluded}"))
    if requirement.needs:
        console.print(Text(f"needs     the capability {requirement.needs!r}"))
    for each in found.checks:
        if each.id == requirement.id:
            kind = "exchange" if each.exchange else "invariant"
            console.print(Text(f"{kind:9} {each.name.replace('_', ' ')}"))
            if each.text:
                console.print(Text(f"          {each.text}", style="dim"))
    for defect in matrix.defects_of(found.protocol):
        if requirement.id in (defect.breaks if isinstance(defect, Fault) else (defect.breaks,)):
            console.print(Text(f"defect    {defect.name}: {defect.text}"))
    return 0


def judge(protocol: str, files: list[Path], reports: Files, quiet: bool = False) -> int:
    """Judge recorded conversations; print the report, and write it to files. The exit code, as of `check`."""
    console = _console()
    try:
        reports.require_writable()
        started_s = time.time()
        report = judge_files(suite.load(protocol), files)
        report.started_s = started_s
        for verdict in report.verdicts:
            verdict.rerun = shlex.join(["ws-harness", "judge", protocol, *map(str, files)])
        terminal.show(report, console, quiet)
        reports.write(document(report))
    except (*MISTAKES, UnreadableError) as mistake:
        return refuse(mistake)
    return report.exit_code


def join(sources: list[Path], files: Files) -> int:
    """Make one page, or one text of Markdown, of the JSON reports of several runs. Exit code: 0 made, 2 not."""
    try:
        if not list(files):
            raise UsageError("expected --html FILE or --markdown FILE, or both")
        files.require_writable()
        files.write(*map(read, sources))
    except MISTAKES as mistake:
        return refuse(mistake)
    for _, path in files:
        _console().print(Text(f"{len(sources)} report(s) in {path}"), soft_wrap=True)
    return 0


def show_matrix(names: list[str], whole: bool, html: Path | None, json_file: Path | None) -> int:
    """Let the suites meet all defects; print what came of it, and write it to files.

    The exit code: 0 all were noticed, 1 one was not (or, with `whole`, breaks what it does not declare), 2 not run.
    """
    console = _console()
    try:
        files = Files(json=json_file, html=html)
        files.require_writable()
        with terminal.Bar(console, "defects") as bar:
            matrices = matrix.build(names, whole=whole, told=bar.show)
        if json_file is not None:
            json_file.write_text(report_matrix.json_text(matrices), encoding="utf-8")
        if html is not None:
            html.write_text(report_matrix.html_text(matrices), encoding="utf-8")
    except MISTAKES as mistake:
        return refuse(mistake)
    report_matrix.show(matrices, console)
    return VIOLATED if any(each.wrong for each in matrices) else KEPT
