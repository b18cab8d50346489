"""Trials of malformed messages: many are sent to a server, and the one at which it fails is shrunk by hypothesis.

A `Trial` says how a server is asked what it makes of a message; `judge` tries many, and raises a Violation whose
evidence is the smallest one at which the server fails.
"""

from __future__ import annotations

import asyncio
import queue
import random
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis import strategies as st

from harness.conformance.check import Unobserved, Violation, given, shown
from harness.conformance.malformed import Malformed, Source, Spot, made
from harness.conformance.peer import Peer

P = TypeVar("P", bound=Peer)
Look = Callable[[Malformed], None]

EXPLORED = 40  # Messages among which hypothesis looks for one that fails, too, and that is simpler.
PATIENCE = 24  # So many come on one connection at most: a server may lose its patience, which is not the point here.
SHRINK_LIMIT = 150  # Trials that it may take to find the smallest message,
SHRINK_LIMIT_S = 120.0  # and seconds.
CLOSING_S = 1.0
FAR_S = 25.0  # What a trial may last at a server that is far away, since it asks one thing after the other.


# How a server is tried -----------------------------------------------------------------------------


def as_it_is(peer: Peer, malformed: Malformed) -> Malformed:
    """Nothing in the message depends on the connection."""
    return malformed


@dataclass(frozen=True)
class Trial(Generic[P]):
    """How a server is asked what it makes of malformed messages.

    `connect` opens what it takes. `probe` sends messages there, `at_once` at most, and raises a Violation when the
    server does not react as it should, or does not serve afterwards. `dressed` puts into a message what depends on
    the (first) connection, such as its session.
    """

    source: Source
    connect: Callable[[], Awaitable[Sequence[P]]]
    probe: Callable[[Sequence[P], Sequence[Malformed]], Awaitable[None]]
    dressed: Callable[[P, Malformed], Malformed] = as_it_is
    at_once: int = 1


async def judge(trial: Trial[P], chance: random.Random, count: int) -> None:
    """Try malformed messages: the texts, and `count` at most. Violation with the smallest at which the server fails."""
    messages = trial.source.drawn(count, chance)
    bench = _Bench(trial)
    for start in range(0, len(messages), trial.at_once):
        group = messages[start : start + trial.at_once]
        violation = await bench.failure(group)
        if violation is not None:
            with suppress(TimeoutError):  # What is known by then has to do.
                async with asyncio.timeout(SHRINK_LIMIT_S):
                    await _narrow(bench, group, messages[:start], chance.getrandbits(32))
            raise bench.violation or violation
    await bench.leave()


async def _narrow(bench: _Bench[P], group: Sequence[Malformed], fine: Sequence[Malformed], number: int) -> None:
    """Find the smallest message that fails, and let it fail by itself, so that its conversation shows nothing else.

    Where it takes several of the group, or does not happen again, what was seen before is all there is.
    """
    culprit = group[0] if len(group) == 1 else await bench.culprit(group)
    if culprit is not None:
        await bench.fails(culprit if culprit.spot is None else await _smallest(bench, culprit, fine, number))


async def _smallest(bench: _Bench[P], culprit: Malformed, fine: Sequence[Malformed], number: int) -> Malformed:
    """The smallest message with such a fault at which the server fails, as far as hypothesis finds it."""
    assert culprit.spot is not None
    source = bench.trial.source
    shrinking = _Shrinking(partial(_shrink, source, source.anywhere(culprit.spot), number), culprit, fine)
    tries = 0
    shrinking.start()
    try:
        # This stops the loop for the moment in which hypothesis thinks: virtual time stands still meanwhile.
        while (malformed := shrinking.asked.get()) is not None:
            tries += 1
            shrinking.over = tries > SHRINK_LIMIT
            shrinking.told.put(not shrinking.over and await bench.fails(malformed))
    finally:
        shrinking.over = True
        shrinking.told.put(False)
        shrinking.join()
    return shrinking.smallest


class _Bench(Generic[P]):
    """Connections on which messages are tried, one after the other. `violation` is the last that was seen."""

    def __init__(self, trial: Trial[P]) -> None:
        self.trial = trial
        self.violation: Violation | None = None
        self._peers: Sequence[P] = ()
        self._sent = 0

    async def failure(self, group: Sequence[Malformed]) -> Violation | None:
        """What is wrong with the server's reaction to these, on a connection that may have seen others."""
        if self._sent + len(group) > PATIENCE or any(peer.is_lost for peer in self._peers):
            await self.leave()
        if not self._peers:
            with given("a connection"):
                self._peers = await self.trial.connect()
        self._sent += len(group)
        group = [self.trial.dressed(self._peers[0], malformed) for malformed in group]
        try:
            await self.trial.probe(self._peers, group)
        except Violation as violation:
            self.violation = self._told(violation, group)
            await self.leave()
            return self.violation
        return None

    async def fails(self, malformed: Malformed) -> bool:
        """Whether the server fails at this one, on a connection of its own."""
        await self.leave()
        try:
            return await self.failure([malformed]) is not None
        except (Unobserved, OSError):  # It lets nobody in any more.
            return False

    async def culprit(self, group: Sequence[Malformed]) -> Malformed | None:
        """The first of these that the server fails at by itself."""
        for malformed in group:
            if await self.fails(malformed):
                return malformed
        return None

    async def leave(self) -> None:
        """Close the connections in good order: a server may allow few."""
        peers, self._peers, self._sent = self._peers, (), 0
        await asyncio.gather(*(peer.close() for peer in peers), return_exceptions=True)
        await asyncio.gather(*(peer.closed(CLOSING_S) for peer in peers), return_exceptions=True)

    def _told(self, violation: Violation, group: Sequence[Malformed]) -> Violation:
        """The violation with the malformed messages for evidence, as the conversation has them."""
        found = "" if violation.evidence is None else f" (found {shown(violation.evidence)})"
        these = "this malformed message" if len(group) == 1 else "one of these malformed messages"
        said = {e.frame.data: e.message for p in self._peers for e in p.conversation.entries if e.sender == "client"}
        sent = [said.get(malformed.frame.data) or malformed.text for malformed in group]
        return Violation(f"{violation.expected}{found} after {these}", sent[0] if len(sent) == 1 else sent)


# What hypothesis does ------------------------------------------------------------------------------


class _Fails(Exception):  # noqa: N818 - it is how hypothesis is told
    """A server fails at the message."""


@st.composite
def _malformed(draw: st.DrawFn, source: Source, spot: Spot) -> Malformed:
    # By booleans alone: for other choices hypothesis reads the constants in the sources of all modules that are there,
    # so that messages would depend on what is imported, and `.hypothesis` would be written where the user works.
    return made(lambda: draw(st.booleans()), source, spot)


def _shrink(source: Source, spot: Spot, number: int, look: Look) -> None:
    """Let hypothesis look for a message with a fault at the spot for which `look` raises _Fails, and shrink it."""

    @hypothesis.seed(number)
    @hypothesis.settings(
        max_examples=EXPLORED,
        phases=(Phase.generate, Phase.shrink),
        database=None,  # Nothing is kept where the user works.
        deadline=None,  # How long a server takes is not hypothesis' business.
        derandomize=False,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @hypothesis.given(_malformed(source, spot))
    def explore(malformed: Malformed) -> None:
        look(malformed)

    explore()


class _Shrinking(threading.Thread):
    """Hypothesis, which is synchronous, in a thread of its own. One of the two sides waits at any time.

    It puts each message whose fate is unknown into `asked`, and takes from `told` whether the server fails at it; at
    its end it puts None. Once it is `over`, it asks no more.
    """

    def __init__(self, work: Callable[[Look], None], culprit: Malformed, fine: Sequence[Malformed]) -> None:
        super().__init__(name="shrinking", daemon=True)
        self.asked: queue.SimpleQueue[Malformed | None] = queue.SimpleQueue()
        self.told: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self.over = False
        self.smallest = culprit
        self._work = work
        self._fails = {each.text: False for each in fine} | {culprit.text: True}

    def run(self) -> None:
        try:
            self._work(self._look)
        except Exception:  # noqa: S110 - that it found one is known, and whatever else it says is not about the server
            pass
        finally:
            self.asked.put(None)

    def _look(self, malformed: Malformed) -> None:
        if malformed.text not in self._fails and not self.over:
            self.asked.put(malformed)
            self._fails[malformed.text] = self.told.get()
        if self._fails.get(malformed.text):
            self.smallest = malformed  # The last one that it looks at is the smallest.
            raise _Fails
