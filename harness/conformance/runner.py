"""Runs a suite against a target: exchanges side by side, then the invariants over what was said."""

from __future__ import annotations

import asyncio
import inspect
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from harness.conformance.check import Check, Tally, Unobserved, Violation
from harness.conformance.judging import ended_by, on_conversation
from harness.conformance.lab import FAREWELL_S, Lab
from harness.conformance.peer import ACCEPTED, Answer, Offer, Opener, Peer, Refused
from harness.conformance.profile import Profile
from harness.conformance.redact import Redactor
from harness.conformance.requirement import Requirement
from harness.conformance.slim import slim
from harness.conformance.suite import Suite
from harness.conformance.users import Users
from harness.conformance.verdict import FAILURES_KEPT, Kind, Outcome, Report, Verdict, judge
from harness.core.message import Frame, Opcode

EXCHANGE_LIMIT_S = 300.0  # A bound for an exchange that goes astray. Each step in it has its own, far shorter one.
# A run may take so many times as long as is planned, and so much more. A server that answers nothing takes less.
RUN_FACTOR, RUN_MARGIN_S = 2.0, 300.0
SHORT_S = 20.0  # An exchange that lasts longer is run for others' invariants only where shorter ones do not show them.
LEAVE_LIMIT_S = 5.0  # How long the end of an exchange may take.
HANDSHAKE_LIMIT_S = 10.0
PONG_LIMIT_S = 2.0
PROBES = 3  # Pings to measure the round trip with.


class Unreachable(Exception):  # noqa: N818 - a state of the target
    """Nothing that speaks WebSocket answers at the target."""


class Watcher(Protocol):
    """Who is told how a run gets on."""

    def planned(self, exchanges: int) -> None:
        """So many more exchanges will be run."""

    def started(self, check: Check) -> None:
        """An exchange begins."""

    def ended(self, check: Check, outcomes: Sequence[Outcome]) -> None:
        """An exchange is over; these are its outcomes, and those of the invariants on its conversations."""


class Nobody:
    """A watcher that does not look."""

    def planned(self, exchanges: int) -> None:
        """Take no note."""

    def started(self, check: Check) -> None:
        """Take no note."""

    def ended(self, check: Check, outcomes: Sequence[Outcome]) -> None:
        """Take no note."""


@dataclass
class Options:
    """How to run. `only` are ids or beginnings of ids, `levels` the levels asked for (none: all).

    With `until_failure` the exchanges run one after the other, those of the chapters that are asked for first, then the
    shortest first, and the run ends as soon as a requirement that was asked for has failed. After `limit_s` seconds it
    ends anyhow (None: see `RUN_FACTOR`).
    """

    only: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    seed: int = 1
    until_failure: bool = False
    limit_s: float | None = None
    watcher: Watcher = field(default_factory=Nobody)


async def run(
    suite: Suite, profile: Profile, opener: Opener, wall_s: Callable[[], float], options: Options | None = None
) -> Report:
    """Judge the server that `opener` reaches. Unreachable when there is none; all else becomes a verdict."""
    options = options or Options()
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    _, round_trip_s = await reached(suite.lab, opener, profile)
    profile = profile.widened(round_trip_s)
    bench = _Bench(suite, profile, opener, wall_s, options)
    await bench.work()
    return Report(
        protocol=suite.protocol,
        target=bench.redactor.hide(profile.target),
        verdicts=[bench.verdict(r) for r in bench.asked],
        seed=options.seed,
        took_s=loop.time() - began_s,
        round_trip_s=round_trip_s,
        conversations=bench.conversations,
        broken=list(dict.fromkeys(bench.broken)),
    )


async def reached(lab: type[Lab], opener: Opener, profile: Profile) -> tuple[str, float]:
    """The first of the doors that opens, and the round trip to it. Unreachable, as the first told, when none does."""
    closed: list[Unreachable] = []
    for door in lab.doors(profile):
        try:
            return door, await measure(opener, replace(profile, target=door))
        except Unreachable as reason:
            closed.append(reason)
    if lab.JUDGES_HANDSHAKES and isinstance(closed[0].__cause__, Refused):
        return profile.target, 0.0  # Somebody is there; what is wrong with the handshake is for the checks to say.
    raise closed[0]


async def run_layers(
    suites: Sequence[Suite],
    profile: Profile,
    opener: Opener,
    wall_s: Callable[[], float],
    options: Options | None = None,
) -> Report:
    """Judge the server by a suite, and by those of the layers beneath it, one after the other. Errors: as of `run`.

    A suite of which nothing is asked for is not run. Where the server is gone before a layer's turn, nothing of that
    layer is observed. A limit of time is that of them all.
    """
    options = options or Options()
    clock = asyncio.get_running_loop()
    began_s = clock.time()
    top = suites[0]
    asked = [suite for suite in suites if suite.selected(options.only, options.levels)]
    report = Report(top.protocol, Redactor(profile.secrets).hide(profile.target), [], options.seed)
    if top in asked:
        report = await run(top, profile, opener, wall_s, options)
    for suite in asked:
        if suite is not top:
            left_s = None if options.limit_s is None else max(0.0, options.limit_s - (clock.time() - began_s))
            rest = replace(options, limit_s=left_s)
            report = report.joined(await _beneath(top, suite, profile, opener, wall_s, rest))
    return report


async def _beneath(
    top: Suite, suite: Suite, profile: Profile, opener: Opener, wall_s: Callable[[], float], options: Options
) -> Report:
    """Judge by a layer beneath the suite at the top, at a door that this one has."""
    door = profile.target
    try:
        door, _ = await reached(top.lab, opener, profile)
        return await run(suite, replace(profile, target=door), opener, wall_s, options)
    except Unreachable as unreachable:
        reason = Redactor(profile.secrets).brief(str(unreachable), 600)
        asked = suite.selected(options.only, options.levels)
        return Report(suite.protocol, door, [_unobserved(requirement, reason) for requirement in asked])


def _unobserved(requirement: Requirement, reason: str) -> Verdict:
    if requirement.excluded:
        return Verdict(requirement, "excluded", reason=requirement.excluded)
    return Verdict(requirement, "not-observed", reason=reason)


async def measure(opener: Opener, profile: Profile) -> float:
    """Seconds from a ping to its pong (of the handshake, where no pong comes): the middle one of a few."""
    peer = Peer(opener, Offer(profile.target, profile.headers), profile.reply_s)
    try:
        async with asyncio.timeout(HANDSHAKE_LIMIT_S):
            await peer.open()
    except TimeoutError:
        raise Unreachable(
            f"{profile.target} does not answer the opening handshake in {HANDSHAKE_LIMIT_S:g} s"
        ) from None
    except OSError as error:
        raise Unreachable(f"{profile.target} cannot be reached: {error}") from error
    except Refused as refused:
        raise Unreachable(f"{profile.target} {_refusal(refused.answer)}") from refused
    times = [peer.now()]
    try:
        times = [await _probe(peer) for _ in range(PROBES)]
    except Violation:
        pass  # RFC 6455, 5.5.3 demands a pong, but that is for a check to say.
    finally:
        await _leave(_farewell(peer))
    return sorted(times)[len(times) // 2]


def _refusal(answer: Answer) -> str:
    """What a server does that does not accept the handshake."""
    if answer.status == ACCEPTED:
        return f"answers the opening handshake in a way that breaks RFC 6455 ({answer.body})"
    where = answer.headers.get("Location")
    redirected = f" to {where}" if where else ""
    return (
        f"refuses the opening handshake with status {answer.status}{redirected}"
        " (is the path right? is a header wanted that the profile should name?)"
    )


async def _probe(peer: Peer) -> float:
    sent_s = peer.now()
    await peer.send_frame(Frame(Opcode.PING, b"round trip"))
    await peer.receive_frame(Opcode.PONG, PONG_LIMIT_S)
    return peer.now() - sent_s


async def _farewell(peer: Peer) -> None:
    """Close, and see the end of it: a run shall not begin with another connection that is about to go."""
    await peer.close()
    await peer.closed(FAREWELL_S)


class _Bench:
    """One run: who works beside whom, and what came of it."""

    def __init__(
        self, suite: Suite, profile: Profile, opener: Opener, wall_s: Callable[[], float], options: Options
    ) -> None:
        self.suite = suite
        self.profile = profile
        self.opener = opener
        self.wall_s = wall_s
        self.options = options
        self.redactor = Redactor(profile.secrets)
        self.asked = suite.selected(options.only, options.levels)
        self.outcomes: dict[str, list[Outcome]] = {}
        self.broken: list[str] = []
        self.conversations = 0
        self._judged = {r.id for r in self.asked if _is_judged(r, profile)}
        self._invariants = [c for c in suite.checks if not c.exchange and c.id in self._judged]
        self._users = Users(profile.tokens)
        self._over = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._limit_s = 0.0
        self._until_s = 0.0

    async def work(self) -> None:
        """Run the exchanges that are asked for; for invariants, others too, until there is something to judge."""
        able = [c for c in self.suite.checks if c.exchange and _can_run(self.suite, c, self.profile)]
        own = [c for c in able if c.id in self._judged]
        others = [c for c in able if c.id not in self._judged] if self._invariants else []
        # Who asks for few requirements would not wait for a minute, if seconds will do.
        short = [c for c in others if c.lasts_s <= SHORT_S]
        given_s = self.options.limit_s
        self._limit_s = RUN_FACTOR * self._planned_s([*own, *others]) + RUN_MARGIN_S if given_s is None else given_s
        self._until_s = self._loop.time() + self._limit_s
        await self._all([*own, *short])
        if len(short) < len(others) and any(not self._is_decided(c.id) for c in self._invariants):
            await self._all([c for c in others if c not in short])

    async def _all(self, exchanges: list[Check]) -> None:
        """The longest first, since the last one to end ends the run; those that want the server alone at the end.

        Where a failure ends it: the shortest first, but before them those of the chapters that are asked for, which
        are the likeliest to show it.
        """
        if self.options.until_failure:
            chapters = {_chapter(id_) for id_ in self._judged}
            exchanges = sorted(exchanges, key=lambda c: (_chapter(c.id) not in chapters, c.lasts_s))
        else:
            exchanges = sorted(exchanges, key=lambda c: -c.lasts_s)
        self.options.watcher.planned(len(exchanges))
        await self._together([c for c in exchanges if not c.alone], self._width)
        await self._together([c for c in exchanges if c.alone], 1)

    @property
    def _width(self) -> int:
        """How many exchanges run at once."""
        if self.options.until_failure:
            return 1
        return min(self.profile.side_by_side, self.suite.lab.SIDE_BY_SIDE)

    def _planned_s(self, exchanges: list[Check]) -> float:
        """About how long they take, with the users that there are."""
        width = min(self._width, len(self.profile.tokens) or self._width)
        beside, alone = ([c.lasts_s for c in exchanges if c.alone is is_alone] for is_alone in (False, True))
        return max(sum(beside) / width, max(beside, default=0.0)) + sum(alone)

    def _is_decided(self, id_: str) -> bool:
        return any(o.observations or o.kind is Kind.VIOLATED for o in self.outcomes.get(id_, ()))

    def verdict(self, requirement: Requirement) -> Verdict:
        """What came of a requirement. Our own peers are no clients to be judged: they misbehave on purpose."""
        if requirement.side == "client" and not requirement.excluded:
            reason = (
                f"it judges a client: `ws-harness judge {self.suite.protocol} FILE` does, on recorded conversations"
            )
            return Verdict(requirement, "excluded", reason=reason)
        return judge(requirement, self.outcomes.get(requirement.id, []), self.profile.capabilities, self.redactor)

    async def _together(self, checks: Iterable[Check], width: int) -> None:
        turn = asyncio.Semaphore(width)

        async def one(check: Check) -> None:
            async with turn:
                if self._loop.time() >= self._until_s:
                    self._note(self._out_of_time(check))
                elif not self._over.is_set():
                    await self._one(check)

        tasks = [asyncio.create_task(one(check)) for check in checks]
        over = asyncio.create_task(self._over.wait())
        try:
            pending = set(tasks)
            while pending and not over.done():
                await asyncio.wait({*pending, over}, return_when=asyncio.FIRST_COMPLETED)
                pending = {t for t in pending if not t.done()}
        finally:
            for task in (*tasks, over):
                task.cancel()
            await asyncio.gather(*tasks, over, return_exceptions=True)

    async def _one(self, check: Check) -> None:
        self.options.watcher.started(check)
        lab = self._lab(check)
        try:
            outcome = await self._exchange(check, lab)
        finally:
            await _leave(lab.close())
        outcomes = [outcome] if check.id in self._judged else []
        for conversation in lab.conversations:
            conversation.about["check"] = check.name
            outcomes += [on_conversation(self.suite, invariant, conversation) for invariant in self._invariants]
        self.conversations += len(lab.conversations)
        for each in outcomes:
            self._note(each)
        self.options.watcher.ended(check, outcomes)
        lab.forget()

    def _lab(self, check: Check) -> Lab:
        chance = random.Random(f"{self.options.seed}/{check.id}/{check.name}")
        return self.suite.lab(self.opener, self.profile, chance, self.wall_s, self._users)

    async def _exchange(self, check: Check, lab: Lab) -> Outcome:
        try:
            async with (
                asyncio.timeout_at(self._until_s) as run_limit,
                asyncio.timeout(EXCHANGE_LIMIT_S + check.lasts_s) as lab.limit,
            ):
                arguments = await _arguments(check, lab)
                with Tally() as tally:
                    await check.function(**arguments)
        except Exception as error:
            if run_limit.expired():
                return self._out_of_time(check)
            return ended_by(self.suite, check, error, lab.conversations)
        return Outcome(check.id, Kind.HELD, tally.observations)

    def _out_of_time(self, check: Check) -> Outcome:
        return Outcome(check.id, Kind.UNOBSERVED, reason=f"the run was out of time, after {self._limit_s:g} s")

    def _note(self, outcome: Outcome) -> None:
        outcomes = self.outcomes.setdefault(outcome.id, [])
        if outcome.finding is not None:
            told = sum(o.finding is not None for o in outcomes)
            kept = slim(outcome.finding) if told < FAILURES_KEPT else None
            outcome = outcome._replace(finding=kept)
        outcomes.append(outcome)
        if outcome.kind is Kind.BROKEN:
            self.broken.append(self.redactor.brief(f"{outcome.id}: {outcome.reason}", 600))
        if outcome.kind is Kind.VIOLATED and self.options.until_failure:
            self._over.set()


def _chapter(id_: str) -> str:
    """What a requirement is about: `SKY-AUTH` of `SKY-AUTH-07`."""
    return id_.rpartition("-")[0]


async def _arguments(check: Check, lab: Lab) -> dict[str, object]:
    """What the exchange asks for by the names of its parameters. Unobserved when the server does not let it be."""
    arguments = {}
    for name in inspect.signature(check.function).parameters:
        try:
            arguments[name] = await lab.get(name)
        except Violation as violation:
            raise Unobserved(f"could not set up the {name}: {violation}") from violation
    return arguments


def _can_run(suite: Suite, check: Check, profile: Profile) -> bool:
    requirement = suite.requirements.get(check.id)
    return requirement is not None and _is_judged(requirement, profile)


def _is_judged(requirement: Requirement, profile: Profile) -> bool:
    """Whether a live run judges it at all."""
    lacking = requirement.needs is not None and profile.capabilities.get(requirement.needs) is False
    return requirement.side == "server" and not requirement.excluded and not lacking


async def _leave(closing: Awaitable[object]) -> None:
    """End connections in good order, but do not wait long for a server that does not."""
    try:
        async with asyncio.timeout(LEAVE_LIMIT_S):
            await closing
    except (TimeoutError, OSError, Violation):
        pass
