"""Listening to a channel by two connections at once, and what both should hear."""

from __future__ import annotations

from dataclasses import dataclass

from harness.conformance.check import expect
from harness.conformance.peer import Peer
from harness.core.message import Message
from harness.protocols.eventbus.checks.stream import identity
from harness.protocols.eventbus.lab import EventBusLab

LISTEN_S = 8.0
SETTLES_S = 1.0  # A new listener may get what happened before; after this, it hears what all hear.


@dataclass
class Pair:
    """Two listeners of one channel, and from when on (by the clock of each) both were there."""

    peers: tuple[Peer, Peer]
    since_s: tuple[float, float]

    def heard(self, which: int, until_s: float) -> list[Message]:
        """What came to one of them while both listened, up to `until_s` seconds ago."""
        peer = self.peers[which]
        first_s, last_s = self.since_s[which], peer.now() - until_s
        return [m for e, m in peer.conversation.messages("server") if first_s <= e.at_s <= last_s]

    def agree(self, lately_s: float) -> int:
        """Demand that each got what the other got; what came within `lately_s` may be under way. How many events."""
        count = 0
        for which in (0, 1):
            there = set(map(identity, self.peers[1 - which].conversation.received()))
            for event in self.heard(which, lately_s):
                expect(identity(event) in there, "an event that the other listener got, too", event)
                count += 1
        return count


def settled_s(lab: EventBusLab) -> float:
    """How long after its opening a listener hears only what is new, with the round trips of a connection."""
    return SETTLES_S + 4 * lab.profile.round_trip_s


async def paired(lab: EventBusLab, channel: str) -> Pair:
    """Two listeners of a channel, once both hear what all hear."""
    one, other = await lab.listen(channel), await lab.listen(channel)
    await lab.rest(settled_s(lab))
    return Pair((one, other), (one.now(), other.now()))


async def listened(lab: EventBusLab) -> None:
    """Listen for a while, and as long again as news may be under way to one of two."""
    await lab.rest(LISTEN_S + lab.profile.reply_s)


async def pairs(lab: EventBusLab) -> list[Pair]:
    """A pair for each channel, which have listened for a while."""
    found = [await paired(lab, channel) for channel in await lab.there()]
    await listened(lab)
    return found
