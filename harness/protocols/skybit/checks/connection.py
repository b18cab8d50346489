"""Connection: the handshake, pings, and the timeout."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from harness.conformance.check import Unobserved, check, expect, given
from harness.core.conversation import Conversation
from harness.core.message import Frame, Opcode
from harness.protocols.skybit.lab import SkybitLab, SkybitPeer

PING_S = 35.0  # Pings come every 30 s; five for the network and a busy server.
EARLY_S = 58.0  # The timeout is 60 s. Earlier is judged harder than later, since a client relies on it.
LATE_S = 90.0
HEARTBEAT_S = 20.0  # How often a careful client sends a Heartbeat.


@check("SKY-CONN-01")
async def the_opening_handshake_is_accepted(lab: SkybitLab) -> None:
    """Connect, and look whether the connection is still there a moment later."""
    peer = await lab.anonymous()
    expect(peer.answer.status == 101, "status 101", peer.answer.status)
    await peer.pause(lab.profile.quiet_s)
    expect(not peer.is_lost, "a connection that stays open", "it ended at once")


@check("SKY-CONN-03")
async def no_subprotocol_is_selected(lab: SkybitLab) -> None:
    """Offer two subprotocols."""
    peer = await lab.anonymous(subprotocols=("artifact.v1", "json"))
    expect(peer.answer.subprotocol is None, "no subprotocol", peer.answer.subprotocol)


@check("SKY-CONN-04")
async def deflate_is_agreed_on_when_offered(lab: SkybitLab) -> None:
    """Offer permessage-deflate."""
    peer = await lab.anonymous(deflate=True)
    expect(peer.answer.deflate, "permessage-deflate among the extensions agreed on", dict(peer.answer.headers))


@check("SKY-CONN-06")
async def compressed_messages_are_answered(lab: SkybitLab) -> None:
    """Send a Heartbeat over a compressed connection."""
    with given("a compressed connection"):
        trader = await lab.trader(deflate=True)
    if not trader.answer.deflate:
        raise Unobserved("the server did not agree on permessage-deflate")
    reply = await trader.heartbeat()
    expect(reply["type"] == "Heartbeat", "an answer to a Heartbeat", reply)


def _pings(conversation: Conversation) -> list[float]:
    return [e.at_s for e in conversation.entries if e.sender == "server" and e.frame.opcode is Opcode.PING]


def _last_s(conversation: Conversation) -> float:
    return conversation.entries[-1].at_s if conversation.entries else 0.0


@check("SKY-CONN-07")
def the_first_ping_comes_in_time(conversation: Conversation) -> Iterator[None]:
    """Every connection that lasted for longer than the time a ping may take."""
    if conversation.dropped:
        return  # The beginning is not in this record.
    first_s = next(iter(_pings(conversation)), None)
    if first_s is not None or _last_s(conversation) > PING_S:
        yield expect(first_s is not None and first_s <= PING_S, f"a ping within {PING_S:g} s of the opening", first_s)


@check("SKY-CONN-08")
def pings_go_on_coming(conversation: Conversation) -> Iterator[None]:
    """The time between two pings, and from the last one to the end of the record."""
    pings = _pings(conversation)
    for before_s, after_s in pairwise(pings):
        gap_s = round(after_s - before_s, 3)
        yield expect(gap_s <= PING_S, f"pings {PING_S:g} s apart at most", f"{gap_s:g} s")
    if pings:
        silence_s = _last_s(conversation) - pings[-1]
        if silence_s > PING_S:
            yield expect(False, f"a ping within {PING_S:g} s of the one before", f"none for {silence_s:g} s")


@check("SKY-CONN-09")
async def a_ping_is_answered_by_its_pong(peer: SkybitPeer) -> None:
    """Send a ping with a payload."""
    await peer.send_frame(Frame(Opcode.PING, b"artifact"))
    pong = await peer.receive_frame(Opcode.PONG)
    expect(pong.data == b"artifact", "a pong with the payload of the ping", repr(pong.data))


@check("SKY-CONN-10", lasts_s=60)
async def silence_is_borne_for_a_minute(trader: SkybitPeer) -> None:
    """Say nothing, but answer pings, until just before the timeout."""
    await trader.pause(EARLY_S)
    ended = f"it ended after {_last_s(trader.conversation):.1f} s"
    expect(not trader.is_lost, f"a connection that outlives {EARLY_S:g} s of silence", ended)


@check("SKY-CONN-11", lasts_s=90)
async def a_dead_client_is_given_up(lab: SkybitLab) -> None:
    """Say nothing and answer no pings until the connection ends."""
    with given("a connection that answers no pings"):
        peer = await lab.trader(pongs=False)
    close = await peer.closed(within_s=LATE_S)
    expect(close, f"an end within {LATE_S:g} s")


@check("SKY-CONN-12", lasts_s=100)
async def heartbeats_keep_the_connection_open(trader: SkybitPeer) -> None:
    """Send Heartbeats and nothing else for longer than the timeout."""
    for _ in range(5):
        await trader.pause(HEARTBEAT_S)
        expect(not trader.is_lost, f"a connection kept open by a Heartbeat every {HEARTBEAT_S:g} s", "it ended")
        await trader.heartbeat()
