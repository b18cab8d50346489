"""Message Protocol: what all messages of the server have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.conformance.check import Unobserved, check, expect
from harness.core.conversation import Conversation
from harness.core.message import Opcode
from harness.protocols.sigmax.checks.seeing import is_moment, moment
from harness.protocols.sigmax.lab import SigmaxLab, SigmaxPeer, connection_id_of, request_id_of
from harness.protocols.sigmax.world import TOPIC_OF

EVENTS = ("connected", "subscribed", "unsubscribed", "ping", "pong", "error", *TOPIC_OF)
NAMELESS = {"command", "get_subscriptions"}  # Requests whose answer has no type of its own.
REPLIES = ("subscribed", "unsubscribed", "pong")  # What goes to one client alone, whatever the server.


@check("SIG-ENV-01")
def every_frame_is_text_that_holds_an_object(conversation: Conversation) -> Iterator[None]:
    """Every data frame of the server."""
    for entry in conversation.entries:
        if entry.sender == "server" and entry.frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            good = entry.frame.opcode is Opcode.TEXT and entry.message is not None
            yield expect(good, "a text frame that holds a JSON object", repr(entry.frame.data[:100]))


@check("SIG-ENV-02")
def every_type_is_one_of_the_spec(conversation: Conversation) -> Iterator[None]:
    """Every message of the server; what answers a command or get_subscriptions has no type in the spec."""
    asked: set[str] = set()
    for entry, message in conversation.messages():
        if entry.sender == "client":
            asked.add(str(message.get("type")))
        elif not asked & NAMELESS:
            yield expect(message.get("type") in EVENTS, "type to be one of the sixteen events", message)


@check("SIG-ENV-03")
def every_message_has_data(conversation: Conversation) -> Iterator[None]:
    """An object; the rows of a market_update are an array, which another requirement demands."""
    for message in conversation.received():
        if message.get("type") != "market_update":
            yield expect(isinstance(message.get("data"), dict), "data to be an object", message)


@check("SIG-ENV-04")
def every_message_tells_its_time(conversation: Conversation) -> Iterator[None]:
    """Every message of the server; any fraction will do, the zone must say that it is UTC."""
    for message in conversation.received():
        yield expect(is_moment(message.get("timestamp")), "timestamp to be ISO 8601 in UTC", message)


@check("SIG-ENV-05")
def every_reply_names_the_connection(conversation: Conversation) -> Iterator[None]:
    """What answers one client."""
    for message in conversation.received(*REPLIES):
        yield expect(isinstance(message.get("connection_id"), str), "a connection_id", message)


@check("SIG-ENV-06")
def no_message_names_another_connection(conversation: Conversation) -> Iterator[None]:
    """Every message that has a connection_id, against the greeting."""
    own = next((connection_id_of(m) for m in conversation.received("connected")), None)
    if own is None or conversation.dropped:
        return
    for message in conversation.received():
        found = message.get("connection_id")
        if found is not None:
            yield expect(found == own, f"connection_id to be {own}", message)


@check("SIG-ENV-07")
def no_answer_names_a_request_that_was_not_made(conversation: Conversation) -> Iterator[None]:
    """Every message with a request_id, in its envelope or its data."""
    if conversation.dropped:
        return
    asked: list[Any] = []
    for entry, message in conversation.messages():
        found = request_id_of(message)
        if entry.sender == "client":
            asked.append(message.get("request_id"))
        elif message.get("type") in REPLIES or found is not None:
            # An answer without one is lawful: nowhere is it said that the request_id comes back.
            yield expect(found is None or found in asked, "a request_id of the client, or none", message)


@check("SIG-ENV-08")
async def each_answer_names_its_own_request(client: SigmaxPeer, lab: SigmaxLab) -> None:
    """Three questions at once, of different kinds, each with a request_id; who gives none back is right, too."""
    kinds = {"ping": "pong", "subscribe": "subscribed", "unsubscribe": "unsubscribed"}
    asked = {
        answer: await client.say(kind, {"topics": [], "symbols": list(lab.symbols)}) for kind, answer in kinds.items()
    }
    for answer, request in asked.items():
        reply = await client.receive(answer)
        found = request_id_of(reply)
        expect(found in (None, request["request_id"]), f"request_id to be {request['request_id']}", reply)


@check("SIG-ENV-09")
def times_of_a_kind_never_go_back(conversation: Conversation) -> Iterator[None]:
    """Each message against the one before of the same type."""
    latest: dict[Any, float] = {}
    for message in conversation.received():
        at, kind = moment(message.get("timestamp")), str(message.get("type"))
        if at is not None:
            yield expect(at >= latest.get(kind, at), f"a timestamp not before that of the {kind} before", message)
            latest[kind] = at


@check("SIG-ENV-10", lasts_s=4)
async def time_passes_as_the_clock_says(client: SigmaxPeer, lab: SigmaxLab) -> None:
    """Two pings, three seconds apart: their pongs tell times as far apart."""
    times = []
    for wait_s in (3.0, 0.0):
        times.append(moment((await client.ping()).get("timestamp")))
        await client.pause(wait_s)
    first, second = times
    if first is None or second is None:
        raise Unobserved("the pongs tell no time")
    expect(1.9 <= second - first <= 4.5 + client.reply_s, "two times about 3 s apart", times)
