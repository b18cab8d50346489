"""Channels: their paths, and that their listeners do not disturb each other."""

from __future__ import annotations

import asyncio
import json

from harness.conformance.check import Unobserved, check, expect
from harness.conformance.peer import Peer
from harness.core.message import Frame, Opcode
from harness.protocols.eventbus.checks.listening import LISTEN_S, Pair, listened, paired, pairs
from harness.protocols.eventbus.checks.stream import EVENTS, identity
from harness.protocols.eventbus.lab import INCIDENTS, EventBusLab

WATCH_S = 60.0  # Long enough for jobs, trades and short predictions to begin and end.
LISTENERS = 3
BREATH_S = 0.1  # Between two things that a client says.
MARK = "said-by-a-client"  # Nothing that a server says by itself.


async def _opens(lab: EventBusLab, channel: str) -> None:
    peer = await lab.listen(channel)
    expect(peer.answer.status == 101, f"an accepted handshake on {channel}", f"status {peer.answer.status}")


@check("EVB-CONN-01", lasts_s=1)
async def prediction_accepts_the_handshake(lab: EventBusLab) -> None:
    """Connect, without more."""
    await _opens(lab, "prediction")


@check("EVB-CONN-02", lasts_s=1)
async def automation_accepts_the_handshake(lab: EventBusLab) -> None:
    """Connect, without more."""
    await _opens(lab, "automation")


@check("EVB-CONN-03", lasts_s=1)
async def training_accepts_the_handshake(lab: EventBusLab) -> None:
    """Connect, without more."""
    await _opens(lab, "training")


@check("EVB-CONN-04", lasts_s=1)
async def hft_accepts_the_handshake(lab: EventBusLab) -> None:
    """Connect, without more."""
    await _opens(lab, "hft")


@check("EVB-CONN-05", lasts_s=1)
async def pings_are_answered(lab: EventBusLab) -> None:
    """Ping each channel."""
    for channel, peer in (await lab.listeners()).items():
        await peer.send_frame(Frame(Opcode.PING, channel.encode()))
        pong = await peer.receive_frame(Opcode.PONG)
        expect(pong.data == channel.encode(), f"a pong with {channel!r}", repr(pong.data))


@check("EVB-CONN-06", lasts_s=WATCH_S)
async def silent_listeners_are_kept(lab: EventBusLab) -> None:
    """Listen to all channels for a minute."""
    peers = await lab.listeners()
    await lab.rest(WATCH_S)
    _kept(*peers.values())


@check("EVB-CONN-06", lasts_s=WATCH_S)
async def silent_listeners_are_kept_on_a_bad_day(lab: EventBusLab) -> None:
    """Listen for a minute to all channels where rare events show, which are judged by the way."""
    opening = (lab.listen(channel, INCIDENTS[channel]) for channel in await lab.there())
    peers = await asyncio.gather(*opening)
    await lab.rest(WATCH_S)
    _kept(*peers)


def _kept(*peers: Peer) -> None:
    for peer in peers:
        expect(not peer.is_lost, "an open connection", "it is closed")


@check("EVB-CONN-07", lasts_s=LISTEN_S)
async def several_listen_to_one_channel(lab: EventBusLab) -> None:
    """Open three connections to each channel; all of them must stay."""
    for channel in await lab.there():
        peers = [await lab.listen(channel) for _ in range(LISTENERS)]
        await lab.rest(lab.profile.quiet_s)
        _kept(*peers)


@check("EVB-CONN-08", lasts_s=2 * LISTEN_S)
async def every_event_reaches_all_listeners(lab: EventBusLab) -> None:
    """Let two listen to each channel; each must get what the other gets."""
    found = await pairs(lab)
    _agree(lab, found)


def _agree(lab: EventBusLab, found: list[Pair]) -> None:
    if not sum(pair.agree(lab.profile.reply_s) for pair in found):
        raise Unobserved("no events came while two listened")


@check("EVB-CONN-09", lasts_s=2 * LISTEN_S)
async def all_listeners_hear_events_in_the_same_order(lab: EventBusLab) -> None:
    """Let two listen to each channel, and compare the order of what both got."""
    judged = 0
    for pair in await pairs(lab):
        one, other = (list(map(identity, peer.conversation.received())) for peer in pair.peers)
        common = set(one) & set(other)
        if len(common) > 1:
            judged += 1
            orders = [[each for each in heard if each in common] for heard in (one, other)]
            expect(orders[0] == orders[1], f"events in the order of another listener, {orders[1]}", orders[0])
    if not judged:
        raise Unobserved("not even two events came while two listened")


# Clients that talk, or leave ---------------------------------------------------------------------


async def _talk(lab: EventBusLab, channel: str, talker: Peer) -> None:
    """Say what no server waits for, an event that never happened among it, and wait for what comes of it."""
    forged = {"id": 1, "channel": channel, "type": EVENTS[channel][0], "payload": {"error": MARK}, "ts": 1739570000}
    for text in (MARK, f'["{MARK}"]', json.dumps({"type": "subscribe", "channel": MARK}), json.dumps(forged)):
        if not talker.is_lost:
            await talker.send_text(text)
            await lab.rest(BREATH_S)
    await lab.rest(lab.profile.quiet_s)


@check("EVB-CONN-10", lasts_s=LISTEN_S)
async def who_talks_ends_no_other_connection(lab: EventBusLab) -> None:
    """Let one of two listeners talk; the other one must be kept."""
    for channel in await lab.there():
        talker, other = await lab.listen(channel), await lab.listen(channel)
        await _talk(lab, channel, talker)
        _kept(other)


@check("EVB-CONN-11", lasts_s=LISTEN_S)
async def what_a_client_says_reaches_no_other(lab: EventBusLab) -> None:
    """Let one of two listeners say words and an event; the other one must not hear of it."""
    for channel in await lab.there():
        talker, other = await lab.listen(channel), await lab.listen(channel)
        await _talk(lab, channel, talker)
        heard = [e.message for e in other.conversation.entries if MARK.encode() in e.frame.data]
        expect(not heard, "nothing of what another client said", heard[0] if heard else None)


@check("EVB-CONN-12", lasts_s=LISTEN_S)
async def who_talks_is_kept(lab: EventBusLab) -> None:
    """Talk on each channel."""
    for channel in await lab.there():
        talker = await lab.listen(channel)
        await _talk(lab, channel, talker)
        _kept(talker)


@check("EVB-CONN-13", lasts_s=2 * LISTEN_S)
async def who_talks_goes_on_to_hear_all_events(lab: EventBusLab) -> None:
    """Let one of two listeners of each channel talk; it must hear what the other hears."""
    found = [await paired(lab, channel) for channel in await lab.there()]
    for pair, channel in zip(found, await lab.there(), strict=True):
        await _talk(lab, channel, pair.peers[0])
        if pair.peers[0].is_lost:
            raise Unobserved("the server ends the connection of who talks")
    await listened(lab)
    _agree(lab, found)


@check("EVB-CONN-14", lasts_s=2 * LISTEN_S)
async def the_loss_of_one_listener_disturbs_no_other(lab: EventBusLab) -> None:
    """Cut one of three connections to each channel; the others must be kept, and hear the same."""
    found = []
    for channel in await lab.there():
        lost, one = await lab.listen(channel), await lab.listen(channel)
        await lost.abort()
        await lab.rest(lab.profile.quiet_s)
        _kept(one)
        newcomer = await lab.listen(channel)
        await lab.rest(lab.profile.quiet_s)
        found.append(Pair((one, newcomer), (one.now(), newcomer.now())))
    await listened(lab)
    _kept(*(peer for pair in found for peer in pair.peers))
    _agree(lab, found)


@check("EVB-CONN-15", lasts_s=LISTEN_S)
async def who_left_may_come_back(lab: EventBusLab) -> None:
    """Leave each channel in good order, and connect again."""
    for channel in await lab.there():
        first = await lab.listen(channel)
        await first.close()
        await first.closed()
        again = await lab.listen(channel)
        await lab.rest(lab.profile.quiet_s)
        _kept(again)
