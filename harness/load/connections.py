"""`ws-harness load --connection-limit | --find-limit | --storm HOW`: the tests of connections, in this process."""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from rich.console import Console

from harness.load.command import complain, problem_of
from harness.load.crowd import Crowd, tokens_of
from harness.load.dial import without_secrets
from harness.load.drops import DROPS
from harness.load.findings import Finding, Findings, conclude, shown
from harness.load.limits import LimitTest
from harness.load.search import Search
from harness.load.seats import Seats, tokens_in
from harness.load.storm import Storm

HELD, BROKEN = 0, 1  # Exit codes, beside that of `complain`.
OTHERS_WORDS = "To see where this very server stops: --find-limit; to hold it to a number of your own: --limit N."


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says. `limit` stands for the spec's; `storm` is a name in DROPS."""

    protocol: str
    url: str
    tokens: Path | None = None
    sources: tuple[str, ...] = ()
    limit: int | None = None
    most: int = 5000
    users: int = 10
    storm: str | None = None
    within_s: float = 30.0
    json: Path | None = None


class Test(Protocol):
    """One of the tests."""

    def findings(self) -> Iterator[Finding]:
        """Each finding as it is made."""

    def verdict(self, holds: bool) -> str:
        """What it comes to, in a sentence."""


class CannotRun(ValueError):  # noqa: N818 - it is told to the user
    """The test cannot be made, and why."""


def run(options: Options, connection_limit: bool, find_limit: bool) -> int:
    """Make the one test that is wanted; the exit code: 0 all holds, 1 something is broken, 2 could not run."""
    wanted = {"--connection-limit": connection_limit, "--find-limit": find_limit, "--storm": options.storm is not None}
    named = [name for name, is_wanted in wanted.items() if is_wanted]
    if len(named) != 1:
        return complain(f"expected one of {', '.join(wanted)}, found {' and '.join(named)}: one test at a time")
    problem = problem_of(options.protocol, "seats")
    if problem:
        return complain(problem)
    try:
        return _tested(named[0].removeprefix("--"), options)
    except ValueError as error:
        return complain(str(error))


def _limit_test(options: Options, crowd: Crowd) -> Test:
    limit = options.limit or crowd.seats.limit
    if limit is None:
        raise CannotRun(f"{options.protocol} has no limit of connections to test: {crowd.seats.why}.\n{OTHERS_WORDS}")
    if options.limit is not None:
        crowd.seats = replace(crowd.seats, is_binding=True)
    one = next(crowd.tokens)
    other = next(crowd.tokens)
    return LimitTest(crowd, limit, one, other if other != one else None)


def _find_limit(options: Options, crowd: Crowd) -> Test:
    return Search(crowd, options.most)


def _storm(options: Options, crowd: Crowd) -> Test:
    make = DROPS.get(options.storm or "")
    if make is None:
        raise CannotRun(f"--storm: expected {', '.join(DROPS)}, found {options.storm!r}")
    return Storm(crowd, options.users, make(options.protocol, options.url), options.within_s)


MAKERS: Mapping[str, Callable[[Options, Crowd], Test]] = {
    "connection-limit": _limit_test,
    "find-limit": _find_limit,
    "storm": _storm,
}


def _tested(name: str, options: Options) -> int:
    from harness.load.door import SocketDoor, knock  # It needs gevent, which comes with the load test only.

    if options.json is not None and not options.json.absolute().parent.is_dir():
        raise CannotRun(f"--json {options.json}: expected a file in a folder that exists")
    seats = _seats(options.protocol)
    tokens = tokens_in(options.tokens) if options.tokens else []
    door = SocketDoor(options.url, options.sources)
    crowd = Crowd(door, seats, options.url, tokens_of(tokens, seats, random.Random()))
    test = MAKERS[name](options, crowd)
    knock(options.url)
    console = Console(highlight=False, soft_wrap=True)
    findings = shown(test.findings(), console)
    holds = all(finding.holds is not False for finding in findings)
    found = Findings(name, options.protocol, without_secrets(options.url), findings, test.verdict(holds), door.doubts())
    conclude(found, console)
    if options.json is not None:
        _write(found, options.json)
    return HELD if found.hold else BROKEN


def _write(findings: Findings, path: Path) -> None:
    try:
        findings.write(path)
    except OSError as error:
        raise CannotRun(f"{path}: cannot be written: {error.strerror}") from error


def _seats(protocol: str) -> Seats:
    seats: Seats = importlib.import_module(f"harness.protocols.{protocol}.seats").SEATS
    return seats
