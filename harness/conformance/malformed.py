"""Malformed messages: what a protocol's schemas refuse, made of the examples in its AsyncAPI document."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

from harness import protocols
from harness.core.conversation import Sender
from harness.core.message import Frame, Message, Opcode
from harness.wire.schemas import shapes

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

        Three quarters are the simplest messages of as many spots, so that each kind of fault has its turn; the others
        are made by chance.
        """
        spots = list(self._in_turn(chance))
        simplest = [made(lambda: False, self, spot) for spot in spots[: count * 3 // 4]]
        others = [made(lambda: chance.random() < 0.5, self, chance.choice(spots)) for _ in range(count - len(simplest))]
        return [*map(Malformed, self.texts), *{each.text: each for each in (*simplest, *others)}.values()]


# How one is made -----------------------------------------------------------------------------------

Coin = Callable[[], bool]  # What is made by nothing but False is the simplest.


def made(coin: Coin, source: Source, spot: Spot) -> Malformed:
    """A message with a fault at the spot, as the coin falls."""
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
