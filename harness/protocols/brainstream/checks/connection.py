"""1 and 7: the handshake, what it may offer, and when the stream begins."""

from __future__ import annotations

from harness.conformance.check import check, expect
from harness.core.message import Frame, Opcode
from harness.protocols.brainstream.lab import BrainStreamLab, BrainStreamPeer

BEGINS_S = 3.0


@check("BRA-CONN-01")
async def the_opening_handshake_is_accepted(lab: BrainStreamLab) -> None:
    """Connect, and look whether the connection is still there a moment later."""
    peer = await lab.anyone()
    expect(peer.answer.status == 101, "status 101", peer.answer.status)
    await peer.pause(lab.profile.quiet_s)
    expect(not peer.is_lost, "a connection that stays open", "it ended at once")


@check("BRA-CONN-04")
async def a_ping_is_answered_by_its_pong(peer: BrainStreamPeer) -> None:
    """Send a ping with a payload."""
    await peer.send_frame(Frame(Opcode.PING, b"telemetry"))
    pong = await peer.receive_frame(Opcode.PONG)
    expect(pong.data == b"telemetry", "a pong with the payload of the ping", repr(pong.data))


@check("BRA-CONN-05")
async def the_stream_comes_over_deflate_too(lab: BrainStreamLab) -> None:
    """Offer permessage-deflate, and listen."""
    peer = await lab.anyone(deflate=True)
    expect(await peer.fresh(), "a TELEMETRY")


@check("BRA-CONN-06")
async def the_stream_comes_by_a_subprotocol_too(lab: BrainStreamLab) -> None:
    """Offer a subprotocol that the server hardly knows, and listen."""
    peer = await lab.anyone(subprotocols=("harness.telemetry",))
    expect(await peer.fresh(), "a TELEMETRY")


@check("BRA-CONN-09")
async def the_stream_begins_unasked(lab: BrainStreamLab) -> None:
    """Connect, say nothing, and wait for the first TELEMETRY."""
    peer = await lab.anyone()
    within_s = BEGINS_S + 2 * lab.profile.round_trip_s
    expect(await peer.receive("TELEMETRY", within_s=within_s), "a TELEMETRY")


@check("BRA-SEC-01")
async def no_token_is_wanted(lab: BrainStreamLab) -> None:
    """Connect without any, unless the profile names headers, and wait for a packet."""
    peer = await lab.anyone()
    expect(await peer.receive("WELCOME", "TELEMETRY"), "a packet")
