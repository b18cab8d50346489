"""Conditions under which a lawful server may have to work: a slow line, and a busy event loop. Chance is passed in."""

from __future__ import annotations

import asyncio
import random
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate

LATENCY_S = 0.001  # Each way. Not nothing, so that an answer is always later than its request.


@dataclass
class Conditions:
    """A frame takes `latency_s` and up to `jitter_s` more, each way.

    With `freeze_s`, the server's loop does nothing for up to so long, again and again, about every `every_s`; then it
    does at once what has piled up.
    """

    latency_s: float = LATENCY_S
    jitter_s: float = 0.0
    freeze_s: float = 0.0
    every_s: float = 0.5
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    # Beginning and end of each freeze there was so far, one after the other.
    _edges: list[float] = field(default_factory=lambda: [0.0], repr=False)

    def under_way_s(self) -> float:
        """How long one frame takes, one way."""
        return self.latency_s + (self.chance.random() * self.jitter_s if self.jitter_s else 0.0)

    def awake_s(self, at_s: float) -> float:
        """When the server sees to what is due at this moment: then, or when it thaws."""
        if not self.freeze_s:
            return at_s
        while self._edges[-1] <= at_s:
            works_s, freezes_s = self.every_s * self.chance.random(), self.freeze_s * (0.4 + 0.6 * self.chance.random())
            self._edges += accumulate((works_s, freezes_s), initial=self._edges.pop())
        number = bisect_right(self._edges, at_s)
        return at_s if number % 2 else self._edges[number]


class BusyLoop:
    """The event loop as a server with other things to do has it: what is due while it freezes is done afterwards."""

    def __init__(self, loop: asyncio.AbstractEventLoop, conditions: Conditions) -> None:
        self._loop = loop
        self._conditions = conditions

    def time(self) -> float:
        """As the loop."""
        return self._loop.time()

    def call_later(self, delay_s: float, call: Callable[[float], object], argument: float, /) -> asyncio.TimerHandle:
        """As the loop, or when it thaws."""
        return self._loop.call_at(self._conditions.awake_s(self._loop.time() + delay_s), call, argument)
