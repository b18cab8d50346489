"""The lab: where exchanges get their peers, within the server's own limits. A protocol extends it in `lab.py`."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from harness.conformance.budget import is_long
from harness.conformance.peer import Offer, Opener, Peer
from harness.conformance.profile import Profile
from harness.conformance.users import SPARE, Users
from harness.core.conversation import Conversation

FAREWELL_S = 2.0  # How long a server may take to answer a close frame.


class Lab:
    """Opens peers against one target for one exchange, and keeps what they said.

    `chance`, the event loop's clock and `wall_s` (the time of day in epoch seconds) are its only sources of chance
    and time. Labs of one run share `users`, so that no two exchanges have the same user at once.
    """

    # So many exchanges run at once at most, whatever the profile says: a server may allow few connections.
    SIDE_BY_SIDE: ClassVar[int] = 1000
    # Whether a run begins even though the opening handshake fails, since that is what is judged.
    JUDGES_HANDSHAKES: ClassVar[bool] = False

    def __init__(
        self,
        opener: Opener,
        profile: Profile,
        chance: random.Random,
        wall_s: Callable[[], float],
        users: Users | None = None,
    ) -> None:
        self.opener = opener
        self.profile = profile
        self.chance = chance
        self.wall_s = wall_s
        self.users = users or Users(profile.tokens)
        self.tokens: tuple[str, ...] = ()  # Of the users that the exchange has.
        self.limit: asyncio.Timeout | None = None  # What bounds the exchange, if anything does.
        self.conversations: list[Conversation] = []
        self._peers: list[Peer] = []

    @classmethod
    def doors(cls, profile: Profile) -> tuple[str, ...]:
        """The URLs to knock at when a run begins, until one opens: the target, and where a protocol has more, those."""
        return (profile.target,)

    async def peer(
        self,
        *,
        url: str | None = None,
        headers: Mapping[str, str] | None = None,
        subprotocols: tuple[str, ...] = (),
        deflate: bool = False,
        pongs: bool = True,
        capability: str = "",
        **query: str,
    ) -> Peer:
        """A new connection, as bare as the handshake leaves it; to where `capability` shows, if the profile says so.

        It goes to `url` instead, where that is given: a protocol may have several endpoints.
        """
        headers = {**self.profile.headers, **(headers or {})}
        peer = self._make(Offer(url or self.profile.url(query, capability), headers, subprotocols, deflate, pongs))
        self._peers.append(peer)
        self.conversations.append(peer.conversation)
        await peer.open()
        return peer

    def _make(self, offer: Offer) -> Peer:
        return Peer(self.opener, offer, self.profile.reply_s)

    async def borrow(self, count: int, load: float = SPARE) -> tuple[str, ...]:
        """Tokens of so many users that no other exchange has now; the first time an exchange needs any.

        They bear at most `load` from the minute before; see `Users`.
        """
        assert not self.tokens, "an exchange borrows its users once"
        if self.limit is None:
            self.tokens = await self.users.borrow(count, load)
            return self.tokens
        # Waiting for the exchanges that have them is not held against this one.
        left_s = (self.limit.when() or 0.0) - asyncio.get_running_loop().time()
        self.limit.reschedule(None)
        self.tokens = await self.users.borrow(count, load)
        self.limit.reschedule(asyncio.get_running_loop().time() + left_s)
        return self.tokens

    async def token(self) -> str:
        """The token of the exchange's first user."""
        return (self.tokens or await self.borrow(1))[0]

    async def get(self, name: str) -> Any:
        """What an exchange asks for by the parameter `name`: the lab itself, or what its method of that name gives."""
        if name == "lab":
            return self
        return await getattr(self, name)()

    async def close(self) -> None:
        """End all connections of the exchange, and give its users back once the server counts none of them."""
        try:
            await asyncio.gather(*(peer.close() for peer in self._peers), return_exceptions=True)
            await asyncio.gather(*(peer.closed(FAREWELL_S) for peer in self._peers), return_exceptions=True)
        finally:
            await self.users.give_back(self.tokens, self.load())
            self.tokens = ()

    def forget(self) -> None:
        """Let go of what need not be in memory once the exchange is judged: findings have what they need of it."""
        for peer in self._peers:
            peer.forget()
        for conversation in filter(is_long, self.conversations):
            conversation.clear()

    def load(self) -> float:
        """The share of the server's limits for a user that the exchange has used up; a protocol knows its limits."""
        return 0.0
