"""Broken servers, at Heartbeats."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.core.defect import on_message
from harness.core.message import Message, merged
from harness.core.session import Session
from harness.protocols.skybit.defects.breaking import copied, overlooks

# Where the answer to a Heartbeat shows that a connection is alive.
HEARTLESS = (
    *("SKY-CONN-06", "SKY-CONN-12", "SKY-HB-02", "SKY-APPR-12", "SKY-ERR-11", "SKY-IDEM-06", "SKY-RATE-13"),
    *("SKY-RATE-09", "SKY-SUB-04", "SKY-SUB-05", "SKY-SUB-06", "SKY-STATE-01", "SKY-STATE-03", "SKY-STATE-06"),
    *("SKY-ERR-21", "SKY-ERR-22"),
)


@on_message("SKY-HB-01", "Heartbeat", also=HEARTLESS)
def has_no_heart(message: Message, session: Session[Any, Any], now: float) -> None:
    """Never answers a Heartbeat."""


@on_message("SKY-HB-02", "Heartbeat")
def returns_its_own_time(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives its own time back in place of the client's."""
    return merged(message, {"data.client_ts": "2024-01-15T00:00:00Z"})


@on_message("SKY-HB-03", "Heartbeat")
def server_ts_in_milliseconds(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Tells its time as epoch milliseconds."""
    return merged(message, {"data.server_ts": int(session.context.clock.wall_s(now) * 1000)})


@on_message("SKY-HB-04", "Heartbeat")
def latency_with_its_unit(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Writes the unit behind the latency."""
    return merged(message, {"data.latency_ms": f"{message['data']['latency_ms']} ms"})


@on_message("SKY-HB-06", "Heartbeat")
def latency_in_microseconds(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives the latency in microseconds."""
    return merged(message, {"data.latency_ms": message["data"]["latency_ms"] * 1000 + 500})


@on_message("SKY-HB-07", "Heartbeat", also=("SKY-RATE-12",))
def has_two_hearts(message: Message, session: Session[Any, Any], now: float) -> Iterable[Message]:
    """Answers each Heartbeat twice."""
    return message, copied(message, session)


swallows_bad_times = overlooks(
    "swallows-bad-times",
    "SKY-HB-08",
    "Says nothing about a Heartbeat whose client_ts is no timestamp.",
    lambda problem: problem.where == "data.client_ts",
)
