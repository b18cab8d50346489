from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness.core.http import HttpReply
from harness.core.message import Frame, Opcode
from harness.core.protocol import Protocol
from harness.core.session import Session
from harness.core.variant import (
    in_facts,
    in_member,
    in_protocol,
    in_rules,
    in_session,
    in_world,
    on_frame,
    on_message,
    variants_in,
)
from harness.core.world import World


@dataclass(frozen=True)
class Numbers:
    doors: int = 1
    floors: int = 5


@pytest.fixture
def lift(tmp_path):
    return Protocol("lift", "Lift", ("/lift",), tmp_path, World, Session, Numbers(), Numbers())


@on_message("floors may be counted from 1", "Going", lacks=("ground_floor",))
def counts_from_1(message, session, now):
    """Calls the ground floor the first."""
    return {**message, "to": message["to"] + 1}


@on_frame("pongs may be empty", Opcode.PONG, unseen=("LIFT-1",))
def empty_pongs(frame, session, now):
    """Sends empty pongs."""
    return Frame(Opcode.PONG)


@in_session("doors are not mentioned")
class NeverOpens(Session):
    """Has no doors."""


@in_world("shafts are not mentioned", lacks=("shaft",))
class HasNoShaft(World):
    """Has no shaft."""


def edited(variant, protocol, message):
    (only,) = variant.apply(protocol).message_filters
    return list(only(message, None, 0.0))


def test_a_variant_is_named_after_what_it_decorates_and_says_what_it_reads_otherwise():
    assert (counts_from_1.name, counts_from_1.reading) == ("counts-from-1", "floors may be counted from 1")
    assert (counts_from_1.text, counts_from_1.lacks) == ("Calls the ground floor the first.", ("ground_floor",))
    assert (NeverOpens.name, NeverOpens.lacks, NeverOpens.unseen) == ("never-opens", (), ())
    assert (HasNoShaft.lacks, empty_pongs.unseen) == (("shaft",), ("LIFT-1",))


def test_messages_and_frames_have_another_form(lift):
    assert edited(counts_from_1, lift, {"type": "Going", "to": 3}) == [{"type": "Going", "to": 4}]
    (only,) = empty_pongs.apply(lift).frame_filters
    assert list(only(Frame(Opcode.PONG, b"x"), None, 0.0)) == [Frame(Opcode.PONG)]


def test_a_member_has_another_value_where_it_is_there(lift):
    doubled = in_member("doubled", "", "", "stops.*.floor", lambda floor: 2 * floor, "Going")
    message = {"type": "Going", "stops": [{"floor": 1}, {}, {"floor": 3}]}
    assert edited(doubled, lift, message) == [{"type": "Going", "stops": [{"floor": 2}, {}, {"floor": 6}]}]
    assert edited(doubled, lift, {"type": "Stopped"}) == [{"type": "Stopped"}]


def test_classes_numbers_and_properties_take_the_place_of_others(lift):
    assert NeverOpens.apply(lift).session.__name__ == "NeverOpens"
    assert HasNoShaft.apply(lift).world.__name__ == "HasNoShaft"
    assert in_rules("two", "", "", doors=2).apply(lift).rules == Numbers(doors=2)
    assert in_facts("high", "", "", floors=99).apply(lift).facts == Numbers(floors=99)
    assert lift.facts == lift.rules == Numbers()

    def admit(world, rules, request, now):
        return HttpReply({}, 503)

    assert in_protocol("closed", "", "", admit=admit).apply(lift).admit is admit


def test_variants_are_found_in_a_module():
    assert next(variant.name for variant in variants_in("harness.core.habits")) == "spacious-ascii"
    assert list(variants_in("harness.core.variant")) == []
    assert list(variants_in("harness.core.nowhere")) == []
