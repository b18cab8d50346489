"""The log entries (3.6) of what happened, of which packets carry the newest."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Literal

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

    def padded(self, calls: Mapping[str, int], missing_bytes: int, now: float) -> list[Message]:
        """The logs array with the latest calls of the agents in it, which take at least so many bytes."""
        entries = self.data()
        trace = self._trace(calls or {"Engine": 0}, now)
        while missing_bytes > 0:
            entries.append(next(trace))
            missing_bytes -= size_of(entries[-1]) + 1  # The comma.
        return sorted(entries, key=lambda entry: str(entry["timestamp"]))

    def _trace(self, calls: Mapping[str, int], now: float) -> Iterator[Message]:
        """An entry for each call, the newest first, a second between them; before the first call there was waiting."""
        ago = 0
        while True:
            for name, newest in calls.items():
                number = newest - ago
                yield self._entry("INFO", f"{name}: call {number}" if number > 0 else f"{name}: waiting", now - ago)
            ago += 1

    def _entry(self, level: Level, text: str, now: float) -> Message:
        return {"level": level, "message": text, "timestamp": rfc3339(self._clock.wall_s(now))}


def size_of(data: object) -> int:
    """The bytes that this takes as JSON, or a few more.

    >>> size_of({"regime": "Lévy Stable"})
    25
    """
    return len(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode())
