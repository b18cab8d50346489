"""Broken servers, at the envelope."""

from __future__ import annotations

from typing import Any

from harness.core.change import kept, nth
from harness.core.defect import on_frame, on_message
from harness.core.message import Frame, Message, Opcode
from harness.core.session import Session

AnySession = Session[Any, Any]


@on_frame("EVB-ENV-01", Opcode.TEXT)
def speaks_binary(frame: Frame, session: AnySession, now: float) -> Frame:
    """Sends its events in binary frames."""
    return Frame(Opcode.BINARY, frame.data)


@on_frame("EVB-ENV-01", Opcode.TEXT)
def greets_in_words(frame: Frame, session: AnySession, now: float) -> tuple[Frame, ...]:
    """Sends a word of greeting before its first event."""
    return (Frame(Opcode.TEXT, b"hello"), frame) if nth(session, "greeting") == 1 else (frame,)


@on_message("EVB-ENV-02")
def one_name_for_all_channels(event: Message, session: AnySession, now: float) -> Message:
    """Names the bus where the channel belongs."""
    return {**event, "channel": "events"}


@on_message("EVB-ENV-02", "automation_run.started")
def jobs_under_another_name(event: Message, session: AnySession, now: float) -> Message:
    """Names the channel of trainings on that of automation, when a job starts."""
    return {**event, "channel": "training"}


@on_message("EVB-ENV-03", also=("EVB-PRED-36", "EVB-PRED-37"))
def types_without_their_prefix(event: Message, session: AnySession, now: float) -> Message:
    """Adds events of a type of its own: a heartbeat every now and then."""
    if nth(session, "events") % 5:
        return event
    return {**event, "type": "heartbeat", "payload": {}}


@on_message("EVB-ENV-04", "automation_run.updated")
def payload_in_text(event: Message, session: AnySession, now: float) -> Message:
    """Sends the payload of updates as JSON within a string."""
    return {**event, "payload": str(event["payload"])}


@on_message("EVB-ENV-05")
def time_in_text(event: Message, session: AnySession, now: float) -> Message:
    """Tells the time in words."""
    return {**event, "ts": "2025-02-14T20:26:40Z"}


@on_message("EVB-ENV-05", "hft.entry")
def no_time_of_entries(event: Message, session: AnySession, now: float) -> Message:
    """Leaves out the time of entries."""
    return {name: value for name, value in event.items() if name != "ts"}


@on_message("EVB-ENV-06", also=("EVB-ENV-07",))
def time_in_milliseconds(event: Message, session: AnySession, now: float) -> Message:
    """Tells the time in milliseconds, as JavaScript does."""
    return {**event, "ts": event["ts"] * 1000}


@on_message("EVB-ENV-07", also=("EVB-PRED-34",))
def local_time(event: Message, session: AnySession, now: float) -> Message:
    """Tells the time of a zone an hour behind UTC."""
    return {**event, "ts": event["ts"] - 3600}


@on_message("EVB-ENV-08", "automation_run.updated")
def time_of_the_start(event: Message, session: AnySession, now: float) -> Message:
    """Dates every third update ten seconds back."""
    return {**event, "ts": event["ts"] - (0 if nth(session, "update") % 3 else 10)}


@on_message("EVB-ENV-09", also=("EVB-CONN-08", "EVB-CONN-13", "EVB-CONN-14"))
def some_without_id(event: Message, session: AnySession, now: float) -> Message:
    """Leaves out the id of every third event."""
    return event if nth(session, "event") % 3 else {k: v for k, v in event.items() if k != "id"}


@on_message("EVB-ENV-10")
def ids_in_text(event: Message, session: AnySession, now: float) -> Message:
    """Writes ids as strings."""
    return {**event, "id": str(event["id"])}


@on_message("EVB-ENV-11", also=("EVB-ENV-13",))
def ids_that_repeat(event: Message, session: AnySession, now: float) -> Message:
    """Gives two events in a row the same id."""
    return {**event, "id": event["id"] // 2}


@on_message("EVB-ENV-11", also=("EVB-ENV-12",))
def ids_that_fall(event: Message, session: AnySession, now: float) -> Message:
    """Counts backwards."""
    return {**event, "id": 1_000_000 - event["id"]}


@on_message("EVB-ENV-12", also=("EVB-ENV-13", "EVB-CONN-08", "EVB-CONN-09", "EVB-CONN-13", "EVB-CONN-14"))
def ids_of_each_connection(event: Message, session: AnySession, now: float) -> Message:
    """Counts the events of each connection by itself."""
    return {**event, "id": nth(session, "id")}


@on_message("EVB-ENV-13")
def times_of_each_connection(event: Message, session: AnySession, now: float) -> Message:
    """Dates events by when the connection was opened, which differs from client to client."""
    opened = kept(session.world, "opened")
    return {**event, "ts": event["ts"] + opened.setdefault(session, len(opened)) % 2}
