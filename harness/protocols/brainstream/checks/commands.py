"""2.2: what clients may send, none of which is answered."""

from __future__ import annotations

import json

from harness.conformance.check import Unobserved, Violation, check, expect, given
from harness.core.conversation import Entry
from harness.core.message import Frame, Message, Opcode, field_of
from harness.protocols.brainstream.lab import PACKETS, BrainStreamPeer

AFTERWARDS = 2  # So many packets show that the stream goes on.
EXTRA_PACKETS = 3  # May come beside those of the clock, by chance.
LISTENED_S = 60.0
PINGS = 10

PING = {"type": "PING"}
HALT = {"type": "HALT"}


def text(message: object) -> Frame:
    """A text frame with this as JSON."""
    return Frame(Opcode.TEXT, json.dumps(message).encode())


async def is_kept(peer: BrainStreamPeer, *frames: Frame) -> None:
    """Send these, and demand that connection and stream go on."""
    for frame in frames:
        await peer.send_frame(frame)
    for _ in range(AFTERWARDS):
        try:
            expect(await peer.fresh(), "another TELEMETRY")
        except Violation as violation:
            raise Violation("connection and stream that go on", str(violation)) from violation


def _data_since(peer: BrainStreamPeer, at_s: float) -> list[Entry]:
    came = (e for e in peer.conversation.entries if e.sender == "server" and e.at_s >= at_s)
    return [e for e in came if e.frame.opcode in (Opcode.TEXT, Opcode.BINARY)]


def _expect_no_answer(peer: BrainStreamPeer, since_s: float) -> None:
    """Demand that all that came since then are packets, which come anyway."""
    for entry in _data_since(peer, since_s):
        is_packet = entry.message is not None and entry.message.get("type") in PACKETS
        expect(is_packet, "no answer", entry.message or repr(entry.frame.data[:80]))


async def is_not_answered(peer: BrainStreamPeer, *frames: Frame) -> None:
    """Send these, and demand that nothing but the stream comes, in its own time."""
    sent_s = peer.now()
    for frame in frames:
        await peer.send_frame(frame)
    await peer.pause(peer.lab.profile.quiet_s)
    with given("a stream that goes on"):
        await peer.fresh()
    _expect_no_answer(peer, sent_s)
    count, took_s = len(_data_since(peer, sent_s)), peer.now() - sent_s
    expect(count <= 2 * took_s + EXTRA_PACKETS, "no packets but those of the stream", f"{count} in {took_s:.1f} s")


async def is_ignored(peer: BrainStreamPeer, *frames: Frame) -> None:
    """Send these, and demand that nothing answers, and that connection and stream go on."""
    sent_s = peer.now()
    await is_kept(peer, *frames)
    _expect_no_answer(peer, sent_s)


@check("BRA-CMD-01")
async def ping_is_not_answered(listener: BrainStreamPeer) -> None:
    """Send ten, so that an answer by a packet would show, too."""
    await is_not_answered(listener, *[text(PING)] * PINGS)


@check("BRA-CMD-02")
async def ping_keeps_the_connection(listener: BrainStreamPeer) -> None:
    """Send one, and listen to two packets."""
    await is_kept(listener, text(PING))


@check("BRA-CMD-03")
async def ping_may_have_more_members(listener: BrainStreamPeer) -> None:
    """Send one with a time and an id."""
    await is_ignored(listener, text({**PING, "id": 7, "data": {"sent": "2025-12-21T12:00:00Z"}}))


def _subscribe(peer: BrainStreamPeer, packet: Message) -> Frame:
    """SUBSCRIBE to a symbol that is not the one of the packet."""
    current = field_of(packet, "data.market.symbol")
    other = next((symbol for symbol in peer.lab.profile.symbols if symbol != current), None)
    if other is None:
        raise Unobserved("the profile names no symbol but the one that is active")
    return text({"type": "SUBSCRIBE", "symbol": other})


# Where a server does act on commands, the others must not be disturbed: each of these has the server for itself.
# Those that look at what has changed last longest and so come first, before it has been changed.


@check("BRA-CMD-04", alone=True)
async def subscribe_is_not_answered(listener: BrainStreamPeer) -> None:
    """Send one for another symbol."""
    await is_not_answered(listener, _subscribe(listener, await listener.fresh()))


@check("BRA-CMD-05", alone=True)
async def subscribe_keeps_the_connection(listener: BrainStreamPeer) -> None:
    """Send one for another symbol, and listen to two packets."""
    await is_kept(listener, _subscribe(listener, await listener.fresh()))


@check("BRA-CMD-06", alone=True, lasts_s=6)
async def subscribe_changes_no_symbol(listener: BrainStreamPeer) -> None:
    """Send one for another symbol, and look whether the packets come to name that."""
    subscribe = _subscribe(listener, await listener.fresh())
    wanted = json.loads(subscribe.data)["symbol"]
    await listener.send_frame(subscribe)
    for _ in range(AFTERWARDS):
        with given("a stream that goes on"):
            packet = await listener.fresh()
        expect(field_of(packet, "data.market.symbol") != wanted, f"a symbol that is not {wanted}", packet)


@check("BRA-CMD-07", alone=True)
async def halt_is_not_answered(listener: BrainStreamPeer) -> None:
    """Send one."""
    await is_not_answered(listener, text(HALT))


@check("BRA-CMD-08", alone=True)
async def halt_keeps_the_connection(listener: BrainStreamPeer) -> None:
    """Send one, and listen to two packets."""
    await is_kept(listener, text(HALT))


@check("BRA-CMD-09", alone=True, lasts_s=6)
async def halt_changes_no_status(listener: BrainStreamPeer) -> None:
    """Send one, and look whether the packets come to say HALT."""
    if field_of(await listener.fresh(), "data.status") == "HALT":
        raise Unobserved("the engine is halted already")
    await listener.send_frame(text(HALT))
    for _ in range(AFTERWARDS):
        with given("a stream that goes on"):
            packet = await listener.fresh()
        expect(field_of(packet, "data.status") != "HALT", "a status that is not HALT", packet)


@check("BRA-CMD-10", lasts_s=62)
async def who_only_listens_is_kept(listener: BrainStreamPeer) -> None:
    """Listen for a minute, and send nothing but pongs."""
    began_s = listener.now()
    while listener.now() < began_s + LISTENED_S:
        ended = f"none after {listener.now():.0f} s, and the connection has {'ended' if listener.is_lost else 'not'}"
        await listener.pause(1.0)
        expect(not listener.is_lost, f"a connection that lasts for {LISTENED_S:g} s", ended)
    expect(await listener.fresh(), "a stream that goes on")
