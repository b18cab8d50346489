"""The log entries (3.6) of what happened, of which packets carry the newest."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from typing import Any, Literal

from harness.core.clock import Clock
from harness.core.message import Message, rfc3339

KEPT = 12
# Numbers may be written shorter than here, as 3e-5 for 3e-05; there are few of them that small.
SLACK_BYTES = 32

Level = Literal["INFO", "WARNING", "ERROR"]


class Logbook:
    """The newest entries, the oldest first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: deque[Message] = deque(maxlen=KEPT)

    def note(self, level: Level, text: str, now: float) -> None:
        """Something happened at `now`, not earlier than all that was noted before."""
        self._entries.append(self._entry(level, text, now))

    def data(self) -> list[Message]:
        """The logs array of a packet. Entries never change."""
        return list(self._entries)

    def padding(self, agents: dict[str, Any], missing_bytes: int, now: float) -> list[Message]:
        """Entries of the agents' latest calls, the oldest first, which together take at least so many bytes."""
        entries = []
        for entry in self._calls(agents, now):
            if missing_bytes <= 0:
                break
            missing_bytes -= size_of(entry) + 1  # The comma.
            entries.append(entry)
        return entries[::-1]

    def _calls(self, agents: dict[str, Any], now: float) -> Iterator[Message]:
        """One entry for each call, the newest first, back to the engine's beginning and beyond."""
        names = list(agents) or ["Engine"]
        ago = 0
        while True:
            for name in names:
                calls = agents[name]["invocations"] if agents else 0
                yield self._entry("INFO", f"{name}: call {max(0, calls - ago)} answered", now - ago)
            ago += 1

    def _entry(self, level: Level, text: str, now: float) -> Message:
        return {"level": level, "message": text, "timestamp": rfc3339(self._clock.wall_s(now))}


def size_of(data: object) -> int:
    """The bytes that this takes as JSON, or a few more.

    >>> size_of({"regime": "Lévy Stable"})
    25
    """
    return len(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode())
