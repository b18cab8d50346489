"""Channels: whatever a client says is ignored, and events go on."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from harness.conformance.check import Violation, check, expect, given
from harness.conformance.malformed import Malformed, Source
from harness.conformance.peer import Peer
from harness.conformance.trial import FAR_S, Trial, judge
from harness.core.conversation import Entry
from harness.core.message import Opcode
from harness.protocols.eventbus.checks.listening import settled_s
from harness.protocols.eventbus.checks.stream import identity
from harness.protocols.eventbus.lab import EventBusLab

COUNT = 60
AT_ONCE = 12
LISTEN_S = 2.0
SOURCE = Source.of("eventbus", "server")  # Nothing that clients say is defined: these are near to what servers say.


@dataclass
class _Two:
    """Two listeners of one channel. One talks, and should hear what the other one hears, and nothing else."""

    talker: Peer
    other: Peer

    async def are_alike(self, since_s: tuple[float, float]) -> None:
        """Demand that what both got since then (by the clock of each) is the same."""
        with given("another listener, who says nothing"):
            expect(not self.other.is_lost, "an open connection", "it is closed")
        expect(not self.talker.is_lost, "an open connection", "it is closed")
        await self._got(self.talker, _since(self.other, since_s[1]), "an event that the other listener got, too")
        await self._got(self.other, _since(self.talker, since_s[0]), "nothing but events that all listeners get")

    async def _got(self, peer: Peer, entries: Sequence[Entry], wanted: str) -> None:
        """Demand that this one got what the other one got; what may be under way is given time."""
        heard = _heard(peer)
        for entry in entries:
            same = _content(entry)
            if same not in heard:
                with suppress(Violation):
                    await peer.wait_for(lambda other, same=same: _content(other) == same, wanted)  # type: ignore[misc]
                heard = _heard(peer)
            expect(same in heard, wanted, entry.message or repr(entry.frame.data[:80]))


def _content(entry: Entry) -> object:
    return entry.frame.data if entry.message is None else identity(entry.message)


def _heard(peer: Peer) -> list[object]:
    return [_content(entry) for entry in _since(peer, 0.0)]


def _since(peer: Peer, at_s: float) -> list[Entry]:
    """What came on a connection from then on, but for control frames."""
    came = (e for e in peer.conversation.entries if e.sender == "server" and e.at_s >= at_s)
    return [e for e in came if e.frame.opcode in (Opcode.TEXT, Opcode.BINARY)]


@check("EVB-CONN-19", lasts_s=FAR_S)
async def whatever_a_client_says_is_ignored(lab: EventBusLab) -> None:
    """Let one of two listeners of each channel send what the schemas of events refuse, a handful at a time."""
    channels = await lab.there()

    async def connect() -> Sequence[Peer]:
        peers = [await lab.listen(channel) for channel in channels for _ in range(2)]
        await lab.rest(settled_s(lab))
        for peer in peers:
            expect(not peer.is_lost, "listeners that are kept while they say nothing")
        return peers

    async def probe(peers: Sequence[Peer], group: Sequence[Malformed]) -> None:
        pairs = [_Two(*two) for two in zip(peers[::2], peers[1::2], strict=True)]
        since_s = [(two.talker.now(), two.other.now()) for two in pairs]
        for two in pairs:
            with suppress(Violation):  # That the connection is lost is told below.
                for malformed in group:
                    await two.talker.send_frame(malformed.frame)
        await lab.rest(LISTEN_S)
        for two, then_s in zip(pairs, since_s, strict=True):
            await two.are_alike(then_s)

    await judge(Trial(SOURCE, connect, probe, at_once=AT_ONCE), lab.chance, COUNT)
