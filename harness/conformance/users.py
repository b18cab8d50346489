"""The users that a profile names, lent to one exchange at a time, so that exchanges do not disturb each other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from itertools import islice

from harness.conformance.check import Unobserved

WINDOW_S = 62.0  # A server may count what a user does over a minute, whatever connection it comes by.
SPARE = 0.5  # The share of a user's limits that an exchange needs at most: who has less left has to rest.


class Users:
    """A pool of tokens. The one that has rested longest is lent first: its limits have had time to recover.

    A load is the share of the server's limits that an exchange has used up: 1.0 is all of them.
    """

    def __init__(self, tokens: Iterable[str]) -> None:
        self._loads: dict[str, list[tuple[float, float]]] = {token: [] for token in tokens}  # Until when, and how much.
        self._free = list(self._loads)
        self._changed = asyncio.Condition()

    async def borrow(self, count: int = 1, load: float = SPARE) -> tuple[str, ...]:
        """Tokens of `count` users, as soon as so many are free and bear at most `load`; 0.0 asks for rested ones.

        Unobserved when the profile has fewer.
        """
        if count > len(self._loads):
            raise Unobserved(f"this takes {count} user(s) at once, and the profile names {len(self._loads)}")
        async with self._changed:
            # All at once: two exchanges that each hold one and want another would wait for ever.
            while len(fit := tuple(islice((t for t in self._free if self._load(t) <= load), count))) < count:
                await self._wait()
            for token in fit:
                self._free.remove(token)
            return fit

    async def give_back(self, tokens: Sequence[str], load: float = 0.0) -> None:
        """Let others have these, which an exchange has used as much as `load` says."""
        until = asyncio.get_running_loop().time() + WINDOW_S
        async with self._changed:
            for token in tokens:
                self._loads[token].append((until, load))
            self._free.extend(tokens)
            self._changed.notify_all()

    def _load(self, token: str) -> float:
        now = asyncio.get_running_loop().time()
        self._loads[token] = [(until, load) for until, load in self._loads[token] if until > now]
        return sum(load for _, load in self._loads[token])

    async def _wait(self) -> None:
        """Until somebody gives users back, or a load is forgotten."""
        ends = [until for token in self._free for until, _ in self._loads[token]]
        try:
            async with asyncio.timeout_at(min(ends, default=None)):
                await self._changed.wait()
        except TimeoutError:
            pass
