"""Message Format: the envelope of what the server sends."""

from __future__ import annotations

from collections.abc import Iterator

from harness.conformance.check import check, expect, given
from harness.core.conversation import Conversation
from harness.core.message import Message, Opcode, field_of
from harness.protocols.megabot.checks.reading import is_name, is_number, is_text, seconds, timestamps, unit
from harness.protocols.megabot.lab import MegabotLab

FROM_SERVER = (
    "connection_established",
    "connection_error",
    "chat_receive",
    "chat_stream",
    "status_update",
    "notification",
    "tool_result",
    "collaborative_action",
)
FROM_CLIENT_ALONE = ("chat_send", "session_join")
SHOWN_WITH_TIME = ("connection_established", "connection_error")
DAY_S = 86_400
DISORDER_S = 1.0  # Parts of a server may tell the time before they wait for each other, or in whole seconds.


@check("MEG-FMT-01")
def each_frame_is_text_with_one_object(conversation: Conversation) -> Iterator[None]:
    """Every data frame of the server."""
    for entry in conversation.entries:
        frame = entry.frame
        if entry.sender == "server" and frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            good = frame.opcode is Opcode.TEXT and entry.message is not None
            shown = f"{frame.opcode.name.lower()} frame {frame.data[:80]!r}"
            yield expect(good, "a text frame that holds a JSON object", shown)


@check("MEG-FMT-02")
def each_id_is_a_text(conversation: Conversation) -> Iterator[None]:
    """Every message of the server."""
    for message in conversation.received():
        yield expect(is_name(message.get("id")), "id to be a text that is not empty", message)


@check("MEG-FMT-03")
def no_id_is_used_twice(conversation: Conversation) -> Iterator[None]:
    """The ids on one connection, from the second on; what belongs to one reply may share one."""
    seen: dict[str, int] = {}
    reply = 0
    for message in conversation.received():
        id_, part = str(message.get("id")), -1
        if message.get("type") in ("chat_stream", "chat_receive"):
            # The whole may follow its last piece under the same id; the next reply has another.
            reply += field_of(message, "payload.sequence") == 1
            part = reply
        if seen:
            good = id_ not in seen or (part >= 0 and seen[id_] == part)
            yield expect(good, "an id that no message before had", message)
        seen[id_] = part


@check("MEG-FMT-04")
def no_id_is_taken_from_the_client(conversation: Conversation) -> Iterator[None]:
    """Every message of the server, against the ids of the client's on the connection."""
    taken = {message["id"] for message in conversation.sent() if isinstance(message.get("id"), str)}
    if taken:
        for message in conversation.received():
            yield expect(str(message.get("id")) not in taken, "an id of the server's own", message)


@check("MEG-FMT-05")
def each_type_is_a_text(conversation: Conversation) -> Iterator[None]:
    """Every message of the server."""
    for message in conversation.received():
        yield expect(is_name(message.get("type")), "type to be a text that is not empty", message)


@check("MEG-FMT-06")
def no_type_is_one_that_only_clients_send(conversation: Conversation) -> Iterator[None]:
    """Every message of the server."""
    for message in conversation.received():
        yield expect(message.get("type") not in FROM_CLIENT_ALONE, "a type that servers send", message)


@check("MEG-FMT-07")
def each_payload_is_an_object(conversation: Conversation) -> Iterator[None]:
    """Every message of a type that the spec shows."""
    for message in conversation.received(*FROM_SERVER):
        yield expect(isinstance(message.get("payload"), dict), "payload to be an object", message)


@check("MEG-FMT-08")
def greetings_and_errors_have_a_time(conversation: Conversation) -> Iterator[None]:
    """Every message whose sample has one."""
    for message in conversation.received(*SHOWN_WITH_TIME):
        yield expect(is_number(message.get("timestamp")), "timestamp to be a number", message)


@check("MEG-FMT-09")
def each_message_has_a_time(conversation: Conversation) -> Iterator[None]:
    """Every other message of the server."""
    for message in conversation.received():
        if message.get("type") not in SHOWN_WITH_TIME:
            yield expect(is_number(message.get("timestamp")), "timestamp to be a number", message)


@check("MEG-FMT-10")
def each_time_is_one_of_this_century(conversation: Conversation) -> Iterator[None]:
    """Every timestamp, as seconds or as milliseconds."""
    for message, value in _times(conversation):
        yield expect(unit(value), "a time since 1970, in seconds or milliseconds", message)


@check("MEG-FMT-11")
def all_times_have_one_unit(conversation: Conversation) -> Iterator[None]:
    """Every timestamp, against the first of the connection."""
    first = None
    for message, value in _times(conversation):
        here = unit(value)
        if first is not None and here is not None:
            yield expect(here == first, f"a time in {first}, as before", message)
        first = first or here


@check("MEG-FMT-12")
async def the_time_is_that_of_the_day(lab: MegabotLab) -> None:
    """The timestamp of a greeting, against our clock; clocks may differ by a day."""
    with given("a connection"):
        peer = await lab.bare()
        greeting = await peer.greet()
    value = greeting.get("timestamp")
    good = is_number(value) and abs(seconds(value) - lab.wall_s()) < DAY_S
    expect(good, f"a time near {int(lab.wall_s())} s", value)


@check("MEG-FMT-13")
def the_time_does_not_run_backwards(conversation: Conversation) -> Iterator[None]:
    """The timestamps of envelopes, against the latest before."""
    latest_s = None
    for message in conversation.received():
        value = message.get("timestamp")
        if not is_number(value) or unit(value) is None:
            continue
        now_s = seconds(value)
        if latest_s is not None:
            yield expect(now_s >= latest_s - DISORDER_S, f"a time not before {latest_s:.3f} s", message)
        latest_s = now_s if latest_s is None else max(latest_s, now_s)


@check("MEG-FMT-14")
def metadata_is_an_object(conversation: Conversation) -> Iterator[None]:
    """Every message of the server that has some; the members that the spec names are texts."""
    for message in conversation.received():
        if "metadata" in message:
            metadata = message["metadata"]
            yield expect(isinstance(metadata, dict), "metadata to be an object", message)
            for name in ("user_id", "session_id", "platform"):
                good = name not in metadata or is_text(metadata[name])
                yield expect(good, f"metadata.{name} to be a text", message)


def _times(conversation: Conversation) -> Iterator[tuple[Message, float]]:
    for message in conversation.received():
        for value in timestamps(message):
            if is_number(value):
                yield message, value
