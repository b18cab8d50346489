"""3.6: log entries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.conformance.check import check, expect
from harness.core.conversation import Conversation
from harness.core.message import Message, field_of
from harness.protocols.brainstream.checks.reading import Good, at_of, is_moment, is_text, members, moment, packets

LEVELS = ("INFO", "WARNING", "ERROR")
YOUNGER_S = 2.0
OLDER_S = 31 * 86_400.0


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, dict) for entry in value)


@check("BRA-LOG-01")
def logs_are_a_list_of_objects(conversation: Conversation) -> Iterator[None]:
    """Every packet; an empty list will do."""
    yield from members(conversation, "logs", _is_list_of_objects, "an array of objects")


def _entries(packet: Message) -> list[dict[str, Any]]:
    logs = field_of(packet, "data.logs")
    return [entry for entry in logs if isinstance(entry, dict)] if isinstance(logs, list) else []


def _entry_members(conversation: Conversation, name: str, good: Good, wanted: str) -> Iterator[None]:
    for _, packet in packets(conversation):
        for entry in _entries(packet):
            yield expect(good(entry.get(name)), f"{name} of a log entry to be {wanted}", entry)


@check("BRA-LOG-02")
def each_level_is_one_of_three(conversation: Conversation) -> Iterator[None]:
    """Every entry."""
    yield from _entry_members(conversation, "level", lambda v: v in LEVELS, f"one of {', '.join(LEVELS)}")


@check("BRA-LOG-03")
def each_message_is_a_string(conversation: Conversation) -> Iterator[None]:
    """Every entry."""
    yield from _entry_members(conversation, "message", is_text, "a string")


@check("BRA-LOG-04")
def each_entry_has_its_time(conversation: Conversation) -> Iterator[None]:
    """Every entry; any form of ISO 8601, precision and zone will do."""
    yield from _entry_members(conversation, "timestamp", is_moment, "a date and time by ISO 8601")


def _ages(conversation: Conversation) -> Iterator[tuple[float, dict[str, Any]]]:
    """How many seconds before its packet each entry is, where both times are of the same kind."""
    for _, packet in packets(conversation):
        told_at = at_of(packet)
        for entry in _entries(packet):
            noted_at = moment(entry.get("timestamp"))
            if told_at is None or noted_at is None:
                continue
            if _has_zone(packet["data"]["timestamp"]) == _has_zone(entry["timestamp"]):
                yield told_at - noted_at, entry


def _has_zone(timestamp: str) -> bool:
    """A time without a zone may be one of the server's own zone."""
    time = timestamp[11:] if timestamp[4] == "-" else timestamp[9:]
    return any(sign in time.upper() for sign in "Z+-")


@check("BRA-LOG-05")
def no_entry_is_younger_than_its_packet(conversation: Conversation) -> Iterator[None]:
    """Every entry, with two seconds for clocks and rounding."""
    for age_s, entry in _ages(conversation):
        yield expect(age_s >= -YOUNGER_S, f"a log entry no younger than its packet, not {-age_s:.0f} s", entry)


@check("BRA-LOG-06")
def no_entry_is_absurdly_old(conversation: Conversation) -> Iterator[None]:
    """Every entry."""
    for age_s, entry in _ages(conversation):
        yield expect(age_s <= OLDER_S, f"a log entry of the last month, not {age_s / 86_400:.0f} days old", entry)
