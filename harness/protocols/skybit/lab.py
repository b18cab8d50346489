"""Skybit's lab and peer: the client side of a trade, in the words of the checks."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

from harness.conformance.check import Unobserved, Violation
from harness.conformance.lab import Lab
from harness.conformance.peer import Offer, Peer
from harness.conformance.profile import Profile
from harness.core.conversation import Entry
from harness.core.message import Message, field_of, rfc3339, uuid4

DEMO_USERS = 400  # More than there are exchanges.
LIMITS = {"Chat": 60, "Approve": 100, "Heartbeat": 120}  # Messages a minute, by Rate Limits.
TOTAL_LIMIT = 500
PARTS = 200  # The quantity of the spec's sample, which is filled in parts.
FILL_S = 30.0  # How long the market may take over an order that it can fill at once.


class SkybitPeer(Peer):
    """A client connection that knows the envelope, and one request at a time: few answers name their request."""

    lab: SkybitLab
    session: str = "new"
    authenticated: bool = False

    # Saying -------------------------------------------------------------------------------------

    def envelope(self, kind: str, data: Any) -> Message:
        """A message of this type, with a new id and the time of day."""
        return {
            "type": kind,
            "id": uuid4(self.lab.chance),
            "ts": rfc3339(self.lab.wall_s()),
            "session": self.session,
            "data": data,
        }

    async def say(self, kind: str, **data: Any) -> Message:
        """Send a message of this type; it is given back."""
        return await self.send(self.envelope(kind, data))

    # Asking -------------------------------------------------------------------------------------

    async def answer_to(self, request: Message, *types: str, within_s: float | None = None) -> Message:
        """The next message of these types, or the Error that answers `request` (or names no request at all)."""
        asked_s = self._sent_s(request)
        about = (request.get("id"), None, "")

        def fits(entry: Entry) -> bool:
            message = entry.message
            if message is None or entry.at_s < asked_s:  # What came before it is no answer.
                return False
            kind = message.get("type")
            return kind in types or (kind == "Error" and field_of(message, "data.request_id") in about)

        entry = await self.wait_for(fits, " or ".join((*types, "Error")), within_s)
        assert entry.message is not None
        return entry.message

    def _sent_s(self, request: Message) -> float:
        sent = (e for e in reversed(self.conversation.entries) if e.sender == "client" and e.message == request)
        return next(sent).at_s

    async def ask(self, kind: str, *types: str, **data: Any) -> Message:
        """Say something; the answer of one of these types, or the Error about it."""
        return await self.answer_to(await self.say(kind, **data), *types)

    async def authenticate(self, token: str) -> Message:
        """Auth; the confirmation or Error that comes back."""
        reply = await self.ask("Auth", "Auth", token=token, version="1.0.0", platform="linux")
        if reply["type"] == "Auth" and field_of(reply, "data.token") is None:  # An echo confirms nothing.
            self.session = str(reply.get("session"))
            self.authenticated = True
        return reply

    async def heartbeat(self) -> Message:
        """A Heartbeat with the time of day; the server's next one, or the Error about it."""
        return await self.ask("Heartbeat", "Heartbeat", client_ts=rfc3339(self.lab.wall_s()))

    # Trading ------------------------------------------------------------------------------------

    async def chat(self, text: str, *types: str) -> Message:
        """A Chat; the answer of one of these types (none: Plan), or the Error about it."""
        context = {"positions": True, "recent_orders": True}
        return unless_closed(await self.ask("Chat", *(types or ("Plan",)), text=text, context=context))

    async def obtain_preview(self, text: str | None = None) -> Message:
        """The Preview of an order in words; without words, of one that rests. Violation when an Error comes."""
        preview = await self.chat(text or self.lab.resting_order, "Preview")
        if not isinstance(field_of(preview, "data.preview_id"), str):
            raise Violation("a Preview of the order, with a preview_id", preview)
        return preview

    async def approve(self, preview: Message, *, repeat_of: str | None = None, **data: Any) -> Message:
        """Approve a Preview; the first Status of its order, or the Error about it.

        Unless told otherwise the Approve carries a `client_order_id` and an `idem_key` of its own. With
        `repeat_of`, the id of an order placed before, a Status of that order is an answer too.
        """
        earlier = self.conversation.received("Status")
        known = {field_of(m, "data.order_id") for m in earlier} - {repeat_of}
        before = {id(m) for m in earlier}  # The news of an order that was there before is no answer.
        unique = uuid4(self.lab.chance)
        names = {"client_order_id": f"cli-{unique}", "idem_key": f"idem-{unique}", **data}
        request = await self.say("Approve", preview_id=field_of(preview, "data.preview_id"), **names)

        def fits(message: Message) -> bool:
            if message["type"] == "Error":
                return bool(field_of(message, "data.request_id") == request["id"])
            return id(message) not in before and field_of(message, "data.order_id") not in known

        return unless_closed(await self.receive("Status", "Error", where=fits))

    async def order(self, text: str | None = None, **data: Any) -> Message:
        """Place an order in words (without: one that rests); its first Status. Violation when an Error comes."""
        status = await self.approve(await self.obtain_preview(text), **data)
        if status["type"] != "Status":
            raise Violation("a Status of the order", status)
        return status

    async def status(self, order_id: str, *words: str, within_s: float | None = None) -> Message:
        """The next Status of this order, not taken before, whose `status` is one of `words` (none: any)."""

        def fits(message: Message) -> bool:
            data = message.get("data") or {}
            return data.get("order_id") == order_id and (not words or data.get("status") in words)

        return await self.receive("Status", where=fits, within_s=within_s)

    async def execution(self, text: str) -> Message:
        """Place an order in words that the market takes; the Status of its end. Violation when it does not come."""
        status = await self.order(text)
        if field_of(status, "data.status") == "filled":
            return status
        return await self.status(field_of(status, "data.order_id"), "filled", within_s=FILL_S)

    async def marketable(self, quantity: int) -> str:
        """The words of a limit purchase that the market fills soon: well above the ask that a Preview quotes."""
        ask = field_of(await self.obtain_preview(), "data.quote.ask")
        if not isinstance(ask, int | float):
            raise Violation("data.quote.ask in a Preview", ask)
        return f"Buy {quantity} shares of {self.lab.symbol} at limit {ask * 1.02:.2f}, good for the day"

    async def stay(self, seconds: float) -> None:
        """Wait, and keep the connection alive by Heartbeats."""
        until = self.now() + seconds
        while (left_s := until - self.now()) > 0:
            await self.pause(min(left_s, 20.0))
            await self.heartbeat()


def unless_closed(reply: Message) -> Message:
    """The reply. Unobserved when the market is closed: that depends on the hour, and is no fault of the server."""
    if field_of(reply, "data.code") == "MARKET_CLOSED":
        raise Unobserved("the market is closed (MARKET_CLOSED): run this again while it is open")
    return reply


class SkybitLab(Lab):
    """Opens Skybit peers. An exchange has users of its own for as long as it lasts."""

    @property
    def symbol(self) -> str:
        """A symbol that the server trades."""
        return self.profile.symbols[0]

    @property
    def resting_order(self) -> str:
        """An order far from the market: it is acknowledged and then waits."""
        return f"Buy 1 share of {self.symbol} at limit 5.00, good for the day"

    @property
    def marketable_order(self) -> str:
        """An order that the market fills soon."""
        return f"Buy 2 shares of {self.symbol} at market"

    async def anonymous(self, **options: Any) -> SkybitPeer:
        """A connection before Auth (as `peer`, typed, with its options)."""
        peer = await self.peer(**options)
        assert isinstance(peer, SkybitPeer)
        return peer

    async def trader(self, token: str | None = None, **options: Any) -> SkybitPeer:
        """An authenticated connection of the exchange's first user, or of `token`'s."""
        token = token or await self.token()
        peer = await self.anonymous(**options)
        reply = await peer.authenticate(token)
        if not peer.authenticated:
            raise Violation("an Auth confirmation", reply)
        return peer

    async def newcomer(self) -> SkybitPeer:
        """As `trader`, of a user whose limits nothing has touched within the last minute."""
        return await self.trader((await self.borrow(1, load=0.0))[0])

    def load(self) -> float:
        """By the most used limit, should the server count over all connections of a user."""
        sent = Counter(str(m.get("type")) for c in self.conversations for m in c.sent())
        shares = [sent[kind] / limit for kind, limit in LIMITS.items()]
        return max(*shares, sent.total() / TOTAL_LIMIT)

    async def close(self) -> None:
        """Take back the orders that rest, and end as every lab does."""
        try:
            await asyncio.gather(*(self._leave(p) for p in self._peers), return_exceptions=True)
        finally:
            await super().close()

    async def _leave(self, peer: Peer) -> None:
        assert isinstance(peer, SkybitPeer)
        if peer.authenticated and not peer.is_lost and peer.conversation.received("Status"):
            await peer.say("Cancel", target="all_orders")

    def _make(self, offer: Offer) -> Peer:
        peer = SkybitPeer(self.opener, offer, self.profile.reply_s)
        peer.lab = self
        return peer


def demo_profile(target: str, chance: random.Random) -> Profile:
    """Credentials that our own mock accepts, for so many users that none is wanted twice at once.

    They are drawn from a range so large that runs against the same mock do not use up each other's daily limits.
    """
    first = chance.randrange(1_000, 900_000_000)
    tokens = tuple(f"demo-user-{first + n}" for n in range(DEMO_USERS))
    return Profile(target, tokens, expired_token="demo-expired")  # noqa: S106 - the mock's own, known to all


LAB = SkybitLab  # What the runner looks for in every protocol.
