"""Broken servers, at packets as such."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.core.change import nth
from harness.core.defect import on_frame, on_message
from harness.core.message import Frame, Message, Opcode, merged, rfc3339
from harness.core.session import Session
from harness.protocols.brainstream.defects.breaking import wrong

# Where whatever comes that is no packet looks like an answer.
ANSWERS = (
    *("BRA-CMD-01", "BRA-CMD-03", "BRA-CMD-04", "BRA-CMD-07"),
    *(f"BRA-MAL-{number:02}" for number in range(1, 12)),
    "BRA-MAL-14",
)


@on_frame("BRA-PKT-01", Opcode.TEXT)
def binary_now_and_then(frame: Frame, session: Session[Any, Any], now: float) -> Frame:
    """Sends each third packet in a binary frame."""
    return Frame(Opcode.BINARY, frame.data) if nth(session, "frame") % 3 == 0 else frame


@on_frame("BRA-PKT-01", Opcode.TEXT, also=ANSWERS)
def two_objects_in_lines(frame: Frame, session: Session[Any, Any], now: float) -> Iterable[Frame]:
    """Sends a line of text beside each packet."""
    return frame, Frame(Opcode.TEXT, b"# end of packet")


@on_message("BRA-PKT-02", "TELEMETRY", also=ANSWERS)
def beats(message: Message, session: Session[Any, Any], now: float) -> Iterable[Message]:
    """Sends a HEARTBEAT beside each packet."""
    return message, {"type": "HEARTBEAT"}


@on_message("BRA-PKT-03", "WELCOME")
def welcomes_with_nothing(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Sends a WELCOME whose data is null."""
    return {**message, "data": None}


@on_frame("BRA-PKT-04", Opcode.TEXT)
def says_nan(frame: Frame, session: Session[Any, Any], now: float) -> Frame:
    """Writes a figure that it does not know as NaN."""
    return Frame(Opcode.TEXT, frame.data.replace(b'"data":{', b'"data":{"spread":NaN,', 1))


@on_frame("BRA-PKT-05", Opcode.TEXT)
def says_it_twice(frame: Frame, session: Session[Any, Any], now: float) -> Frame:
    """Writes the status twice."""
    return Frame(Opcode.TEXT, frame.data.replace(b'"data":{', b'"data":{"status":"ACTIVE",', 1))


epoch_milliseconds = wrong("epoch-milliseconds", "BRA-TOP-01", "timestamp", lambda v: 1705314600000)
time_of_day_alone = wrong("time-of-day-alone", "BRA-TOP-01", "timestamp", lambda v: v[11:19])
date_alone = wrong("date-alone", "BRA-TOP-01", "timestamp", lambda v: v[:10])


def _moved(message: Message, session: Session[Any, Any], now: float, by_s: float) -> Message:
    wall_s = session.context.clock.wall_s(now) + by_s
    return merged(message, {"data.timestamp": rfc3339(wall_s)})


@on_message("BRA-TOP-03", "TELEMETRY")
def goes_back_in_time(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Dates each third packet before the one that it sent last."""
    return _moved(message, session, now, -1.5 if nth(session, "packet") % 3 == 0 else 0.0)


@on_message("BRA-TOP-04", "TELEMETRY")
def takes_seconds_for_minutes(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Dates each packet a minute after the one before."""
    return _moved(message, session, now, 59.0 * (nth(session, "packet") - 1))


status_in_lower_case = wrong("status-in-lower-case", "BRA-TOP-05", "status", str.lower)
status_halted = wrong("status-halted", "BRA-TOP-05", "status", lambda v: "HALTED")
