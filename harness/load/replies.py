"""Which request a reply answers, and since when that request should have been on its way."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import NamedTuple


class Awaited(NamedTuple):
    """A reply that is still to come, or the next event of a stream. `since_s` is the *intended* moment of its request.

    A server that stalls delays the sending as well as the answer; measured from the moment of sending, the first
    delay would be left out (coordinated omission). Before `due_s` nobody may complain that it is not there.
    """

    name: str  # The row of the report.
    key: Hashable  # What the reply is known by: an id it carries, or what it speaks of.
    request_id: str
    since_s: float
    due_s: float

    @property
    def takes_time(self) -> bool:
        """Whether it is due later than asked for: a reply that takes long to make, or the next event of a stream."""
        return self.due_s > self.since_s


class Replies:
    """The replies that one connection waits for, in the order of their requests."""

    def __init__(self) -> None:
        self._awaited: deque[Awaited] = deque()

    def __len__(self) -> int:
        return len(self._awaited)

    def expect(self, name: str, key: Hashable, request_id: str, since_s: float, due_s: float | None = None) -> None:
        """Wait for a reply, which is due at once when nothing else is said."""
        self._awaited.append(Awaited(name, key, request_id, since_s, since_s if due_s is None else due_s))

    def take(self, name: str, key: Hashable) -> Awaited | None:
        """The oldest awaited reply of this name and key (None: any), waited for no more; None when there is none."""
        for place, awaited in enumerate(self._awaited):
            if awaited.name == name and (key is None or key == awaited.key):
                del self._awaited[place]
                return awaited
        return None

    def to(self, request_id: str | None) -> list[Awaited]:
        """All replies to this request, waited for no more."""
        return self._remove([a for a in self._awaited if a.request_id == request_id])

    def oldest_request(self, *names: str) -> str | None:
        """The id of the request that has waited longest for a reply of these names, or of any; None when none does."""
        return next((a.request_id for a in self._awaited if a.request_id and (not names or a.name in names)), None)

    def oldest_due_s(self, otherwise_s: float) -> float:
        """The moment at which the first of them was due, or will be; `otherwise_s` when none is awaited."""
        return min((a.due_s for a in self._awaited), default=otherwise_s)

    def overdue(self, before_s: float) -> list[Awaited]:
        """The replies that were due before this moment, waited for no more."""
        return self._remove([a for a in self._awaited if a.due_s < before_s])

    def _remove(self, gone: list[Awaited]) -> list[Awaited]:
        for awaited in gone:
            self._awaited.remove(awaited)
        return gone
