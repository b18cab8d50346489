"""Which request a reply answers, and since when that request should have been on its way."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Awaited:
    """A reply that is still to come. `since_s` is the *intended* moment of its request.

    A server that stalls delays the sending as well as the answer; measured from the moment of sending, the first
    delay would be left out (coordinated omission).
    """

    name: str  # The row of the report.
    key: Hashable  # What the reply is known by: an id it carries, or what it speaks of.
    request_id: str
    since_s: float


class Replies:
    """The replies that one connection waits for, in the order of their requests."""

    def __init__(self) -> None:
        self._awaited: deque[Awaited] = deque()

    def __len__(self) -> int:
        return len(self._awaited)

    def expect(self, name: str, key: Hashable, request_id: str, since_s: float) -> None:
        """Wait for a reply."""
        self._awaited.append(Awaited(name, key, request_id, since_s))

    def take(self, name: str, key: Hashable) -> Awaited | None:
        """The oldest awaited reply of this name and key (None: any), waited for no more; None when there is none."""
        for awaited in self._awaited:
            if awaited.name == name and key in (None, awaited.key):
                self._awaited.remove(awaited)
                return awaited
        return None

    def refused(self, request_id: str | None) -> list[Awaited]:
        """All replies to a request that an error speaks of, waited for no more."""
        return self._remove([a for a in self._awaited if a.request_id == request_id])

    def overdue(self, before_s: float) -> list[Awaited]:
        """The replies whose request was meant to go before this moment, waited for no more."""
        return self._remove([a for a in self._awaited if a.since_s < before_s])

    def _remove(self, gone: list[Awaited]) -> list[Awaited]:
        for awaited in gone:
            self._awaited.remove(awaited)
        return gone
