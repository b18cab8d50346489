"""What the four parts of the back end share."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from harness.core.clock import Agenda
from harness.core.message import Message
from harness.protocols.eventbus.bus import Bus
from harness.protocols.eventbus.market import Market
from harness.protocols.eventbus.rules import Facts

BEGINS_S = 0.5  # When a stage's back end starts: a client that came at once hears of it.


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
