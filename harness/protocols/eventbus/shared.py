"""What the four parts of the back end share."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Generic, TypeVar

from harness.core.clock import Agenda
from harness.core.message import Message
from harness.protocols.eventbus.bus import Bus
from harness.protocols.eventbus.market import Market
from harness.protocols.eventbus.rules import Facts

T = TypeVar("T")

BEGINS_S = 0.5  # When a stage's back end starts: a client that came at once hears of it.


class Ids(Generic[T]):
    """New ids, counted from 1 on, but for those that scripts have taken. `form` makes an id of a number."""

    def __init__(self, form: Callable[[int], T]) -> None:
        self._form = form
        self._count = count(1)
        self._taken: set[T] = set()

    def new(self) -> T:
        """The next id."""
        return next(each for each in map(self._form, self._count) if each not in self._taken)

    def of(self, said: Message, name: str) -> T:
        """The id that a script says under this name, which is taken then, or else the next one."""
        if name not in said:
            return self.new()
        id_: T = said[name]
        self._taken.add(id_)
        return id_


@dataclass(slots=True)
class Shared:
    """The facts as they are now, the bus, the market and the agenda. `seed` is that of all parts."""

    facts: Facts
    bus: Bus
    market: Market
    agenda: Agenda
    seed: int

    def chance(self, part: str) -> random.Random:
        """A stream of random numbers for one part, so that no part disturbs another."""
        return random.Random(f"{self.seed}/{part}")

    def publish(self, kind: str, payload: Message, now: float) -> None:
        """Tell the channel of this event."""
        self.bus.publish(kind, payload, now)

    def later(self, delay_s: float, now: float, call: Callable[[float], None]) -> None:
        """Make `call` in so many seconds at pace 1, sooner at a higher one."""
        self.agenda.at(now + delay_s / self.facts.pace, call)
