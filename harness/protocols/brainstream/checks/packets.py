"""2.1 and 3.1: what a packet is, and its top-level members."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from harness.conformance.check import check, expect
from harness.core.conversation import Conversation
from harness.core.message import Opcode
from harness.protocols.brainstream.checks.reading import at_of, is_moment, members, packets
from harness.protocols.brainstream.lab import PACKETS

STATUSES = ("ACTIVE", "HALT", "INITIALIZING")
DELAY_S = 60.0  # A first snapshot may be as old as that, and the next be new.


@check("BRA-PKT-01")
def each_frame_is_text_with_one_object(conversation: Conversation) -> Iterator[None]:
    """Every data frame of the server."""
    for entry in conversation.entries:
        if entry.sender == "server" and entry.frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            good = entry.frame.opcode is Opcode.TEXT and entry.message is not None
            found = f"{entry.frame.opcode.name.lower()} {entry.frame.data[:80]!r}"
            yield expect(good, "a text frame that holds a JSON object", found)


@check("BRA-PKT-02")
def each_type_is_one_of_two(conversation: Conversation) -> Iterator[None]:
    """Every message of the server."""
    for message in conversation.received():
        yield expect(message.get("type") in PACKETS, f"type to be {' or '.join(PACKETS)}", message)


@check("BRA-PKT-03")
def each_data_is_an_object(conversation: Conversation) -> Iterator[None]:
    """Every packet."""
    for _, packet in packets(conversation):
        yield expect(isinstance(packet.get("data"), dict), "data to be an object", packet)


@check("BRA-PKT-04")
def numbers_are_those_of_json(conversation: Conversation) -> Iterator[None]:
    """Every packet, as it is written; NaN and Infinity are words of JavaScript."""
    for entry, packet in packets(conversation):
        words: list[str] = []
        json.loads(entry.frame.data, parse_constant=words.append)
        yield expect(not words, f"no {' and no '.join(words)}, which JSON does not know", packet)


@check("BRA-PKT-05")
def no_member_is_there_twice(conversation: Conversation) -> Iterator[None]:
    """Every packet, as it is written: a parser takes the last or the first, whichever it likes."""
    for entry, packet in packets(conversation):
        twice: list[str] = []

        def look(pairs: list[tuple[str, Any]], twice: list[str] = twice) -> None:
            names = [name for name, _ in pairs]
            twice.extend(name for name in names if names.count(name) > 1)

        json.loads(entry.frame.data, object_pairs_hook=look)
        yield expect(not twice, f"one {' and one '.join(sorted(set(twice)))} in an object", packet)


@check("BRA-TOP-01")
def the_timestamp_is_a_date_and_time(conversation: Conversation) -> Iterator[None]:
    """Every packet; any form of ISO 8601, precision and zone will do."""
    yield from members(conversation, "timestamp", is_moment, "a date and time by ISO 8601")


@check("BRA-TOP-03")
def timestamps_never_go_back(conversation: Conversation) -> Iterator[None]:
    """Every packet against the one before; the same moment twice will do."""
    latest = None
    for _, packet in packets(conversation):
        at = at_of(packet)
        if at is not None:
            if latest is not None:
                yield expect(at >= latest, "a timestamp not before that of the packet before", packet)
            latest = at


@check("BRA-TOP-04")
def timestamps_keep_pace_with_time(conversation: Conversation) -> Iterator[None]:
    """How far each timestamp is from the connection's first, against the time between the two packets."""
    dated = [(entry.at_s, at, packet) for entry, packet in packets(conversation) if (at := at_of(packet)) is not None]
    for (_, _, _), (at_s, at, packet) in pairwise(dated):
        passed_s, told_s = at_s - dated[0][0], at - dated[0][1]
        yield expect(
            told_s <= passed_s + DELAY_S,
            f"a timestamp {passed_s:.0f} s after the first, and not {told_s:.0f} s",
            packet,
        )


@check("BRA-TOP-05")
def the_status_is_one_of_three(conversation: Conversation) -> Iterator[None]:
    """Every packet."""
    yield from members(conversation, "status", lambda v: v in STATUSES, f"one of {', '.join(STATUSES)}")
