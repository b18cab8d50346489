"""Message Envelope: the five members of every message, and what is no message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from harness.conformance.check import check, expect
from harness.core.conversation import Conversation
from harness.core.message import Frame, Message, Opcode, field_of, rfc3339
from harness.protocols.skybit.checks.probing import SERVICE, code, refused
from harness.protocols.skybit.checks.trades import is_timestamp
from harness.protocols.skybit.lab import SkybitPeer

FROM_CLIENT = ("Auth", "Chat", "Approve", "Cancel", "Heartbeat", "Subscribe", "Unsubscribe")
FROM_SERVER = ("Auth", "Plan", "Preview", "Status", "Heartbeat", "Error", "MarketData")

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)


def is_uuid(value: Any) -> bool:
    """A UUID of any version."""
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def is_uuid4(value: Any) -> bool:
    """A UUID of version 4."""
    return isinstance(value, str) and _UUID4.fullmatch(value) is not None


# What the server sends ---------------------------------------------------------------------------


@check("SKY-ENV-01")
def each_frame_is_text_with_one_object(conversation: Conversation) -> Iterator[None]:
    """Every data frame of the server."""
    for entry in conversation.entries:
        if entry.sender == "server" and entry.frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            good = entry.frame.opcode is Opcode.TEXT and entry.message is not None
            yield expect(good, "a text frame that holds a JSON object", _shown(entry.frame))


def _shown(frame: Frame) -> str:
    return f"{frame.opcode.name.lower()} frame {frame.data[:80]!r}"


@check("SKY-ENV-02")
def each_type_is_one_of_the_twelve(conversation: Conversation) -> Iterator[None]:
    """Every message of the server."""
    names = sorted({*FROM_CLIENT, *FROM_SERVER})
    for message in conversation.received():
        yield expect(message.get("type") in names, f"type to be one of {', '.join(names)}", message)


@check("SKY-ENV-03")
def no_type_is_one_that_only_clients_send(conversation: Conversation) -> Iterator[None]:
    """Every message of the server."""
    for message in conversation.received():
        backwards = message.get("type") in FROM_CLIENT and message.get("type") not in FROM_SERVER
        yield expect(not backwards, "a type that servers send", message)


@check("SKY-ENV-04")
def each_id_is_a_uuid_of_version_4(conversation: Conversation) -> Iterator[None]:
    """Every message of the server, version and variant."""
    for message in conversation.received():
        yield expect(is_uuid4(message.get("id")), "id to be a version 4 UUID", message)


@check("SKY-ENV-05")
def no_id_is_used_twice(conversation: Conversation) -> Iterator[None]:
    """The ids of all messages of the server on one connection, from the second one on."""
    seen: set[str] = set()
    for message in conversation.received():
        id_ = str(message.get("id"))
        if seen:
            yield expect(id_ not in seen, "an id that no message before had", message)
        seen.add(id_)


@check("SKY-ENV-06")
def no_id_is_taken_from_the_client(conversation: Conversation) -> Iterator[None]:
    """Every message of the server, against the client's ids on the connection."""
    taken = {message.get("id") for message in conversation.sent() if isinstance(message.get("id"), str)}
    for message in conversation.received():
        id_ = message.get("id")
        yield expect(not isinstance(id_, str) or id_ not in taken, "an id of the server's own", message)


@check("SKY-ENV-07")
def each_ts_is_a_timestamp(conversation: Conversation) -> Iterator[None]:
    """Every message of the server; any precision and any zone will do."""
    for message in conversation.received():
        yield expect(is_timestamp(message.get("ts")), "ts to be an RFC 3339 timestamp", message)


@check("SKY-ENV-08")
def each_session_is_a_string(conversation: Conversation) -> Iterator[None]:
    """Every message of the server."""
    for message in conversation.received():
        yield expect(isinstance(message.get("session"), str), "session to be a string", message)


@check("SKY-ENV-09")
def each_session_is_a_uuid_once_there_is_one(conversation: Conversation) -> Iterator[None]:
    """Every message of the server from the confirmation on; any version of UUID will do."""
    for message in _since_auth(conversation):
        yield expect(is_uuid(message.get("session")), "session to be a UUID", message)


@check("SKY-ENV-10")
def the_session_stays_what_auth_made_it(conversation: Conversation) -> Iterator[None]:
    """Every message of the server after a confirmation, until another one."""
    session = None
    for message in _since_auth(conversation):
        if message.get("type") == "Auth":
            session = message.get("session")
        else:
            yield expect(message.get("session") == session, f"session to be {session!r}, as Auth said", message)


def _since_auth(conversation: Conversation) -> Iterator[Message]:
    authenticated = False
    for message in conversation.received():
        authenticated = authenticated or message.get("type") == "Auth"
        if authenticated:
            yield message


@check("SKY-ENV-11")
def each_data_is_an_object(conversation: Conversation) -> Iterator[None]:
    """Every message of the server."""
    for message in conversation.received():
        yield expect(isinstance(message.get("data"), dict), "data to be an object", message)


# What is no message ------------------------------------------------------------------------------


def _heartbeat(trader: SkybitPeer, **changes: Any) -> Message:
    """A good Heartbeat but for `changes`; a member that is to be None is left out."""
    message = trader.envelope("Heartbeat", {"client_ts": rfc3339(trader.lab.wall_s())}) | changes
    return {name: value for name, value in message.items() if value is not None}


async def _text_is_refused(trader: SkybitPeer, text: str) -> None:
    await trader.send_text(text)
    error = await trader.receive("Error", where=lambda m: not field_of(m, "data.request_id"))
    expect(code(error) == "INVALID_REQUEST", "INVALID_REQUEST about no request in particular", error)


@check("SKY-ENV-12")
async def text_that_is_no_json_is_refused(trader: SkybitPeer) -> None:
    """Send an order in plain words."""
    await _text_is_refused(trader, "Buy 200 shares of AAPL")


@check("SKY-ENV-13")
async def json_that_is_no_object_is_refused(trader: SkybitPeer) -> None:
    """Send a list."""
    await _text_is_refused(trader, '["Heartbeat"]')


@check("SKY-ENV-14")
async def a_message_without_type_is_refused(trader: SkybitPeer) -> None:
    """Send a Heartbeat without its type."""
    await refused(trader, _heartbeat(trader, type=None), "INVALID_REQUEST")


@check("SKY-ENV-15")
async def a_message_of_unknown_type_is_refused(trader: SkybitPeer) -> None:
    """Send a Heartbeat under a name of our own."""
    await refused(trader, _heartbeat(trader, type="Pulse"), "INVALID_REQUEST")


@check("SKY-ENV-16")
async def data_that_is_no_object_is_refused(trader: SkybitPeer) -> None:
    """Send a Heartbeat with a list for data."""
    await refused(trader, _heartbeat(trader, data=["client_ts"]), "INVALID_REQUEST")


@check("SKY-ENV-17")
async def a_message_without_data_is_refused(trader: SkybitPeer) -> None:
    """Send a Heartbeat without data."""
    await refused(trader, _heartbeat(trader, data=None), "INVALID_REQUEST")


@check("SKY-ENV-18")
async def a_message_without_id_is_refused(trader: SkybitPeer) -> None:
    """Send a Heartbeat without id; the Error names no request then."""
    await refused(trader, _heartbeat(trader, id=None), "INVALID_REQUEST")


@check("SKY-ENV-19")
async def an_id_that_is_no_uuid_is_refused(trader: SkybitPeer) -> None:
    """Send a Heartbeat with a short id."""
    await refused(trader, _heartbeat(trader, id="1"), "INVALID_REQUEST")


@check("SKY-ENV-20")
async def a_message_without_ts_is_refused(trader: SkybitPeer) -> None:
    """Send a Heartbeat without ts."""
    await refused(trader, _heartbeat(trader, ts=None), "INVALID_REQUEST")


@check("SKY-ENV-21")
async def a_ts_that_is_no_timestamp_is_refused(trader: SkybitPeer) -> None:
    """Send a Heartbeat with words for ts."""
    await refused(trader, _heartbeat(trader, ts="half past ten"), "INVALID_REQUEST")


@check("SKY-ENV-22")
async def a_message_without_session_is_refused(trader: SkybitPeer) -> None:
    """Send a Heartbeat without session."""
    await refused(trader, _heartbeat(trader, session=None), "INVALID_REQUEST")


@check("SKY-ENV-23")
async def a_message_of_another_session_is_refused(trader: SkybitPeer) -> None:
    """Send a Heartbeat that names a session of nobody."""
    other = _heartbeat(trader)["id"]  # Any UUID but the session's.
    await refused(trader, _heartbeat(trader, session=other), "INVALID_REQUEST")


@check("SKY-ENV-24")
async def a_message_that_only_servers_send_is_not_served(trader: SkybitPeer) -> None:
    """Send a Plan, and wait for anything but an Error."""
    before = len(trader.conversation.received("Auth", *SERVICE))
    await trader.say("Plan", intent="Place limit buy order", tools=[])
    await trader.pause(trader.lab.profile.quiet_s)
    served = trader.conversation.received("Auth", *SERVICE)[before:]
    expect(not served, "nothing but an Error about a Plan from a client", served[0] if served else None)
