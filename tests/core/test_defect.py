from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass

import pytest

from harness.core.defect import defects_in, in_protocol, in_rules, in_session, in_world, on_frame, on_message
from harness.core.message import Frame, Opcode
from harness.core.protocol import Protocol
from harness.core.session import Session
from harness.core.world import World


@dataclass(frozen=True)
class Rules:
    doors: int = 1
    floors: int = 5


@pytest.fixture
def lift(tmp_path):
    return Protocol("lift", "Lift", ("/lift",), tmp_path, World, Session, None, Rules())


def through_messages(protocol, message):
    (only,) = protocol.message_filters
    return list(only(message, None, 0.0))


def through_frames(protocol, frame):
    (only,) = protocol.frame_filters
    return list(only(frame, None, 0.0))


@on_message("LIFT-1", "Going", also=("LIFT-2",))
def goes_to_the_wrong_floor(message, session, now):
    """It stops one floor too high."""
    return {**message, "to": message["to"] + 1}


@on_message("LIFT-3")
def says_nothing(message, session, now):
    """Every message is swallowed."""


@on_message("LIFT-4")
def says_all_twice(message, session, now):
    """Every message comes twice."""
    return (message, message)


@on_frame("LIFT-5", Opcode.PONG)
def sends_empty_pongs(frame, session, now):
    return Frame(Opcode.PONG)


@on_frame("LIFT-6")
def cuts_all_frames(frame, session, now):
    """Nothing goes out."""
    return ()


@in_session("LIFT-7", also=("LIFT-8",))
class NeverOpens(Session):
    """The doors stay shut."""


@in_world("LIFT-9")
class HasNoShaft(World):
    """There is no shaft."""


def test_a_defect_is_named_after_what_it_decorates():
    defect = goes_to_the_wrong_floor
    assert (defect.name, defect.breaks, defect.also) == ("goes-to-the-wrong-floor", "LIFT-1", ("LIFT-2",))
    assert defect.text == "It stops one floor too high."
    assert sends_empty_pongs.text == ""
    assert NeverOpens.name == "never-opens"


def test_a_fault_in_messages_touches_its_types_only(lift):
    broken = goes_to_the_wrong_floor.apply(lift)
    assert through_messages(broken, {"type": "Going", "to": 3}) == [{"type": "Going", "to": 4}]
    assert through_messages(broken, {"type": "Stopped", "to": 3}) == [{"type": "Stopped", "to": 3}]
    assert lift.message_filters == ()


def test_a_fault_may_swallow_or_repeat_messages(lift):
    assert through_messages(says_nothing.apply(lift), {"type": "Going"}) == []
    assert through_messages(says_all_twice.apply(lift), {"type": "Going"}) == [{"type": "Going"}] * 2


def test_a_fault_in_frames_touches_its_opcodes_only(lift):
    broken = sends_empty_pongs.apply(lift)
    assert through_frames(broken, Frame(Opcode.PONG, b"x")) == [Frame(Opcode.PONG)]
    assert through_frames(broken, Frame(Opcode.PING, b"x")) == [Frame(Opcode.PING, b"x")]


def test_a_fault_in_frames_without_opcodes_touches_all(lift):
    assert through_frames(cuts_all_frames.apply(lift), Frame(Opcode.TEXT, b"x")) == []


def test_faults_add_up_in_order(lift):
    twice = says_all_twice.apply(goes_to_the_wrong_floor.apply(lift))
    messages = [{"type": "Going", "to": 1}]
    for each in twice.message_filters:
        messages = [result for m in messages for result in each(m, None, 0.0)]
    assert messages == [{"type": "Going", "to": 2}] * 2


def test_a_fault_in_behaviour_takes_the_place_of_the_good_class(lift):
    assert issubclass(NeverOpens.apply(lift).session, Session)
    assert NeverOpens.apply(lift).session is not Session
    assert HasNoShaft.apply(lift).world.__name__ == "HasNoShaft"


def test_a_wrong_rule_leaves_the_others(lift):
    defect = in_rules("too-many-doors", "LIFT-10", "It has nine doors.", doors=9)
    assert defect.apply(lift).rules == Rules(doors=9, floors=5)
    assert (defect.name, defect.breaks, defect.also) == ("too-many-doors", "LIFT-10", ())


def test_a_wrong_property_of_the_protocol(lift):
    assert not in_protocol("no-deflate", "LIFT-11", "It never compresses.", deflate=False).apply(lift).deflate


def test_defects_are_found_in_a_package_and_its_modules(tmp_path, monkeypatch):
    package = tmp_path / "lift_defects"
    package.mkdir()
    line = "from harness.core.defect import in_rules\n{0} = in_rules('{0}', 'LIFT-1', '', doors=2)\nother = 5\n"
    for module, name in (("__init__", "first"), ("b", "third"), ("a", "second")):
        (package / f"{module}.py").write_text(line.format(name))
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    assert [defect.name for defect in defects_in("lift_defects")] == ["first", "second", "third"]
    for name in [name for name in sys.modules if name.startswith("lift_defects")]:
        del sys.modules[name]


def test_defects_are_found_in_a_single_module():
    assert [d.name for d in defects_in(on_message.__module__)] == []
