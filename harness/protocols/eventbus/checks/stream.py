"""What the checks look at: the events of one stream, the members of their payloads, and what a value may be."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from harness.conformance.check import expect
from harness.core.conversation import Conversation
from harness.core.message import Message

EVENTS = {
    "prediction": (
        "predictor.start",
        "predictor.stop",
        "predictor.error",
        "prediction.created",
        "prediction.resolved",
        "predictor.cycle",
    ),
    "automation": ("automation_run.started", "automation_run.updated"),
    "training": ("training.started", "training.progress", "training.succeeded", "training.failed"),
    "hft": (
        "hft.start",
        "hft.stop",
        "hft.broker",
        "hft.error",
        "hft.flatten",
        "hft.entry",
        "hft.exit",
        "hft.trade_risk",
        "hft.manage_error",
    ),
}
SETTLED_S = 5.0  # What was under way when something stopped may still be told so much later.


def channel_of(conversation: Conversation) -> str | None:
    """The channel that the connection's path names; None where the record does not say, or it is another path."""
    last = urlsplit(str(conversation.about.get("url", ""))).path.rstrip("/").rpartition("/")[2]
    return last if last in EVENTS else None


def told(conversation: Conversation, *kinds: str) -> Iterator[tuple[Message, Message]]:
    """Events of these types, with their payloads; those whose payload is no object are for the envelope's check."""
    for event in conversation.received(*kinds):
        payload = event.get("payload")
        if isinstance(payload, dict):
            yield event, payload


def member(
    conversation: Conversation, kind: str, name: str, holds: Callable[[Any], bool], what: str, optional: bool = False
) -> Iterator[None]:
    """Demand of each payload of this type that its member is right. An optional one may be missing, or null."""
    for event, payload in told(conversation, kind):
        value = payload.get(name)
        if not optional or value is not None:
            yield expect(holds(value), f"{name} of {kind} to be {what}", event)


def keyed(conversation: Conversation, name: str, *kinds: str) -> Iterator[tuple[Any, Message, Message]]:
    """As `told`, with the number or text that joins the events; those without are for the check of that member."""
    for event, payload in told(conversation, *kinds):
        if is_id(payload.get(name)):
            yield payload[name], event, payload


def numbers(payload: Message, *names: str) -> list[float] | None:
    """These members, if all are numbers."""
    values = [payload.get(name) for name in names]
    return [value for value in values if isinstance(value, int | float)] if all(map(is_number, values)) else None


def identity(event: Message) -> str:
    """What tells one event of a channel from another: its id, or all that it says where it has none."""
    if event.get("id") is not None:
        return f"id {event['id']}"
    return json.dumps([event.get(name) for name in ("channel", "type", "payload", "ts")], sort_keys=True)


def moment(event: Message) -> float:
    """When it happened by its own `ts`; where that is no number, at no time that could be compared."""
    ts = event.get("ts")
    return float(ts) if isinstance(ts, int | float) else math.nan


def is_number(value: Any) -> bool:
    """A JSON number that is finite."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def is_whole(value: Any) -> bool:
    """A number without a fraction, 5.0 too."""
    return is_number(value) and value == int(value)


def is_count(value: Any) -> bool:
    """A whole number, 0 or more."""
    return is_whole(value) and value >= 0


def is_above_zero(value: Any) -> bool:
    """A number above 0."""
    return is_number(value) and value > 0


def is_epoch(value: Any) -> bool:
    """A number of the magnitude of epoch seconds: milliseconds are beyond it."""
    return is_number(value) and 1e9 <= value < 1e11


def is_text(value: Any) -> bool:
    """A string, which may be empty."""
    return isinstance(value, str)


def is_key(value: Any) -> bool:
    """A string that is not empty."""
    return isinstance(value, str) and value != ""


def is_id(value: Any) -> bool:
    """A number, or a string that is not empty."""
    return is_number(value) or is_key(value)


def is_object(value: Any) -> bool:
    """A JSON object."""
    return isinstance(value, dict)


def is_truth(value: Any) -> bool:
    """True or false."""
    return isinstance(value, bool)


def is_texts(value: Any) -> bool:
    """A list of strings."""
    return isinstance(value, list) and all(map(is_text, value))


def silent_while_stopped(conversation: Conversation, stop: str, start: str, *kinds: str) -> Iterator[None]:
    """Demand that none of `kinds` comes between a stop and the next start, but for what was under way."""
    stopped_at: float | None = None
    for event in conversation.received():
        kind = event.get("type")
        if kind == stop:
            stopped_at = moment(event)
        elif stopped_at is not None and kind in (start, *kinds):
            if moment(event) > stopped_at + SETTLED_S:  # A start that late ends a silence that was long enough.
                yield expect(kind == start, f"{start} before the next {kind} after {stop}", event)
            stopped_at = None if kind == start else stopped_at
