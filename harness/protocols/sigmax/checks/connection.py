"""Connection: the handshake, the greeting, and what the end of one connection means for others."""

from __future__ import annotations

from collections.abc import Iterator

from harness.conformance.check import Unobserved, check, expect, given
from harness.core.conversation import Conversation
from harness.core.message import Message
from harness.protocols.sigmax.checks.seeing import is_text
from harness.protocols.sigmax.lab import SigmaxLab, connection_id_of

MARKET_S = 2.0


@check("SIG-CONN-01")
async def the_opening_handshake_is_accepted(lab: SigmaxLab) -> None:
    """Connect, and look whether the connection is still there a moment later."""
    peer = await lab.stranger()
    expect(peer.answer.status == 101, "status 101", peer.answer.status)
    await peer.pause(lab.profile.quiet_s)
    expect(not peer.is_lost, "a connection that stays open", "it ended at once")


@check("SIG-CONN-02")
async def the_greeting_comes(lab: SigmaxLab) -> None:
    """Connect and wait."""
    peer = await lab.stranger()
    expect(await peer.receive("connected"), "connected")


def _messages(conversation: Conversation) -> list[Message]:
    """All that the server said, where the beginning is in the record and nobody was turned away."""
    messages = conversation.received()
    first: Message = messages[0] if messages else {}
    return [] if conversation.dropped or first.get("type") == "error" else messages


@check("SIG-CONN-03")
def the_greeting_comes_first(conversation: Conversation) -> Iterator[None]:
    """The first message of every connection."""
    for message in _messages(conversation)[:1]:
        yield expect(message.get("type") == "connected", "connected before anything else", message)


@check("SIG-CONN-04")
def the_greeting_comes_once(conversation: Conversation) -> Iterator[None]:
    """Every connection that was greeted."""
    greetings = conversation.received("connected")
    if greetings:
        yield expect(len(greetings) == 1, "one connected on each connection", greetings[-1])


@check("SIG-CONN-05")
def the_greeting_names_the_connection(conversation: Conversation) -> Iterator[None]:
    """In its envelope or its data."""
    for greeting in conversation.received("connected"):
        yield expect(is_text(connection_id_of(greeting)), "a connection_id that is a string", greeting)


@check("SIG-CONN-06")
async def connections_have_different_ids(lab: SigmaxLab) -> None:
    """Three at once."""
    with given("three connections"):
        peers = [await lab.client() for _ in range(3)]
    ids = [connection_id_of(peer.conversation.received("connected")[0]) for peer in peers]
    if not all(is_text(each) for each in ids):
        raise Unobserved("the greetings name no connection")
    expect(len(set(ids)) == len(ids), "three different connection_ids", ids)


@check("SIG-CONN-07", lasts_s=9)
async def the_loss_of_one_client_does_not_disturb_another(lab: SigmaxLab) -> None:
    """Two subscribe to the market; one is cut off, one says good-bye; the third goes on hearing of it."""
    with given("three subscribers of the market"):
        stays, goes, breaks = [await lab.client() for _ in range(3)]
        for peer in (stays, goes, breaks):
            await peer.subscribe(["market"])
        await stays.receive("market_update")
    await breaks.abort()
    await goes.end()
    lost_s = stays.now()
    await stays.pause(3 * MARKET_S + lab.profile.quiet_s)
    expect(stays.since(lost_s, "market_update"), "market_update as before", "none after others had left")
    expect(not stays.is_lost, "a connection that stays open", "it ended with the others")
    pong = await stays.ping()
    expect(pong["type"] == "pong", "pong", pong)
