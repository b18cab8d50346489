"""BrainStream's lab and peer: a client that listens."""

from __future__ import annotations

import random
from typing import Any, ClassVar

from harness.conformance.lab import Lab
from harness.conformance.peer import Offer, Peer
from harness.conformance.profile import Profile
from harness.core.conversation import Entry
from harness.core.message import Message
from harness.protocols.brainstream.world import PACKETS as PACKETS


class BrainStreamPeer(Peer):
    """A client connection that waits for packets."""

    lab: BrainStreamLab

    async def fresh(self) -> Message:
        """The next TELEMETRY that comes from now on. Violation when none comes."""
        since_s = self.now()

        def fits(entry: Entry) -> bool:
            return entry.at_s > since_s and entry.message is not None and entry.message.get("type") == "TELEMETRY"

        entry = await self.wait_for(fits, "a TELEMETRY")
        assert entry.message is not None
        return entry.message


class BrainStreamLab(Lab):
    """Opens BrainStream peers: two in an exchange at most, unless it runs alone."""

    # A server may allow ten connections from one address (7.2), and those of one exchange may still be closing.
    SIDE_BY_SIDE: ClassVar[int] = 4

    async def anyone(self, **options: Any) -> BrainStreamPeer:
        """A new connection (as `peer`, typed, with its options)."""
        peer = await self.peer(**options)
        assert isinstance(peer, BrainStreamPeer)
        return peer

    async def listener(self) -> BrainStreamPeer:
        """A connection on which the stream has begun. Violation when it does not."""
        peer = await self.anyone()
        await peer.receive("TELEMETRY")
        return peer

    def _make(self, offer: Offer) -> Peer:
        peer = BrainStreamPeer(self.opener, offer, self.profile.reply_s)
        peer.lab = self
        return peer


def demo_profile(target: str, chance: random.Random) -> Profile:
    """Nobody has to sign in, so there are no credentials to draw."""
    return Profile(target)


LAB = BrainStreamLab  # What the runner looks for in every protocol.
