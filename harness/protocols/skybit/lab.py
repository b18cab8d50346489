"""Skybit's lab and peer: the client side of a trade, in the words of the checks."""

from __future__ import annotations

from typing import Any

from harness.conformance.lab import Lab
from harness.conformance.peer import Offer, Peer
from harness.core.message import Message, rfc3339, uuid4


class SkybitPeer(Peer):
    """A client connection that knows the envelope."""

    lab: SkybitLab
    session: str = "new"

    def envelope(self, kind: str, data: Message) -> Message:
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

    async def authenticate(self, token: str) -> Message:
        """Auth; the confirmation or Error that comes back."""
        await self.say("Auth", token=token, version="1.0.0", platform="linux")
        reply = await self.receive("Auth", "Error")
        if reply["type"] == "Auth":
            self.session = reply["session"]
        return reply


class SkybitLab(Lab):
    """Opens Skybit peers."""

    def _make(self, offer: Offer) -> Peer:
        peer = SkybitPeer(self.opener, offer, self.profile.reply_s)
        peer.lab = self
        return peer

    async def trader(self) -> SkybitPeer:
        """An authenticated peer."""
        peer = await self.peer()
        assert isinstance(peer, SkybitPeer)
        await peer.authenticate(self.profile.tokens[0])
        return peer


LAB = SkybitLab  # What the runner looks for in every protocol.
