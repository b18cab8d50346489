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
from functools import cached_property, partial
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

EXPLORED = 40  # Messages among which hypothesis looks for one that fails, too, and that is simpler.
PATIENCE = 24  # So many come on one connection at most: a server may lose its patience, which is not the point here.
SHRINK_LIMIT = 150  # Trials that it may take to find the smallest message,
SHRINK_LIMIT_S = 120.0  # and seconds.
CLOSING_S = 1.0


@dataclass(frozen=True)
class Place:
    """A place in a good message of a type, and what is wrong there."""

    kind: str
    good: Message
    where: Where
    wrong: Sequence[Any]


@dataclass(frozen=True)
class Spot:
    """A kind of fault: values of one kind (of VALUES) in members of one dotted name, wherever they are."""

    name: str
    of_kind: int
    places: Sequence[Place]


@dataclass(frozen=True)
class Malformed:
    """A malformed message: its text, its members if it has any, the type it was made of, and the places of faults.

    The first of them is of `spot`.
    """

    text: str
    message: Message | None = None
    kind: str = ""
    faults: tuple[Where, ...] = ()
    spot: Spot | None = None

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
        """The kinds of faults that there may be, for each type."""
        return [list(self._spots(kind)) for kind in self.examples]

    def _spots(self, kind: str) -> Iterator[Spot]:
        found: dict[tuple[str, int], list[Place]] = {}
        for good in self.examples[kind]:
            for where in _places(good):
                for of_kind, wrong in enumerate(self.wrong(kind, good, where)):
                    if wrong:
                        found.setdefault((_name(where), of_kind), []).append(Place(kind, good, where, wrong))
        return (Spot(name, of_kind, places) for (name, of_kind), places in found.items())

    def _in_turn(self, chance: random.Random) -> Iterator[Spot]:
        """All spots: of each type in turn, those at the top of messages first, and of a new kind while there is one."""
        waiting = [sorted(of_type, key=lambda spot: ("." in spot.name, chance.random())) for of_type in self.spots]
        seen: set[tuple[str, int]] = set()
        while waiting := [spots for spots in waiting if spots]:
            for spots in waiting:
                spot = next((each for each in spots if (each.name, each.of_kind) not in seen), spots[0])
                spots.remove(spot)
                seen.add((spot.name, spot.of_kind))
                yield spot

    def anywhere(self, spot: Spot) -> Spot:
        """The same kind of fault in messages of any type, the shortest message first."""
        like = [each for of_type in self.spots for each in of_type if each.name == spot.name]
        places = [place for each in like if each.of_kind == spot.of_kind for place in each.places]
        return replace(spot, places=sorted(places, key=lambda place: len(json.dumps(place.good))))

    def wrong(self, kind: str, good: Message, where: Where) -> list[list[Any]]:
        """What the schema refuses at this place of a good message, for each of the kinds of VALUES."""

        def is_wrong(value: Any) -> bool:
            if value is GONE and isinstance(where[-1], int):  # Items cannot be left out.
                return False
            return self.demanded(kind, _name(where), value) and not self.is_valid(_changed(good, where, value))

        return [list(filter(is_wrong, of_kind)) for of_kind in VALUES]

    def drawn(self, count: int, chance: random.Random) -> list[Malformed]:
        """The texts, and at most so many messages, all different.

        Three quarters are the simplest messages of as many spots; the others are made by chance.
        """
        spots = list(self._in_turn(chance))
        simplest = [_made(lambda: False, self, spot) for spot in spots[: count * 3 // 4]]
        others = [
            _made(lambda: chance.random() < 0.5, self, chance.choice(spots)) for _ in range(count - len(simplest))
        ]
        return [*map(Malformed, self.texts), *{each.text: each for each in (*simplest, *others)}.values()]


# How one is made -----------------------------------------------------------------------------------

Coin = Callable[[], bool]  # What is made by nothing but False is the simplest.


def _made(coin: Coin, source: Source, spot: Spot) -> Malformed:
    place = _choice(coin, spot.places)
    kind, good = place.kind, place.good
    faults = {place.where: _choice(coin, place.wrong)}
    if coin() and coin():  # Few have another fault.
        other = _choice(coin, list(_places(good)))
        wrong = [value for of_kind in source.wrong(kind, good, other) for value in of_kind]
        if wrong and not _overlap(place.where, other):
            faults[other] = _choice(coin, wrong)
    message = _pruned(coin, source, good, faults)
    for where, value in faults.items():
        message = _changed(message, where, value)
    return Malformed(json.dumps(message), message, kind, tuple(faults), spot)


def _choice(coin: Coin, options: Sequence[T]) -> T:
    """One of these; the first is the simplest."""
    index = 0
    for _ in range((len(options) - 1).bit_length()):
        index = 2 * index + coin()
    return options[index % len(options)]


def _pruned(coin: Coin, source: Source, good: Message, faults: Iterable[Where]) -> Message:
    """Without some members that it can do without and that hold no faults; the simplest has none of them."""
    for where in list(_places(good)):
        if isinstance(where[-1], str) and _has(good, where) and not any(_overlap(where, fault) for fault in faults):
            without = _changed(good, where, GONE)
            if source.is_valid(without) and not coin():
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


@st.composite
def _malformed(draw: st.DrawFn, source: Source, spot: Spot) -> Malformed:
    # By booleans alone: for other choices hypothesis reads the constants in the sources of all modules that are there,
    # so that messages would depend on what is imported, and `.hypothesis` would be written where the user works.
    return _made(lambda: draw(st.booleans()), source, spot)


Look = Callable[[Malformed], None]


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
