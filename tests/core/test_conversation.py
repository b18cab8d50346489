from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.conversation import Conversation
from harness.core.message import Frame, Opcode

FRAMES = st.one_of(
    st.builds(Frame, st.just(Opcode.TEXT), st.text().map(str.encode)),
    st.builds(Frame, st.sampled_from([Opcode.BINARY, Opcode.PING, Opcode.PONG]), st.binary()),
    st.builds(Frame, st.just(Opcode.CLOSE), code=st.integers(1000, 4999), reason=st.text(max_size=20)),
)
ENTRIES = st.tuples(st.integers(0, 10**9).map(lambda us: us / 1e6), st.sampled_from(["client", "server"]), FRAMES)


def conversation(*entries):
    result = Conversation({"protocol": "skybit"})
    for index, (sender, data) in enumerate(entries):
        result.note(float(index), sender, Frame(Opcode.TEXT, data.encode()))
    return result


def contents(record):
    return [(e.at_s, e.sender, e.frame) for e in record.entries]


@given(st.lists(ENTRIES), st.dictionaries(st.text().filter(lambda name: name != "dropped"), st.text()))
def test_a_record_survives_its_lines(entries, about):
    record = Conversation(about)
    for entry in entries:
        record.note(*entry)
    again = Conversation.from_lines(record.to_lines())
    assert contents(again) == contents(record)
    assert again.about == about


@given(st.lists(ENTRIES, max_size=9), st.integers(0, 4))
def test_with_a_limit_the_newest_are_kept_and_the_others_counted(entries, limit):
    record = Conversation(limit=limit)
    for entry in entries:
        record.note(*entry)
    newest = entries[max(0, len(entries) - limit) :]
    assert contents(record) == newest
    assert record.dropped == len(entries) - len(newest)
    assert Conversation.from_lines(record.to_lines()).dropped == record.dropped


@given(st.lists(ENTRIES, max_size=9), st.integers(0, 40))
def test_a_limit_in_bytes_keeps_the_newest_that_fit_and_one_at_least(entries, limit_bytes):
    record = Conversation(limit_bytes=limit_bytes)
    for entry in entries:
        record.note(*entry)
    sizes = [len(entry.frame.data) for entry in record.entries]
    assert contents(record) == entries[len(entries) - len(sizes) :]
    assert sum(sizes) <= limit_bytes or len(sizes) == 1
    assert record.dropped + len(sizes) == len(entries)


def test_every_line_is_json_and_text_stays_readable():
    lines = list(conversation(("client", '{"name": "Zoë"}')).to_lines())
    assert json.loads(lines[0]) == {"conversation": {"protocol": "skybit", "dropped": 0}}
    assert json.loads(lines[1]) == {"at_s": 0.0, "from": "client", "opcode": "text", "data": '{"name": "Zoë"}'}
    assert "Zoë" in lines[1]


def test_bytes_that_are_no_text_are_kept_in_base64():
    record = Conversation()
    record.note(0.0, "client", Frame(Opcode.BINARY, b"\xff\x00"))
    assert json.loads(list(record.to_lines())[1])["base64"] == "/wA="


def test_messages_are_told_apart_by_sender_and_type():
    record = conversation(
        ("client", '{"type": "Auth"}'),
        ("server", '{"type": "Auth", "data": 1}'),
        ("server", '{"type": "Plan"}'),
        ("server", '{"type": "Preview"}'),
    )
    assert record.sent() == [{"type": "Auth"}]
    assert record.received("Auth") == [{"type": "Auth", "data": 1}]
    assert record.received("Plan", "Preview") == [{"type": "Plan"}, {"type": "Preview"}]
    assert [entry.at_s for entry, _ in record.messages(None, "Auth")] == [0.0, 1.0]


def test_a_record_that_was_looked_through_may_go_on():
    record = Conversation(limit=2)
    for n in range(4):
        record.note(float(n), "server", Frame(Opcode.TEXT, b'{"type": "Plan", "n": %d}' % n))
        assert [m["n"] for m in record.received("Plan")] == [*range(n + 1)][-2:]


def test_a_message_whose_type_is_no_word_is_of_no_type():
    record = conversation(("server", '{"type": ["Plan"]}'))
    assert record.received("Plan") == record.received("Plan", "Preview") == []
    assert record.received() == [{"type": ["Plan"]}]


@pytest.mark.parametrize("data", ["", "no JSON", "[1]", "5", "null", "[" * 100_000, '{"a": "\\ud8'])
def test_frames_without_a_json_object_hold_no_message(data):
    record = conversation(("client", data))
    assert record.sent() == []
    assert record.entries[0].message is None


def test_an_object_in_a_binary_frame_is_a_message_but_one_in_a_ping_is_not():
    record = Conversation()
    for opcode in (Opcode.BINARY, Opcode.PING):
        record.note(0.0, "client", Frame(opcode, b'{"type": "Auth"}'))
    assert record.sent() == [{"type": "Auth"}]


def test_json_in_another_encoding_than_utf_8_is_no_message():
    record = Conversation()
    record.note(0.0, "client", Frame(Opcode.BINARY, '{"type": "Auth"}'.encode("utf-16")))
    assert record.sent() == []


def test_the_close_is_the_first_close_frame():
    record = Conversation()
    assert record.close is None
    for code in (1001, 1000):
        record.note(1.0, "server", Frame(Opcode.CLOSE, code=code))
    assert record.close.frame.code == 1001


def test_empty_lines_are_skipped():
    assert len(Conversation.from_lines(["", '{"conversation": {}}', "  ", ""]).entries) == 0


@pytest.mark.parametrize(
    "line",
    [
        *("no JSON", "[]", "5", "{}", "[" * 100_000, '{"conversation": 5}', '{"conversation": {"dropped": "x"}}'),
        '{"at_s": 0, "from": "nobody", "opcode": "text", "data": ""}',
        '{"at_s": "soon", "from": "client", "opcode": "text", "data": ""}',
        '{"at_s": 0, "from": "client", "opcode": "smoke", "data": ""}',
        '{"at_s": 0, "from": "client", "opcode": 1, "data": ""}',
        '{"at_s": 0, "from": "client", "opcode": "text", "data": 5}',
        '{"at_s": 0, "from": "client", "opcode": "text"}',
        '{"at_s": 0, "from": "client", "opcode": "binary", "base64": "/w"}',
        '{"at_s": 0, "from": "client", "opcode": "close", "code": Infinity, "reason": ""}',
    ],
)
def test_a_line_that_is_none_is_named_by_its_number(line):
    with pytest.raises(ValueError, match="line 2: expected a line of a conversation"):
        Conversation.from_lines(['{"conversation": {}}', line])


def test_a_record_that_is_cleared_counts_what_it_had():
    record = Conversation()
    record.note(0.0, "server", Frame(Opcode.TEXT, b'{"type": "a"}'))
    assert (record.size_bytes, len(record.received())) == (13, 1)
    record.clear()
    assert (record.size_bytes, record.dropped, record.received()) == (0, 1, [])
