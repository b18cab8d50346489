"""What the checks read in packets: members, moments, and who works for the engine."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from harness.conformance.check import expect
from harness.core.conversation import Conversation, Entry
from harness.core.message import Message, field_of
from harness.protocols.brainstream.lab import PACKETS

# Where a day or a session may begin anew, in whatever zone: at a quarter of an hour.
QUARTER_S = 900
_DATE_AND_TIME = re.compile(r"\d{4}\S*[T ].*\d", re.ASCII | re.IGNORECASE)
_LEAP_SECOND = re.compile(r"(T\d\d:?\d\d:?)60")  # It is unknown to the library.

Good = Callable[[Any], bool]


def is_number(value: Any) -> bool:
    """A number of JSON, finite, and no boolean."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, int) or math.isfinite(value)


def is_not_negative(value: Any) -> bool:
    """A number, 0 or more."""
    return is_number(value) and value >= 0


def is_share(value: Any) -> bool:
    """A number from 0 to 1."""
    return is_number(value) and 0 <= value <= 1


def is_count(value: Any) -> bool:
    """A number without a fractional part, 0 or more: 5 and 5.0 alike."""
    return is_not_negative(value) and value == int(value)


def is_text(value: Any) -> bool:
    """A string."""
    return isinstance(value, str)


def is_moment(value: Any) -> bool:
    """A date and time by ISO 8601."""
    return moment(value) is not None


def moment(value: Any) -> float | None:
    """Epoch seconds of a date and time by ISO 8601, in any of its forms; None when it is none.

    Without a zone it is UTC.
    """
    if not isinstance(value, str) or _DATE_AND_TIME.match(value) is None:
        return None
    try:
        at = datetime.fromisoformat(_LEAP_SECOND.sub(r"\g<1>59", value.upper()))
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def packets(conversation: Conversation) -> Iterator[tuple[Entry, Message]]:
    """Each packet, in order, with its entry."""
    return conversation.messages("server", *PACKETS)


def at_of(packet: Message) -> float | None:
    """The moment of a packet's snapshot, in epoch seconds; None when it does not say."""
    return moment(field_of(packet, "data.timestamp"))


def number(packet: Message, path: str) -> float | None:
    """The number at a dotted path of a packet's data; None when there is none."""
    value = field_of(packet, f"data.{path}")
    return value if is_number(value) else None


def quarter(packet: Message) -> int:
    """Which quarter of an hour a packet's snapshot is of."""
    return int((at_of(packet) or 0.0) // QUARTER_S)


def members(conversation: Conversation, path: str, good: Good, wanted: str) -> Iterator[None]:
    """Demand of each packet a good value at a dotted path of its data.

    What a WELCOME lacks altogether is the business of BRA-WEL-04.
    """
    above, _, name = f"data.{path}".rpartition(".")
    for _, packet in packets(conversation):
        parent = field_of(packet, above)
        there = isinstance(parent, dict) and name in parent
        if there or packet["type"] == "TELEMETRY":
            value = parent[name] if there else None
            yield expect(good(value), f"{path} to be {wanted}", parent if there else packet)


def workers(packet: Message, kind: str) -> dict[str, dict[str, Any]]:
    """Those of a packet's `agents` or `models` that are objects, by name."""
    found = field_of(packet, f"data.{kind}")
    return {name: w for name, w in found.items() if isinstance(w, dict)} if isinstance(found, dict) else {}


def worker_members(conversation: Conversation, kind: str, name: str, good: Good, wanted: str) -> Iterator[None]:
    """Demand of each agent or model of each packet a good value of the member `name`; None stands for its absence."""
    for _, packet in packets(conversation):
        for who, worker in workers(packet, kind).items():
            yield expect(good(worker.get(name)), f"{kind}.{who}.{name} to be {wanted}", worker)
