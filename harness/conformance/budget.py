"""The budget: how much of what servers send is recorded, so that one that floods does not fill the memory."""

from __future__ import annotations

import weakref

from harness.core.conversation import Conversation

FRAME_BYTES = 500  # What a frame costs beside its data, which is there twice: as it came, and decoded.
MAX_BYTES = 16 * 1024 * 1024  # Of one connection, and of all: those of exchanges that are over count no more.
MAX_BYTES_IN_ALL = 128 * 1024 * 1024
FAIR_BYTES = 1024 * 1024  # What a connection has in any case.


class Budget:
    """What all connections of a run share. A server that was cut off for a flood is borne less the next time."""

    def __init__(self) -> None:
        self.floods = 0
        self._records: list[weakref.ref[Conversation]] = []

    def account(self, record: Conversation) -> Account:
        """The part of a new connection."""
        self._records = [each for each in self._records if each() is not None]
        self._records.append(weakref.ref(record))
        return Account(self, record)

    def used_bytes(self) -> int:
        """What the records that are still there hold."""
        return sum(cost_bytes(record) for each in self._records if (record := each()) is not None)


class Account:
    """The part of one connection."""

    def __init__(self, budget: Budget, record: Conversation) -> None:
        self._budget = budget
        self._record = record
        self._asked_bytes = FAIR_BYTES  # When the budget was last asked about it, or need not be.

    def takes(self, size_bytes: int) -> bool:
        """Whether a frame of so many bytes may be recorded, too."""
        will_bytes = cost_bytes(self._record) + 2 * size_bytes + FRAME_BYTES
        if will_bytes <= self._asked_bytes:
            return True
        most_bytes = max(FAIR_BYTES, MAX_BYTES // (1 + self._budget.floods))
        if will_bytes > most_bytes or self._budget.used_bytes() + 2 * size_bytes > MAX_BYTES_IN_ALL:
            self._budget.floods += 1
            return False
        # Not asked for every frame: there may be many records.
        self._asked_bytes = will_bytes + FAIR_BYTES // 16
        return True


def cost_bytes(record: Conversation) -> int:
    """About how much memory a record takes."""
    return 2 * record.size_bytes + FRAME_BYTES * len(record.entries)


def is_long(record: Conversation) -> bool:
    """Whether a record takes so much that only a part of it is kept when it has been judged."""
    return cost_bytes(record) > FAIR_BYTES
