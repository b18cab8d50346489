"""BrainStream's world: one engine, whose state all clients are shown."""

from __future__ import annotations

from functools import partial
from typing import Any

from harness.core.message import Message, rfc3339
from harness.core.world import Setting, World
from harness.protocols.brainstream.rules import Facts

TELEMETRY = "telemetry"


class BrainStreamWorld(World[Facts]):
    """What all sessions of a stage share. Topic: `telemetry` (the packet, the same object for everybody)."""

    LIVE = frozenset({"status", "regime", "volatility", "drift", "jump", "trading", "feed", "packet_bytes"})

    def __init__(self, facts: Facts, setting: Setting) -> None:
        super().__init__(facts, setting)
        self.data = self.snapshot(0.0)
        self._next_tick(1)

    def snapshot(self, now: float) -> Message:
        """The data of a packet."""
        facts = self.facts
        data: dict[str, Any] = dict(self.setting.examples["TELEMETRY"]["active"]["data"])
        return {**data, "timestamp": rfc3339(self.clock.wall_s(now)), "status": facts.status}

    def _next_tick(self, number: int) -> None:
        self.agenda.at(number * self.facts.tick_every_s, partial(self._tick, number))

    def _tick(self, number: int, now: float) -> None:
        self._next_tick(number + 1)
        self.data = self.snapshot(now)
        self.topics.publish(TELEMETRY, {"type": "TELEMETRY", "data": self.data}, now)
