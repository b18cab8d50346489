import json

import pytest

from harness.core import habits
from harness.core.message import Frame, Opcode
from harness.core.protocol import Protocol
from harness.core.session import Session
from harness.core.world import World


@pytest.fixture
def sent(tmp_path):
    """What a variant makes of a frame."""
    protocol = Protocol("lift", "Lift", ("/lift",), tmp_path, World, Session, None, None)

    def make(variant, frame):
        (frame_filter,) = variant.apply(protocol).frame_filters
        (result,) = frame_filter(frame, None, 0.0)
        return result

    return make


VALUE = {"b": "Lévy", "a": [1, 2.0, -2.5, True, None]}
TEXT = json.dumps(VALUE, ensure_ascii=False, separators=(",", ":"))


@pytest.mark.parametrize(
    ("variant", "text"),
    [
        (habits.spacious_ascii, '{"a": [1, 2.0, -2.5, true, null], "b": "L\\u00e9vy"}'),
        (habits.numbers_of_node, '{"b":"Lévy","a":[1,2,-2.5,true,null]}'),
        (habits.points_in_all_numbers, '{"b":"Lévy","a":[1.0,2.0,-2.5,true,null]}'),
    ],
)
def test_the_same_value_is_spelled_otherwise(variant, text, sent):
    assert sent(variant, Frame(Opcode.TEXT, TEXT.encode())).data.decode() == text
    assert json.loads(text) == VALUE
    ping = Frame(Opcode.PING, b"{}")
    assert sent(variant, ping) == ping


@pytest.mark.parametrize("data", [b"no JSON", b"\xff", b"{"])
def test_what_is_no_json_stays_as_it_is(data, sent):
    assert sent(habits.numbers_of_node, Frame(Opcode.TEXT, data)).data == data


@pytest.mark.parametrize(("code", "own"), [(1001, 4001), (1008, 4008), (1013, 4013), (4401, 4401)])
def test_close_codes_are_those_of_applications(code, own, sent):
    assert sent(habits.own_close_codes, Frame(Opcode.CLOSE, code=code, reason="why")) == Frame(Opcode.CLOSE, code=own)
