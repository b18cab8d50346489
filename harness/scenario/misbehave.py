"""What only a buggy server does to its own messages: one misbehaviour, one class, each a filter of messages."""

from __future__ import annotations

import json
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from harness.core.message import Message, leaves, merged
from harness.core.protocol import MessageFilter
from harness.core.session import SendRaw, Session
from harness.scenario.values import Chance, Changes, FieldPath, ServerMessage, first_key
from harness.wire.codec import encode

ALWAYS = Chance(1.0)
Strikes = Callable[[Message], bool]


class Misbehaviour(ABC):
    """What a server does wrong. In a scenario file it is known by its first field, which names the message."""

    chance: Chance

    @abstractmethod
    def filter(self, strikes: Strikes) -> MessageFilter:
        """The filter that misbehaves with each message that `strikes` picks."""


@dataclass(frozen=True, slots=True)
class Drop(Misbehaviour):
    """Never send it."""

    drop: ServerMessage
    chance: Chance = ALWAYS

    def filter(self, strikes: Strikes) -> MessageFilter:
        """Nothing in its place."""
        return lambda message, session, now: () if strikes(message) else (message,)


@dataclass(frozen=True, slots=True)
class Duplicate(Misbehaviour):
    """Send it twice."""

    duplicate: ServerMessage
    chance: Chance = ALWAYS

    def filter(self, strikes: Strikes) -> MessageFilter:
        """Itself, and again."""
        return lambda message, session, now: (message, message) if strikes(message) else (message,)


@dataclass(frozen=True, slots=True)
class Delay(Misbehaviour):
    """Send it late, so that later messages overtake it."""

    delay: ServerMessage
    by_s: float
    chance: Chance = ALWAYS

    def filter(self, strikes: Strikes) -> MessageFilter:
        """Nothing now; the message as it is, later."""

        def delayed(message: Message, session: Session[Any, Any], now: float) -> Iterable[Message]:
            if not strikes(message):
                return (message,)
            # Raw, because a Send would come by this filter again.
            session.after(self.by_s, now, lambda then: (SendRaw(encode(message)),))
            return ()

        return delayed


@dataclass(frozen=True, slots=True)
class Reorder(Misbehaviour):
    """Hold it back, and send it behind the connection's next message."""

    reorder: ServerMessage
    chance: Chance = ALWAYS

    def filter(self, strikes: Strikes) -> MessageFilter:
        """Remember one message for each session."""
        held: WeakKeyDictionary[Session[Any, Any], Message] = WeakKeyDictionary()

        def swapped(message: Message, session: Session[Any, Any], now: float) -> Iterable[Message]:
            if session in held:
                return (message, held.pop(session))
            if strikes(message):
                held[session] = message
                return ()
            return (message,)

        return swapped


@dataclass(frozen=True, slots=True)
class Corrupt(Misbehaviour):
    """Put these values into it, whether its schema allows them or not."""

    corrupt: ServerMessage
    with_: Changes
    chance: Chance = ALWAYS

    def filter(self, strikes: Strikes) -> MessageFilter:
        """The message with the changes."""
        return lambda message, session, now: (merged(message, self.with_) if strikes(message) else message,)


@dataclass(frozen=True, slots=True)
class Retype(Misbehaviour):
    """Give a field a value of the wrong type: text becomes 0, anything else its JSON text."""

    retype: ServerMessage
    field: FieldPath
    chance: Chance = ALWAYS

    def filter(self, strikes: Strikes) -> MessageFilter:
        """The message with that field retyped, if it has it."""

        def retyped(message: Message, session: Session[Any, Any], now: float) -> Iterable[Message]:
            value = dict(leaves(message)).get(self.field, self)
            if value is self or not strikes(message):
                return (message,)
            return (merged(message, {self.field: 0 if isinstance(value, str) else json.dumps(value)}),)

        return retyped


@dataclass(frozen=True, slots=True)
class Truncate(Misbehaviour):
    """Send only the first half of its JSON text."""

    truncate: ServerMessage
    chance: Chance = ALWAYS

    def filter(self, strikes: Strikes) -> MessageFilter:
        """Half the bytes, in place of the message."""

        def cut(message: Message, session: Session[Any, Any], now: float) -> Iterable[Message]:
            if not strikes(message):
                return (message,)
            text = encode(message)
            session.perform(lambda then: (SendRaw(text[: len(text) // 2]),), now)
            return ()

        return cut


def filters(misbehave: Sequence[Misbehaviour], chance: random.Random) -> tuple[MessageFilter, ...]:
    """One filter for each misbehaviour, in order."""
    return tuple(each.filter(_strikes(each, chance)) for each in misbehave)


def _strikes(misbehaviour: Misbehaviour, chance: random.Random) -> Strikes:
    kind = getattr(misbehaviour, first_key(type(misbehaviour)))
    return lambda message: message.get("type") == kind and chance.random() < misbehaviour.chance
