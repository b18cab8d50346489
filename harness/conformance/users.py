"""The users that a profile names, lent to one exchange at a time, so that exchanges do not disturb each other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from harness.conformance.check import Unobserved


class Users:
    """A pool of tokens. The one that has rested longest is lent first: its limits have had time to recover."""

    def __init__(self, tokens: Iterable[str]) -> None:
        self._free = deque(tokens)
        self._total = len(self._free)
        self._changed = asyncio.Condition()

    async def borrow(self, count: int = 1) -> tuple[str, ...]:
        """Tokens of `count` users, as soon as so many are free. Unobserved when the profile has fewer."""
        if count > self._total:
            raise Unobserved(f"this takes {count} user(s) at once, and the profile names {self._total}")
        async with self._changed:
            # All at once: two exchanges that each hold one and want another would wait for ever.
            await self._changed.wait_for(lambda: len(self._free) >= count)
            return tuple(self._free.popleft() for _ in range(count))

    async def give_back(self, tokens: Iterable[str]) -> None:
        """Let others have these."""
        async with self._changed:
            self._free.extend(tokens)
            self._changed.notify_all()
