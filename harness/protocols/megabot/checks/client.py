"""What clients owe, judged on recorded conversations: their envelopes, what they hold, and how fast they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from harness.conformance.check import check, expect
from harness.core.conversation import Conversation
from harness.core.message import Message, Opcode, field_of
from harness.protocols.megabot.checks.chat import LONGEST
from harness.protocols.megabot.checks.reading import is_name, is_number, is_text, unit

FROM_CLIENT = ("chat_send", "tool_call", "session_join", "collaborative_action", "batch")
MEGABYTE = 1024 * 1024
IN_A_SECOND = 11  # The limit is 10; one more, since a record is made where messages may arrive nearer together.
MOST_IN_A_BATCH = 10


def _said(conversation: Conversation, *types: str) -> Iterator[Message]:
    """What the client says, by itself or in batches."""
    for message in conversation.sent():
        inner = field_of(message, "payload.messages") if message.get("type") == "batch" else None
        for each in (message, *(inner if isinstance(inner, list) else ())):
            if isinstance(each, dict) and (not types or each.get("type") in types):
                yield each


def _payloads(
    conversation: Conversation, kind: str, name: str, holds: Callable[[Any], bool], words: str
) -> Iterator[None]:
    for message in _said(conversation, kind):
        yield expect(holds(field_of(message, f"payload.{name}")), f"payload.{name} to be {words}", message)


@check("MEG-CLI-01")
def each_frame_is_text_with_one_object(conversation: Conversation) -> Iterator[None]:
    """Every data frame of the client."""
    for entry in conversation.entries:
        frame = entry.frame
        if entry.sender == "client" and frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            good = frame.opcode is Opcode.TEXT and entry.message is not None
            yield expect(good, "a text frame that holds a JSON object", repr(frame.data[:80]))


@check("MEG-CLI-02")
def each_id_is_a_text(conversation: Conversation) -> Iterator[None]:
    """Every message of the client, those in batches as well."""
    for message in _said(conversation):
        yield expect(is_name(message.get("id")), "id to be a text that is not empty", message)


@check("MEG-CLI-03")
def no_id_is_used_twice(conversation: Conversation) -> Iterator[None]:
    """Every message of the client, against those before."""
    seen: set[str] = set()
    for message in _said(conversation):
        yield expect(str(message.get("id")) not in seen, "an id that no message before had", message)
        seen.add(str(message.get("id")))


@check("MEG-CLI-04")
def each_type_is_one_for_clients(conversation: Conversation) -> Iterator[None]:
    """Every message of the client."""
    for message in _said(conversation):
        yield expect(message.get("type") in FROM_CLIENT, f"type to be one of {', '.join(FROM_CLIENT)}", message)


@check("MEG-CLI-05")
def each_payload_is_an_object(conversation: Conversation) -> Iterator[None]:
    """Every message of the client."""
    for message in _said(conversation):
        yield expect(isinstance(message.get("payload"), dict), "payload to be an object", message)


@check("MEG-CLI-06")
def a_time_is_a_time(conversation: Conversation) -> Iterator[None]:
    """Every message of the client that has a timestamp; samples lack it."""
    for message in _said(conversation):
        if "timestamp" in message:
            good = is_number(message["timestamp"]) and unit(message["timestamp"])
            yield expect(good, "timestamp in seconds or milliseconds since 1970", message)


@check("MEG-CLI-07")
def a_chat_has_content(conversation: Conversation) -> Iterator[None]:
    """Every chat_send."""
    yield from _payloads(conversation, "chat_send", "content", is_name, "a text that is not empty")


@check("MEG-CLI-08")
def a_chat_is_not_too_long(conversation: Conversation) -> Iterator[None]:
    """Every chat_send, in UTF-16 code units as JavaScript counts."""

    def is_short(value: Any) -> bool:
        return not is_text(value) or len(value.encode("utf-16-le", "surrogatepass")) // 2 <= LONGEST

    yield from _payloads(conversation, "chat_send", "content", is_short, f"at most {LONGEST} characters long")


@check("MEG-CLI-09")
def a_call_names_its_tool(conversation: Conversation) -> Iterator[None]:
    """Every tool_call."""
    yield from _payloads(conversation, "tool_call", "tool_name", is_name, "a text that is not empty")


@check("MEG-CLI-10")
def a_call_names_itself(conversation: Conversation) -> Iterator[None]:
    """Every tool_call."""
    yield from _payloads(conversation, "tool_call", "execution_id", is_name, "a text that is not empty")


@check("MEG-CLI-11")
def a_joining_names_its_session(conversation: Conversation) -> Iterator[None]:
    """Every session_join."""
    yield from _payloads(conversation, "session_join", "session_id", is_name, "a text that is not empty")


@check("MEG-CLI-12")
def an_action_has_a_name(conversation: Conversation) -> Iterator[None]:
    """Every collaborative_action."""
    yield from _payloads(conversation, "collaborative_action", "action", is_name, "a text that is not empty")


@check("MEG-CLI-13")
def who_acts_has_joined(conversation: Conversation) -> Iterator[None]:
    """Every collaborative_action, against the session_joins before it and the session of the connection."""
    if conversation.dropped or not conversation.received("connection_established"):
        return
    greeting = conversation.received("connection_established")[0]
    joined = {field_of(greeting, "payload.session_id")}
    for message in _said(conversation, "session_join", "collaborative_action"):
        name = field_of(message, "payload.session_id")
        if message["type"] == "session_join":
            joined.add(str(name))
        else:
            yield expect(name in joined, "a session_join of this session before", message)


@check("MEG-CLI-14")
def a_batch_holds_messages(conversation: Conversation) -> Iterator[None]:
    """Every batch: from 2 to 10 messages, none of them a batch."""
    for message in conversation.sent("batch"):
        inner = field_of(message, "payload.messages")
        good = isinstance(inner, list) and all(isinstance(m, dict) and m.get("type") != "batch" for m in inner)
        yield expect(good, "payload.messages to be a list of messages", message)
        yield expect(2 <= len(inner) <= MOST_IN_A_BATCH, f"from 2 to {MOST_IN_A_BATCH} messages", message)


@check("MEG-CLI-15")
def no_message_is_too_big(conversation: Conversation) -> Iterator[None]:
    """Every data frame of the client."""
    for entry in conversation.entries:
        if entry.sender == "client" and entry.frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            size = len(entry.frame.data)
            yield expect(size <= MEGABYTE, f"at most {MEGABYTE} bytes", size)


@check("MEG-CLI-16")
def messages_do_not_come_too_fast(conversation: Conversation) -> Iterator[None]:
    """Every message of the client, with those of the second before it."""
    times: list[float] = []
    for entry, message in conversation.messages("client"):
        times = [at_s for at_s in times if at_s > entry.at_s - 1.0]
        times.append(entry.at_s)
        yield expect(len(times) <= IN_A_SECOND, "at most 10 messages within a second", message)


@check("MEG-CLI-17")
def metadata_is_true(conversation: Conversation) -> Iterator[None]:
    """Every message of the client that names a user or session in metadata, against the greeting."""
    for greeting in conversation.received("connection_established")[:1]:
        for message in _said(conversation):
            for name in ("user_id", "session_id"):
                told = field_of(message, f"metadata.{name}")
                if told is not None:
                    right = field_of(greeting, f"payload.{name}")
                    yield expect(told == right, f"metadata.{name} {right!r}, as connection_established said", message)


@check("MEG-CLI-18")
def no_call_borrows_the_name_of_another(conversation: Conversation) -> Iterator[None]:
    """The execution_id of every tool_call, against those before."""
    seen: set[str] = set()
    for message in _said(conversation, "tool_call"):
        name = str(field_of(message, "payload.execution_id"))
        yield expect(name not in seen, "an execution_id of its own", message)
        seen.add(name)
