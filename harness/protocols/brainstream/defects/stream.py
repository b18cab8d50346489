"""Broken servers, at the stream: when packets come, how large they are, and what is new in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from harness.core.change import nth
from harness.core.defect import Defect, on_message
from harness.core.message import Message, merged
from harness.core.session import Session


def _paced(name: str, text: str, every_s: float) -> Defect:
    return Defect(name, "BRA-STREAM-01", (), text, lambda p: replace(p, facts=replace(p.facts, tick_every_s=every_s)))


slow_stream = _paced("slow-stream", "Sends a packet every two seconds.", 2.0)
fast_stream = _paced("fast-stream", "Sends two packets a second.", 0.5)


@on_message("BRA-STREAM-02", "TELEMETRY")
def catches_its_breath(message: Message, session: Session[Any, Any], now: float) -> Message | None:
    """Leaves out three packets in twelve."""
    return None if nth(session, "packet") % 12 in (7, 8, 9) else message


@on_message("BRA-STREAM-03", "TELEMETRY")
def sends_pairs(message: Message, session: Session[Any, Any], now: float) -> Iterable[Message]:
    """Keeps each other packet back, and sends it with the next."""
    kept = vars(session).setdefault("kept", [])
    kept.append(message)
    if len(kept) < 2:
        return ()
    vars(session)["kept"] = []
    return list(kept)


@on_message("BRA-STREAM-04", "TELEMETRY")
def tells_old_news(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Sends the first state of a connection again and again."""
    first: Message = vars(session).setdefault("first", message)
    return first


@on_message("BRA-PERF-02", "TELEMETRY")
def forgets_nothing(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Puts into each packet all that the ones before had."""
    return merged(message, {"data.history": ["x" * 900] * (5 + nth(session, "packet"))})
