"""Chat Messages, Live Chat, Streaming Responses: what is answered, in which pieces, and to whom."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from harness.conformance.check import check, expect, given
from harness.core.conversation import Conversation
from harness.core.message import field_of
from harness.protocols.megabot.checks.reading import is_number, is_text, is_whole, members, seconds, streams, unit
from harness.protocols.megabot.lab import REPLIES, MegabotLab, MegabotPeer, Reply

LONGEST = 10_000  # Message Validation: characters of a chat message.
AGREE_S = 60.0


@check("MEG-CHAT-01")
async def a_chat_is_answered(client: MegabotPeer) -> None:
    """Say hello."""
    expect(await client.chat(), "a reply")


@check("MEG-CHAT-02")
async def a_chat_with_all_members_is_answered(client: MegabotPeer) -> None:
    """Say hello as the sample does: with platform, attachments and metadata, and without a time."""
    payload = {"content": "Hello MegaBot!", "platform": "web", "attachments": []}
    message = client.envelope("chat_send", payload)
    message["metadata"] = {"user_id": client.user_id, "session_id": client.session_id}
    del message["timestamp"]
    await client.post(message)
    expect(await client.reply(), "a reply")


@check("MEG-CHAT-03")
async def a_chat_with_milliseconds_is_answered(client: MegabotPeer) -> None:
    """Say hello as the sample client does: content alone, and the time of Date.now()."""
    message = client.envelope("chat_send", {"content": "Hello MegaBot!"})
    await client.post({**message, "timestamp": int(client.lab.wall_s() * 1000)})
    expect(await client.reply(), "a reply")


@check("MEG-CHAT-04")
def the_reply_has_content(conversation: Conversation) -> Iterator[None]:
    """Every chat_receive."""
    yield from members(conversation, "chat_receive", "content", is_text, "a text")


@check("MEG-CHAT-05")
def the_reply_has_a_sender(conversation: Conversation) -> Iterator[None]:
    """Every chat_receive."""
    yield from members(conversation, "chat_receive", "sender", is_text, "a text")


@check("MEG-CHAT-06")
def the_reply_has_a_platform(conversation: Conversation) -> Iterator[None]:
    """Every chat_receive."""
    yield from members(conversation, "chat_receive", "platform", is_text, "a text")


@check("MEG-CHAT-07")
def the_reply_has_a_time_inside(conversation: Conversation) -> Iterator[None]:
    """Every chat_receive."""
    yield from members(conversation, "chat_receive", "timestamp", is_number, "a number")


@check("MEG-CHAT-08")
def both_times_of_a_reply_agree(conversation: Conversation) -> Iterator[None]:
    """Every chat_receive that has two; a minute may lie between them."""
    for message in conversation.received("chat_receive"):
        outer, inner = message.get("timestamp"), field_of(message, "payload.timestamp")
        if unit(outer) is not None and unit(inner) is not None:
            apart_s = abs(seconds(outer) - seconds(inner))
            yield expect(apart_s <= AGREE_S, "payload.timestamp near timestamp", message)


@check("MEG-CHAT-09")
def each_chunk_is_a_text(conversation: Conversation) -> Iterator[None]:
    """Every chat_stream; an empty text will do."""
    yield from members(conversation, "chat_stream", "chunk", is_text, "a text")


@check("MEG-CHAT-10")
def each_chunk_says_whether_it_is_the_last(conversation: Conversation) -> Iterator[None]:
    """Every chat_stream."""
    yield from members(conversation, "chat_stream", "is_complete", lambda v: isinstance(v, bool), "true or false")


@check("MEG-CHAT-11")
def each_chunk_has_a_whole_number(conversation: Conversation) -> Iterator[None]:
    """Every chat_stream."""
    yield from members(conversation, "chat_stream", "sequence", is_whole, "a whole number")


@check("MEG-CHAT-12")
def each_stream_begins_with_1(conversation: Conversation) -> Iterator[None]:
    """The first chunk of every stream."""
    for stream in streams(conversation):
        first = stream.chunks[0]
        yield expect(field_of(first, "payload.sequence") == 1, "sequence 1 in the first chunk of a reply", first)


@check("MEG-CHAT-13")
def sequences_count_one_by_one(conversation: Conversation) -> Iterator[None]:
    """Every chunk, against the one before in its stream."""
    for stream in streams(conversation):
        for before, after in pairwise(stream.chunks):
            last, number = field_of(before, "payload.sequence"), field_of(after, "payload.sequence")
            if is_number(last) and is_number(number):
                yield expect(number == last + 1, f"sequence {last + 1}", after)


@check("MEG-CHAT-14")
async def a_stream_comes_to_its_end(client: MegabotPeer) -> None:
    """Say hello, and read the stream until its last chunk; the whole does not come before that."""
    with given("a reply in pieces"):
        await client.say("chat_send", content="Hello MegaBot!")
        await client.receive("chat_stream", within_s=60)
    reply = await client.reply()
    chunks = client.conversation.received("chat_stream")
    ends = [field_of(chunk, "payload.is_complete") for chunk in chunks]
    expect(ends[-1] is True and True not in ends[:-1], "is_complete in the last chunk of the reply", reply.whole)


@check("MEG-CHAT-15")
def the_whole_is_what_the_chunks_make(conversation: Conversation) -> Iterator[None]:
    """Every chat_receive that follows a stream; blanks around it do not count."""
    for stream in streams(conversation):
        if stream.whole is not None:
            streamed = Reply(stream.chunks).text.strip()
            content = str(field_of(stream.whole, "payload.content")).strip()
            yield expect(content == streamed, f"the content {streamed!r}", stream.whole)


@check("MEG-CHAT-16")
async def a_reply_is_not_empty(client: MegabotPeer) -> None:
    """Say hello."""
    with given("a reply"):
        reply = await client.chat()
    expect(reply.text.strip(), "some words", repr(reply.text))


@check("MEG-CHAT-17", lasts_s=15)
async def each_chat_has_one_reply(client: MegabotPeer) -> None:
    """Send three chats without waiting for replies, and look for a fourth reply."""
    for content in ("Hello MegaBot!", "Thanks", "Good morning"):
        await client.say("chat_send", content=content)
    for _ in range(3):
        expect(await client.reply(), "a reply to each of three chats")
    await client.pause(3 * client.lab.profile.quiet_s)
    more = client.untaken(*REPLIES)
    expect(not more, "no fourth reply", more[0] if more else None)


@check("MEG-CHAT-18")
async def a_reply_is_for_who_asked(lab: MegabotLab) -> None:
    """Chat by one user while another is connected; they share no session."""
    with given("two users, and a reply to one of them"):
        one, other = await lab.team(2)
        await one.chat()
    await other.pause(lab.profile.quiet_s)
    heard = other.conversation.received(*REPLIES)
    expect(not heard, "no reply at the user who did not ask", heard[0] if heard else None)


@check("MEG-CHAT-19")
async def every_script_may_be_written(client: MegabotPeer) -> None:
    """Say hello in letters and signs of several scripts."""
    expect(await client.chat("Grüße, здравствуй, 你好 🙂"), "a reply")


@check("MEG-CHAT-20", lasts_s=15)
async def the_longest_content_is_answered(client: MegabotPeer) -> None:
    """Send as many characters as are allowed."""
    expect(await client.chat("word " * (LONGEST // 5)), "a reply")


@check("MEG-CHAT-21", lasts_s=15)
async def a_connection_serves_chat_after_chat(client: MegabotPeer) -> None:
    """Chat three times, each time when the reply is there."""
    for _ in range(3):
        expect(await client.chat(), "a reply")
