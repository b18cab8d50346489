"""Runs a suite against a target: exchanges side by side, then the invariants over what was said."""

from __future__ import annotations

import asyncio
import inspect
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from harness.conformance.check import Check, Unobserved, Violation, counting
from harness.conformance.judging import ended_by, on_conversation
from harness.conformance.lab import FAREWELL_S, Lab
from harness.conformance.peer import Offer, Opener, Peer, Refused
from harness.conformance.profile import Profile
from harness.conformance.redact import Redactor
from harness.conformance.requirement import Requirement
from harness.conformance.suite import Suite
from harness.conformance.users import Users
from harness.conformance.verdict import Kind, Outcome, Report, Verdict, judge
from harness.core.message import Frame, Opcode

EXCHANGE_LIMIT_S = 300.0  # A bound for an exchange that goes astray. Each step in it has its own, far shorter one.
SHORT_S = 20.0  # An exchange that lasts longer is run for others' invariants only where shorter ones do not show them.
LEAVE_LIMIT_S = 5.0  # How long the end of an exchange may take.
HANDSHAKE_LIMIT_S = 10.0
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

    With `until_failure` the exchanges run one after the other, the shortest first, and the run ends as soon as a
    requirement that was asked for has failed.
    """

    only: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    seed: int = 1
    until_failure: bool = False
    watcher: Watcher = field(default_factory=Nobody)


async def run(
    suite: Suite, profile: Profile, opener: Opener, wall_s: Callable[[], float], options: Options | None = None
) -> Report:
    """Judge the server that `opener` reaches. Unreachable when there is none; all else becomes a verdict."""
    options = options or Options()
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    round_trip_s = await _measured(suite.lab, opener, profile)
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


async def _measured(lab: type[Lab], opener: Opener, profile: Profile) -> float:
    """The round trip to the first of the doors that opens. Unreachable, as the first one told, when none does."""
    closed: list[Unreachable] = []
    for door in lab.doors(profile):
        try:
            return await measure(opener, replace(profile, target=door))
        except Unreachable as reason:
            closed.append(reason)
    if lab.JUDGES_HANDSHAKES and isinstance(closed[0].__cause__, Refused):
        return 0.0  # Somebody is there; what is wrong with the handshake is for the checks to say.
    raise closed[0]


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
        raise Unreachable(
            f"{profile.target} refuses the opening handshake with status {refused.answer.status}"
            " (is the path right? is a header wanted that the profile should name?)"
        ) from refused
    times = [peer.now()]
    try:
        times = [await _probe(peer) for _ in range(PROBES)]
    except Violation:
        pass  # RFC 6455, 5.5.3 demands a pong, but that is for a check to say.
    finally:
        await _leave(_farewell(peer))
    return sorted(times)[len(times) // 2]


async def _probe(peer: Peer) -> float:
    sent_s = peer.now()
    await peer.send_frame(Frame(Opcode.PING, b"round trip"))
    await peer.receive_frame(Opcode.PONG, 2.0)
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

    async def work(self) -> None:
        """Run the exchanges that are asked for; for invariants, others too, until there is something to judge."""
        able = [c for c in self.suite.checks if c.exchange and _can_run(self.suite, c, self.profile)]
        own = [c for c in able if c.id in self._judged]
        others = [c for c in able if c.id not in self._judged] if self._invariants else []
        # Who asks for few requirements would not wait for a minute, if seconds will do.
        short = [c for c in others if c.lasts_s <= SHORT_S]
        await self._all([*own, *short])
        if len(short) < len(others) and any(not self._is_decided(c.id) for c in self._invariants):
            await self._all([c for c in others if c not in short])

    async def _all(self, exchanges: list[Check]) -> None:
        """The longest first, since the last one to end ends the run; those that want the server alone at the end."""
        in_turn = self.options.until_failure
        exchanges = sorted(exchanges, key=lambda c: c.lasts_s if in_turn else -c.lasts_s)
        self.options.watcher.planned(len(exchanges))
        width = 1 if in_turn else min(self.profile.side_by_side, self.suite.lab.SIDE_BY_SIDE)
        await self._together([c for c in exchanges if not c.alone], width)
        await self._together([c for c in exchanges if c.alone], 1)

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
                if not self._over.is_set():
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

    def _lab(self, check: Check) -> Lab:
        chance = random.Random(f"{self.options.seed}/{check.id}/{check.name}")
        return self.suite.lab(self.opener, self.profile, chance, self.wall_s, self._users)

    async def _exchange(self, check: Check, lab: Lab) -> Outcome:
        try:
            async with asyncio.timeout(EXCHANGE_LIMIT_S + check.lasts_s) as lab.limit:
                arguments = await _arguments(check, lab)
                with counting() as tally:
                    await check.function(**arguments)
        except Exception as error:
            return ended_by(self.suite, check, error, lab.conversations)
        return Outcome(check.id, Kind.HELD, tally.observations)

    def _note(self, outcome: Outcome) -> None:
        self.outcomes.setdefault(outcome.id, []).append(outcome)
        if outcome.kind is Kind.BROKEN:
            self.broken.append(f"{outcome.id}: {outcome.reason}")
        if outcome.kind is Kind.VIOLATED and self.options.until_failure:
            self._over.set()


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
