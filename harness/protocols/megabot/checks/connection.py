"""Connection Establishment: the handshake, its query parameters, the greeting, and the session."""

from __future__ import annotations

from collections.abc import Iterator

from harness.conformance.check import check, expect, given
from harness.core.conversation import Conversation
from harness.core.message import Frame, Opcode
from harness.protocols.megabot.checks.reading import is_name, is_text, members
from harness.protocols.megabot.lab import MegabotLab, MegabotPeer

GREETING = "connection_established"
SERVICE = ("chat_stream", "chat_receive", "status_update", "tool_result", "collaborative_action")


@check("MEG-CONN-01")
async def the_opening_handshake_is_accepted(lab: MegabotLab) -> None:
    """Connect, and look whether the connection is still there a moment later."""
    peer = await lab.bare()
    expect(peer.answer.status == 101, "status 101", peer.answer.status)
    await peer.pause(lab.profile.quiet_s)
    expect(not peer.is_lost, "a connection that stays open", "it ended at once")


@check("MEG-CONN-02")
async def the_connection_is_greeted(lab: MegabotLab) -> None:
    """Connect, and wait for the greeting."""
    peer = await lab.bare()
    expect(await peer.greet(), "connection_established")


@check("MEG-CONN-03")
def the_greeting_names_the_session(conversation: Conversation) -> Iterator[None]:
    """Every greeting."""
    yield from members(conversation, GREETING, "session_id", is_name, "a text that is not empty")


@check("MEG-CONN-04")
def the_greeting_names_the_user(conversation: Conversation) -> Iterator[None]:
    """Every greeting."""
    yield from members(conversation, GREETING, "user_id", is_name, "a text that is not empty")


@check("MEG-CONN-05")
def the_greeting_lists_capabilities(conversation: Conversation) -> Iterator[None]:
    """Every greeting."""

    def are_texts(value: object) -> bool:
        return isinstance(value, list) and all(is_text(each) for each in value)

    yield from members(conversation, GREETING, "capabilities", are_texts, "a list of texts")


@check("MEG-CONN-06")
def a_connection_is_greeted_once(conversation: Conversation) -> Iterator[None]:
    """Every connection that was greeted."""
    greetings = conversation.received(GREETING)
    if greetings:
        yield expect(len(greetings) == 1, "one connection_established", greetings[-1])


@check("MEG-CONN-07")
async def the_user_is_called_as_the_query_says(lab: MegabotLab) -> None:
    """Connect with a user_id, and without a token."""
    name = lab.unique("user")
    peer = await lab.client(user_id=name)
    expect(peer.user_id == name, f"the user_id {name}", peer.user_id)


@check("MEG-CONN-08")
async def every_platform_may_connect(lab: MegabotLab) -> None:
    """Connect as each platform that the spec lists."""
    for platform in ("web", "mobile", "desktop"):
        peer = await lab.bare(user_id=lab.unique("user"), platform=platform)
        expect(await peer.greet(), "connection_established")


@check("MEG-CONN-09")
async def a_session_can_be_resumed(lab: MegabotLab) -> None:
    """Connect, close, and connect with the id of the session."""
    user = lab.unique("user")
    with given("a session"):
        first = await lab.client(user_id=user)
        await first.close()
        await first.closed()
    again = await lab.client(user_id=user, session_id=first.session_id)
    expect(again.session_id == first.session_id, f"the session {first.session_id}", again.session_id)


@check("MEG-CONN-10")
async def each_connection_has_a_session_of_its_own(lab: MegabotLab) -> None:
    """Connect three clients of different users, without naming a session."""
    with given("three connections"):
        team = await lab.team(3)
    ids = [peer.session_id for peer in team]
    expect(len(set(ids)) == len(ids), "three different session ids", ids)


@check("MEG-CONN-11")
async def compression_may_be_asked_for(lab: MegabotLab) -> None:
    """Connect with compression=gzip, and chat."""
    with given("a chat without compression"):
        await (await lab.client()).chat()
    await _is_served(await lab.bare(compression="gzip"))


@check("MEG-CONN-12")
async def a_ping_is_answered_by_its_pong(lab: MegabotLab) -> None:
    """Send a ping with a payload."""
    peer = await lab.bare()
    await peer.send_frame(Frame(Opcode.PING, b"megabot"))
    pong = await peer.receive_frame(Opcode.PONG)
    expect(pong.data == b"megabot", "a pong with the payload of the ping", repr(pong.data))


@check("MEG-CONN-13")
def the_greeting_comes_before_all_service(conversation: Conversation) -> Iterator[None]:
    """The messages of every connection, up to its greeting."""
    if conversation.dropped:
        return
    for message in conversation.received():
        if message.get("type") == GREETING:
            yield expect(True, "a greeting first")
            return
        if message.get("type") in SERVICE:
            yield expect(False, "connection_established before it", message)


@check("MEG-CONN-14")
async def deflate_may_be_offered(lab: MegabotLab) -> None:
    """Offer permessage-deflate, and chat."""
    with given("a chat without compression"):
        await (await lab.client()).chat()
    await _is_served(await lab.bare(deflate=True))


async def _is_served(peer: MegabotPeer) -> None:
    await peer.greet()
    reply = await peer.chat()
    expect(reply.text, "a reply that is not empty", reply.text)


@check("MEG-CONN-15")
async def the_loss_of_one_does_not_disturb_another(lab: MegabotLab) -> None:
    """Cut a connection while its reply is being written, and chat on another."""
    with given("two connections"):
        lost, other = await lab.team(2)
        await lost.say("chat_send", content="How do I write a unit test for a parser?")
        await lost.first("chat_stream", "chat_receive", within_s=60)
        await lost.abort()
    await other.pause(lab.profile.quiet_s)
    reply = await other.chat()
    expect(reply.text, "a reply on the other connection", reply.text)
