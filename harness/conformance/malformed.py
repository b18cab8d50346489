"""Malformed messages: derived from a protocol's schemas by hypothesis, tried on a server, shrunk when it stumbles.

A `Source` makes them of the examples in a protocol's AsyncAPI document. A `Trial` says how a server is asked what it
makes of one; `judge` tries many, and raises a Violation whose evidence is the smallest one that the server fails at.
"""

from __future__ import annotations

import asyncio
import json
import queue
import random
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from itertools import zip_longest
from typing import Any, Generic, TypeVar

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis import strategies as st

from harness import protocols
from harness.conformance.check import Unobserved, Violation, given, shown
from harness.conformance.peer import Peer
from harness.core.conversation import Sender
from harness.core.message import Frame, Message, Opcode
from harness.wire.schemas import shapes

P = TypeVar("P", bound=Peer)
T = TypeVar("T")
Where = tuple[str | int, ...]
# Whether a check may demand a reaction to this fault: the message's type, the dotted place (`*` for an item of an
# array), and the value that stands there, or GONE.
Demanded = Callable[[str, str, Any], bool]

GONE: Any = object()  # In the place of a value: the member is left out.
# What may stand in a wrong place, by kinds, the simplest first, for that is what is shrunk towards.
VALUES: tuple[tuple[Any, ...], ...] = (
    (GONE,),
    (None,),
    (False, True),
    (0, 1, -1, 1.5, 1e300),
    ("", "?", "\x00"),
    ([], ["?"], [None]),
    ({}, {"?": 0}),
)
# Texts that hold no message at all: no JSON, half of a message, JSON that is no object.
NO_MESSAGES = ("", "?", "{", '{"type"', "null", "true", "0", '"?"', "[]", "[{}]", "[null]")

FAULTS_A_SPOT = 3  # At least; many spots with a few different faults show more than few spots with many.
GROUPS_A_CONNECTION = 10  # Then another one: a server may lose patience, and that is not the point here.
SHRINK_LIMIT = 150  # Trials that shrinking may take,
SHRINK_LIMIT_S = 120.0  # and seconds.
CLOSING_S = 1.0


@dataclass(frozen=True)
class Spot:
    """A place in the messages of a type: its dotted name, and where it is in which of the examples."""

    kind: str
    name: str
    examples: tuple[tuple[Message, Where], ...]


@dataclass(frozen=True)
class Draw:
    """Some messages with a fault at a spot: the same number draws the same."""

    spot: Spot
    count: int
    number: int


@dataclass(frozen=True)
class Malformed:
    """A malformed message: its text, its members if it has any, the type it was made of, and the places of faults.

    `drawn` is what draws it again, if it was drawn.
    """

    text: str
    message: Message | None = None
    kind: str = ""
    faults: tuple[Where, ...] = ()
    drawn: Draw | None = None

    @property
    def frame(self) -> Frame:
        """It on the wire."""
        return Frame(Opcode.TEXT, self.text.encode())

    def is_wrong_in(self, name: str) -> bool:
        """Whether this member of the message is missing, or wrong itself."""
        return (name,) in self.faults

    def with_members(self, **members: Any) -> Malformed:
        """It with these members of the message, but for those that are wrong."""
        right = {name: value for name, value in members.items() if not self.is_wrong_in(name)}
        if self.message is None:
            return self
        message = {**self.message, **right}
        return replace(self, message=message, text=json.dumps(message))


def everything(kind: str, where: str, value: Any) -> bool:
    """All that a schema refuses has to be reacted to."""
    return True


@dataclass(frozen=True, eq=False)
class Source:
    """Malformed messages: the examples of some types, with one or two faults each that the schema refuses.

    Beside them there are `texts` that hold no message at all.
    """

    examples: Mapping[str, Sequence[Message]]
    is_valid: Callable[[Message], bool]
    demanded: Demanded = everything
    texts: Sequence[str] = NO_MESSAGES

    @classmethod
    def of(
        cls,
        protocol: str,
        *senders: Sender,
        demanded: Demanded = everything,
        texts: Sequence[str] = NO_MESSAGES,
        without: Sequence[str] = (),
    ) -> Source:
        """Made of what these `senders` may send in this protocol, `without` some members, with `demanded` faults."""
        known = shapes(protocols.load(protocol).folder)
        examples: dict[str, list[Message]] = {}
        for sender in senders:
            for kind, named in (known.client_examples if sender == "client" else known.examples).items():
                good = [{name: m[name] for name in m if name not in without} for m in named.values()]
                examples.setdefault(kind, []).extend(good)
        return cls(examples, lambda m: any(known.is_valid(m, sender) for sender in senders), demanded, texts)

    def of_kinds(self, *kinds: str) -> Source:
        """The messages of these types alone, with the texts that are none."""
        return replace(self, examples={kind: self.examples[kind] for kind in kinds})

    @cached_property
    def spots(self) -> list[list[Spot]]:
        """Where something may be wrong, for each type."""
        return [list(self._spots(kind)) for kind in self.examples]

    def _spots(self, kind: str) -> Iterator[Spot]:
        found: dict[str, list[tuple[Message, Where]]] = {}
        for good in self.examples[kind]:
            for where in _places(good):
                if self.wrong(kind, good, where):
                    found.setdefault(_name(where), []).append((good, where))
        return (Spot(kind, name, tuple(examples)) for name, examples in found.items())

    def wrong(self, kind: str, good: Message, where: Where) -> list[list[Any]]:
        """What the schema refuses at this place of a good message, by kinds of values."""

        def is_wrong(value: Any) -> bool:
            if value is GONE and isinstance(where[-1], int):  # Items cannot be left out.
                return False
            return self.demanded(kind, _name(where), value) and not self.is_valid(_changed(good, where, value))

        return [wrong for of_kind in VALUES if (wrong := list(filter(is_wrong, of_kind)))]

    def drawn(self, count: int, number: int) -> list[Malformed]:
        """The texts, and at most so many messages, all different: the same for the same number."""
        return [*map(Malformed, self.texts), *_drawn(self, count, number)]


# How one is made -----------------------------------------------------------------------------------


def _choice(draw: st.DrawFn, options: Sequence[T]) -> T:
    """One of these; the first is the simplest.

    It is drawn by booleans alone. For other choices hypothesis reads the constants in the sources of all modules that
    are there: messages would depend on what is imported, and `.hypothesis` would be written where the user works.
    """
    index = 0
    for _ in range((len(options) - 1).bit_length()):
        index = 2 * index + draw(_COIN)
    return options[index % len(options)]


_COIN = st.booleans()


@st.composite
def _malformed(draw: st.DrawFn, source: Source, drawn: Draw) -> Malformed:
    kind = drawn.spot.kind
    good, where = _choice(draw, drawn.spot.examples)
    faults = {where: _choice(draw, _choice(draw, source.wrong(kind, good, where)))}
    if draw(_COIN) and draw(_COIN):  # Few have another fault.
        where = _choice(draw, list(_places(good)))
        wrong = source.wrong(kind, good, where)
        if wrong and not any(_overlap(where, fault) for fault in faults):
            # The first one is left out again where the other one alone will do.
            faults = {**(faults if draw(_COIN) else {}), where: _choice(draw, _choice(draw, wrong))}
    message = _pruned(draw, source, good, faults)
    for where, value in faults.items():
        message = _changed(message, where, value)
    return Malformed(json.dumps(message), message, kind, tuple(faults), drawn)


def _pruned(draw: st.DrawFn, source: Source, good: Message, faults: Iterable[Where]) -> Message:
    """Without some members that it can do without and that hold no faults; the simplest has none of them."""
    for where in list(_places(good)):
        if isinstance(where[-1], str) and _has(good, where) and not any(_overlap(where, fault) for fault in faults):
            without = _changed(good, where, GONE)
            if source.is_valid(without) and not draw(_COIN):
                good = without
    return good


def _places(value: Any, above: Where = ()) -> Iterator[Where]:
    """Where something stands in a message: members and items, each followed by those within it."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, child in inner:
        yield (*above, step)
        yield from _places(child, (*above, step))


def _name(where: Where) -> str:
    return ".".join("*" if isinstance(step, int) else step for step in where)


def _overlap(one: Where, other: Where) -> bool:
    return all(a == b for a, b in zip(one, other, strict=False))


def _has(value: Any, where: Where) -> bool:
    for step in where:
        if isinstance(value, dict) and step not in value:
            return False
        value = value[step]
    return True


def _changed(value: Any, where: Where, new: Any) -> Any:
    """A copy with something else at a place, or without it."""
    step, *inner = where
    copy: Any = value.copy()
    if inner:
        copy[step] = _changed(value[step], tuple(inner), new)
    elif new is GONE:
        del copy[step]
    else:
        copy[step] = new
    return copy


# What hypothesis does ------------------------------------------------------------------------------


class _Fails(Exception):  # noqa: N818 - it is how hypothesis is told
    """A server fails at the message."""


def _explore(source: Source, drawn: Draw, look: Callable[[Malformed], object], *, shrink: bool = False) -> None:
    """Let hypothesis draw messages and `look` at them; where that raises _Fails, shrink the message."""
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)

    @hypothesis.seed(drawn.number)
    @hypothesis.settings(
        max_examples=drawn.count,
        phases=phases,
        database=None,  # Nothing is kept where the user works.
        deadline=None,  # How long a server takes is not hypothesis' business.
        derandomize=False,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @hypothesis.given(_malformed(source, drawn))
    def explore(malformed: Malformed) -> None:
        look(malformed)

    explore()


@lru_cache(16)  # One process may judge many servers with the same seed.
def _drawn(source: Source, count: int, number: int) -> tuple[Malformed, ...]:
    found: dict[str, Malformed] = {}
    spots = _chosen(source.spots, count // FAULTS_A_SPOT, random.Random(number))
    for turn, spot in enumerate(spots):
        drawn = Draw(spot, count // len(spots), number + turn)
        _explore(source, drawn, lambda malformed: found.setdefault(malformed.text, malformed))
    return tuple(found.values())


def _chosen(spots: Sequence[Sequence[Spot]], count: int, chance: random.Random) -> list[Spot]:
    """So many spots, of all types in turn; the deeper ones are drawn by chance."""
    shuffled = [sorted(of_kind, key=lambda spot: ("." in spot.name, chance.random())) for of_kind in spots]
    in_turn = [spot for turn in zip_longest(*shuffled) for spot in turn if spot is not None]
    return in_turn[:count]


class _Shrinking(threading.Thread):
    """Hypothesis, which is synchronous, in a thread of its own. One of the two sides waits at any time.

    It puts each message whose fate is unknown into `asked`, and takes from `told` whether the server fails at it; at
    its end it puts None. Once it is `over`, it asks no more.
    """

    def __init__(self, source: Source, culprit: Malformed, fine: Sequence[Malformed]) -> None:
        super().__init__(name="shrinking", daemon=True)
        self.asked: queue.SimpleQueue[Malformed | None] = queue.SimpleQueue()
        self.told: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self.over = False
        self.smallest = culprit
        assert culprit.drawn is not None
        self._explore = partial(_explore, source, culprit.drawn, self._look, shrink=True)
        self._fails = {each.text: False for each in fine} | {culprit.text: True}

    def run(self) -> None:
        try:
            self._explore()
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
    """Try about `count` malformed messages. Violation when the server fails, with the smallest at which it does."""
    messages = trial.source.drawn(count, chance.getrandbits(32))
    bench = _Bench(trial)
    for start in range(0, len(messages), trial.at_once):
        group = messages[start : start + trial.at_once]
        violation = await bench.failure(group)
        if violation is not None:
            culprit = group[0] if len(group) == 1 else await bench.culprit(group)
            if culprit is None:  # It takes several of them, or chance.
                raise violation
            if culprit.drawn is None:  # A text is as small as it is.
                await bench.fails(culprit)
                raise bench.violation or violation
            # The same number draws the same messages again, up to the first one that fails.
            raise await _shrunk(bench, _Shrinking(trial.source, culprit, messages[: messages.index(culprit)]))
    await bench.leave()


async def _shrunk(bench: _Bench[P], shrinking: _Shrinking) -> Violation:
    """The violation by the smallest message that fails."""
    clock = asyncio.get_running_loop()
    until_s, tries = clock.time() + SHRINK_LIMIT_S, 0
    shrinking.start()
    try:
        # This stops the loop for the moment in which hypothesis thinks: virtual time stands still meanwhile.
        while (malformed := shrinking.asked.get()) is not None:
            tries += 1
            shrinking.over = tries > SHRINK_LIMIT or clock.time() > until_s
            shrinking.told.put(not shrinking.over and await bench.fails(malformed))
    finally:
        shrinking.over = True
        shrinking.told.put(False)
        shrinking.join()
    # Once more by itself, for a conversation that shows nothing else. Should it do now, it still has failed before.
    await bench.fails(shrinking.smallest)
    assert bench.violation is not None
    return bench.violation


class _Bench(Generic[P]):
    """Connections on which messages are tried, one after the other. `violation` is the last that was seen."""

    def __init__(self, trial: Trial[P]) -> None:
        self.trial = trial
        self.violation: Violation | None = None
        self._peers: Sequence[P] = ()
        self._groups = 0

    async def failure(self, group: Sequence[Malformed]) -> Violation | None:
        """What is wrong with the server's reaction to these, on a connection that may have seen others."""
        if self._groups == GROUPS_A_CONNECTION or any(peer.is_lost for peer in self._peers):
            await self.leave()
        if not self._peers:
            with given("a connection"):
                self._peers = await self.trial.connect()
        self._groups += 1
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
        peers, self._peers, self._groups = self._peers, (), 0
        for peer in peers:
            with suppress(Violation, OSError):
                await peer.close()
                await peer.closed(CLOSING_S)

    def _told(self, violation: Violation, group: Sequence[Malformed]) -> Violation:
        """The violation with the malformed messages for evidence, as the conversation has them."""
        found = "" if violation.evidence is None else f" (found {shown(violation.evidence)})"
        these = "this malformed message" if len(group) == 1 else "one of these malformed messages"
        said = {e.frame.data: e.message for p in self._peers for e in p.conversation.entries if e.sender == "client"}
        sent = [said.get(malformed.frame.data) or malformed.text for malformed in group]
        return Violation(f"{violation.expected}{found} after {these}", sent[0] if len(sent) == 1 else sent)
