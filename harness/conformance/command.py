"""What the commands `check`, `requirements`, `explain` and `judge` do. They print, and give the exit code."""

from __future__ import annotations

import asyncio
import json
import random
import shlex
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from rich.console import Console
from rich.text import Text

from harness import protocols
from harness.conformance import expected, profile, suite
from harness.conformance.judging import UnreadableError, judge_files
from harness.conformance.profile import Profile, ProfileError
from harness.conformance.rehearsal import rehearse
from harness.conformance.report import document, junit, terminal
from harness.conformance.requirement import LEVELS, CatalogueError, Requirement
from harness.conformance.runner import Options, Unreachable, run
from harness.conformance.socket import SocketOpener
from harness.conformance.suite import Suite
from harness.conformance.verdict import COULD_NOT_RUN, Report
from harness.conformance.words import nearest
from harness.core.defect import defects_in
from harness.core.protocol import Protocol

SCHEMES = ("ws", "wss", "http", "https")
PIPE_COLUMNS = 120


class UsageError(ValueError):
    """The command line asks for what cannot be. The text says what was expected."""


# All that is a user's mistake, or the state of the world, and no bug of ours.
MISTAKES = (UsageError, LookupError, ProfileError, CatalogueError, expected.ExpectedError, Unreachable, OSError)


@dataclass(frozen=True)
class Request:
    """The options of `check`."""

    protocol: str
    url: str | None = None
    profile: Path | None = None
    only: tuple[str, ...] = ()
    level: str | None = None
    junit: Path | None = None
    json: Path | None = None
    expected_failures: Path | None = None
    seed: int | None = None
    run_limit: float | None = None
    quiet: bool = False
    own_mock: bool = False
    defect: str | None = None


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
    found = suite.load(request.protocol)
    levels = levels_from(request.level)
    known = {} if request.expected_failures is None else expected.read(request.expected_failures, found.requirements)
    require_known(found, request.only)
    report = judged(found, request, levels, console)
    expected.apply(known, report)
    for verdict in report.verdicts:
        verdict.rerun = again(request, verdict.id, report)
    terminal.show(report, console, request.quiet)
    if request.json is not None:
        document.write(report, request.json)
    if request.junit is not None:
        junit.write(report, request.junit)
    return report.exit_code


def judged(found: Suite, request: Request, levels: tuple[str, ...], console: Console) -> Report:
    """The report of the run that the options ask for, without what they say of expected failures."""
    seed = request.seed
    if request.own_mock:
        options = Options(request.only, levels, 1 if seed is None else seed)
        return rehearse(found, _mock(request), options)
    if request.defect is not None:
        raise UsageError("--defect is for our own mock: expected --self beside it")
    # Drawn anew each time: a server remembers idempotency keys of the run before.
    seed = random.SystemRandom().randrange(1, 1_000_000) if seed is None else seed
    chosen = profile_of(found, request.url, request.profile, seed)
    with terminal.Watch(console) as watcher:
        options = Options(request.only, levels, seed, limit_s=request.run_limit, watcher=watcher)
        return asyncio.run(_live(found, chosen, options))


async def _live(found: Suite, chosen: Profile, options: Options) -> Report:
    opener = SocketOpener(chosen.ca_file)
    try:
        return await run(found, chosen, opener, time.time, options)
    finally:
        await opener.close()


def profile_of(found: Suite, url: str | None, path: Path | None, seed: int) -> Profile:
    """The profile of a live run: the file's, or the mock's own demo credentials. The address given goes first."""
    if path is None:
        if url is None:
            raise UsageError("expected the URL of a server, or a --profile that names one, or --self")
        return found.demo_profile(address(url, found.paths), random.Random(seed))
    chosen = profile.load(path, Profile(url or ""), found.capabilities)
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


def require_known(found: Suite, only: tuple[str, ...]) -> None:
    """UsageError when one of `only` begins no id."""
    for prefix in only:
        if not found.selected((prefix,)):
            raise UsageError(f"--only: no requirement begins with {prefix!r}.{nearest(prefix, found.requirements)}")


def again(request: Request, id_: str, report: Report) -> str:
    """The command that judges just this requirement, in the same way; secrets are hidden in it as in the report."""
    words = ["ws-harness", "check", request.protocol]
    if request.own_mock:
        words += ["--self", "--seed", str(report.seed)] + (["--defect", request.defect] if request.defect else [])
    elif request.url is not None or request.profile is None:
        words.append(report.target)
    words += ["--profile", str(request.profile)] if request.profile is not None else []
    return shlex.join([*words, "--only", id_])


def _mock(request: Request) -> Protocol:
    if request.url is not None or request.profile is not None:
        raise UsageError("--self judges our own mock: expected neither a URL nor a --profile beside it")
    if request.protocol == suite.WIRE:
        raise UsageError("--self judges in memory, where there are no bytes on a wire: expected the URL of a server")
    protocol = protocols.load(request.protocol)
    if request.defect is None:
        return protocol
    defects = {d.name: d for d in defects_in(f"harness.protocols.{protocol.name}.defects")}
    if request.defect not in defects:
        raise UsageError(f"--defect: there is none called {request.defect!r}.{nearest(request.defect, defects)}")
    return defects[request.defect].apply(protocol)


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
    for defect in () if found.protocol == suite.WIRE else defects_in(f"harness.protocols.{found.protocol}.defects"):
        if defect.breaks == requirement.id:
            console.print(Text(f"defect    {defect.name}: {defect.text}"))
    return 0


def judge(protocol: str, files: list[Path], quiet: bool = False) -> int:
    """Judge recorded conversations; print the report. The exit code, as of `check`."""
    console = _console()
    try:
        report = judge_files(suite.load(protocol), files)
    except (*MISTAKES, UnreadableError) as mistake:
        return refuse(mistake)
    for verdict in report.verdicts:
        verdict.rerun = shlex.join(["ws-harness", "judge", protocol, *map(str, files)])
    terminal.show(report, console, quiet)
    return report.exit_code
