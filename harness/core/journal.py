"""What is kept in memory of a connection that may last for days: the newest frames, and no more than so many."""

from __future__ import annotations

from collections import deque
from typing import Any

from harness.core.conversation import Conversation, Sender
from harness.core.message import Frame

# Of one connection.
MAX_ENTRIES = 200
MAX_BYTES = 4 * 1024 * 1024

# When (by a clock that the connections share), from whom, what. One note serves all who get the same frame at once.
Note = tuple[float, Sender, Frame]


class Journal:
    """The newest notes of one connection, one at least."""

    __slots__ = ("_bytes", "_notes", "dropped")

    def __init__(self) -> None:
        self.dropped = 0  # How many notes were there that are not kept any more.
        self._notes: deque[Note] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._notes)

    def add(self, note: Note) -> None:
        """Append one note; the oldest give way to it."""
        notes = self._notes
        notes.append(note)
        self._bytes += len(note[2].data)
        while len(notes) > MAX_ENTRIES or (self._bytes > MAX_BYTES and len(notes) > 1):
            self._bytes -= len(notes.popleft()[2].data)
            self.dropped += 1

    def conversation(self, about: dict[str, Any], opened_at: float) -> Conversation:
        """What is kept, as a record of a connection that was opened at this moment."""
        result = Conversation(about, dropped=self.dropped)
        for now, sender, frame in self._notes:
            result.note(now - opened_at, sender, frame)
        return result
