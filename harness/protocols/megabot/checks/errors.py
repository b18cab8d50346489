"""Error Handling, Message Validation: what an error says, what is refused, and what a server outlives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from harness.conformance.check import Violation, check, expect, given
from harness.core.conversation import Conversation
from harness.core.message import Frame, Message, Opcode, field_of
from harness.protocols.megabot.checks.chat import LONGEST
from harness.protocols.megabot.checks.reading import is_name, is_text, is_whole, members
from harness.protocols.megabot.lab import REPLIES, MegabotPeer

ERROR = "connection_error"

# What an error says -------------------------------------------------------------------------------


@check("MEG-ERR-01")
def an_error_has_a_name(conversation: Conversation) -> Iterator[None]:
    """Every connection_error."""
    yield from members(conversation, ERROR, "error", is_name, "a text that is not empty")


@check("MEG-ERR-02")
def an_error_has_a_message(conversation: Conversation) -> Iterator[None]:
    """Every connection_error."""
    yield from members(conversation, ERROR, "message", is_text, "a text")


@check("MEG-ERR-03")
def an_error_has_a_code(conversation: Conversation) -> Iterator[None]:
    """Every connection_error."""
    yield from members(conversation, ERROR, "code", is_whole, "a whole number")


@check("MEG-ERR-04")
def what_is_401_and_what_not(conversation: Conversation) -> Iterator[None]:
    """Every connection_error that is called authentication_failed."""
    for message in conversation.received(ERROR):
        if field_of(message, "payload.error") == "authentication_failed":
            yield expect(field_of(message, "payload.code") == 401, "payload.code 401", message)


# What a server outlives ---------------------------------------------------------------------------


def _message(kind: str) -> Frame:
    message = {"id": f"msg_{kind}", "type": kind, "payload": {"content": "Hello"}}
    return Frame(Opcode.TEXT, json.dumps(message).encode())


async def _outlives(client: MegabotPeer, frame: Frame) -> None:
    with given("a chat"):
        await client.chat()
    await client.in_turn()
    await client.send_frame(frame)
    await client.pause(client.lab.profile.quiet_s)
    if client.is_lost:  # It may end the connection, but in good order, and the server goes on.
        expect(client.conversation.close is not None, "a close frame", "the connection was cut")
        client = await client.lab.client()
    expect(await client.is_serving(), "a reply to a chat afterwards", "none")


@check("MEG-ERR-05")
async def text_that_is_no_json_is_outlived(client: MegabotPeer) -> None:
    """Send plain words."""
    await _outlives(client, Frame(Opcode.TEXT, b"Hello MegaBot!"))


@check("MEG-ERR-06")
async def json_that_is_no_object_is_outlived(client: MegabotPeer) -> None:
    """Send a list."""
    await _outlives(client, Frame(Opcode.TEXT, b'["chat_send"]'))


@check("MEG-ERR-07")
async def binary_frames_are_outlived(client: MegabotPeer) -> None:
    """Send a few bytes in a binary frame."""
    await _outlives(client, Frame(Opcode.BINARY, b"\x00\x01\xfe\xff"))


@check("MEG-ERR-08")
async def unknown_types_are_outlived(client: MegabotPeer) -> None:
    """Send a message of a type that we made up."""
    await _outlives(client, _message("chat_shout"))


@check("MEG-ERR-09")
async def types_of_servers_are_outlived(client: MegabotPeer) -> None:
    """Send a chat_receive."""
    await _outlives(client, _message("chat_receive"))


# What is refused ----------------------------------------------------------------------------------


async def _chat_is_refused(client: MegabotPeer, changes: Message, payload: Any) -> None:
    """Demand an error or the end after a chat_send that differs from a good one in one thing; None leaves that out."""
    with given("a chat"):
        await client.chat()
    await _is_refused(client, client.envelope("chat_send", payload) | changes, *REPLIES)


async def _is_refused(client: MegabotPeer, message: Message, *served: str, after: str = "") -> None:
    await client.post({name: value for name, value in message.items() if value is not None})
    try:
        answer = await client.first(*served, where=lambda m: field_of(m, "payload.execution_id") != after)
    except Violation:
        expect(client.is_lost, "an error or the end", "neither")
        return
    refused = answer.get("type") not in served
    # A tool may say by its result that it was called wrongly.
    failed = answer.get("type") == "tool_result" and field_of(answer, "payload.status") != "completed"
    expect(refused or failed, "an error or the end", answer)


GOOD = {"content": "Hello MegaBot!"}


@check("MEG-VAL-01")
async def a_message_without_id_is_refused(client: MegabotPeer) -> None:
    """Send a chat_send without id."""
    await _chat_is_refused(client, {"id": None}, GOOD)


@check("MEG-VAL-02")
async def a_message_without_type_is_refused(client: MegabotPeer) -> None:
    """Send a chat_send without type."""
    await _chat_is_refused(client, {"type": None}, GOOD)


@check("MEG-VAL-03")
async def a_message_without_payload_is_refused(client: MegabotPeer) -> None:
    """Send a chat_send without payload."""
    await _chat_is_refused(client, {}, None)


@check("MEG-VAL-04")
async def a_chat_without_content_is_refused(client: MegabotPeer) -> None:
    """Send a chat_send with a platform alone."""
    await _chat_is_refused(client, {}, {"platform": "web"})


@check("MEG-VAL-05")
async def an_empty_content_is_refused(client: MegabotPeer) -> None:
    """Send a chat_send with an empty text."""
    await _chat_is_refused(client, {}, {"content": ""})


@check("MEG-VAL-06")
async def a_content_that_is_no_text_is_refused(client: MegabotPeer) -> None:
    """Send a chat_send with a number for content."""
    await _chat_is_refused(client, {}, {"content": 42})


@check("MEG-VAL-07")
async def a_content_that_is_too_long_is_refused(client: MegabotPeer) -> None:
    """Send a chat_send with one character too many."""
    await _chat_is_refused(client, {}, {"content": "x" * (LONGEST + 1)})


async def _call_is_refused(client: MegabotPeer, missing: str) -> None:
    with given("a call of run_tests"):
        first = client.lab.unique("exec")
        await client.call(first)
        await client.result(first)
    payload = {"tool_name": "run_tests", "parameters": {}, "execution_id": client.lab.unique("exec")}
    del payload[missing]
    await _is_refused(client, client.envelope("tool_call", payload), "tool_result", after=first)


@check("MEG-VAL-08")
async def a_call_of_no_tool_is_refused(client: MegabotPeer) -> None:
    """Send a tool_call without tool_name."""
    await _call_is_refused(client, "tool_name")


@check("MEG-VAL-09")
async def a_call_without_execution_id_is_refused(client: MegabotPeer) -> None:
    """Send a tool_call without execution_id."""
    await _call_is_refused(client, "execution_id")
