"""What many checks read messages by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.conformance.check import expect
from harness.core.conversation import Conversation
from harness.core.message import Message, field_of

Unit = Literal["seconds", "milliseconds"]
_MISSING = object()


def is_text(value: Any) -> bool:
    """Any text."""
    return isinstance(value, str)


def is_name(value: Any) -> bool:
    """A text that is not empty."""
    return isinstance(value, str) and value != ""


def is_number(value: Any) -> bool:
    """A number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_whole(value: Any) -> bool:
    """A whole number, with or without a point."""
    return is_number(value) and (isinstance(value, int) or value.is_integer())


def is_count(value: Any) -> bool:
    """A whole number that is not negative."""
    return is_whole(value) and value >= 0


def members(
    conversation: Conversation,
    kind: str,
    name: str,
    holds: Callable[[Any], bool],
    words: str,
    *,
    optional: bool = False,
) -> Iterator[None]:
    """Demand of a member of the payload of each message of this kind that it holds; an optional one may be absent."""
    for message in conversation.received(kind):
        payload = message.get("payload")
        value = payload.get(name, _MISSING) if isinstance(payload, dict) else _MISSING
        if value is not _MISSING or not optional:
            yield expect(value is not _MISSING and holds(value), f"payload.{name} to be {words}", message)


def unit(value: Any) -> Unit | None:
    """The unit of a timestamp, by its size; None when it is no time of this century."""
    if not is_number(value):
        return None
    if 1e9 <= value < 1e11:
        return "seconds"
    return "milliseconds" if 1e12 <= value < 1e14 else None


def seconds(value: Any) -> float:
    """A timestamp of either unit as epoch seconds."""
    return float(value / 1000 if unit(value) == "milliseconds" else value)


def timestamps(message: Message) -> Iterator[Any]:
    """All timestamps in a message that the spec defines: that of the envelope, and that within a chat_receive."""
    if "timestamp" in message:
        yield message["timestamp"]
    inner = field_of(message, "payload.timestamp")
    if message.get("type") == "chat_receive" and inner is not None:
        yield inner


@dataclass
class Stream:
    """The pieces of one reply, and the whole where it came after them."""

    chunks: list[Message] = field(default_factory=list)
    is_complete: bool = False
    whole: Message | None = None


def streams(conversation: Conversation) -> list[Stream]:
    """The streams of a conversation. Chunks do not say whose they are: a stream ends with the one that says so.

    A chat_receive belongs to the stream just before it. Of a record without its beginning, nothing is sure.
    """
    result: list[Stream] = []
    if conversation.dropped:
        return result
    for message in conversation.received("chat_stream", "chat_receive"):
        if message.get("type") == "chat_receive":
            if result and result[-1].whole is None:
                result[-1].whole = message
            continue
        if not result or result[-1].is_complete or result[-1].whole is not None:
            result.append(Stream())
        result[-1].chunks.append(message)
        result[-1].is_complete = field_of(message, "payload.is_complete") is True
    return result
