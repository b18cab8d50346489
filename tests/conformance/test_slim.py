"""What is kept of a finding."""

import pytest

from harness.conformance.check import Violation
from harness.conformance.slim import AROUND, slim
from harness.conformance.verdict import Finding
from harness.core.conversation import Conversation
from harness.core.message import Frame, Opcode


def recorded(count, text=b'{"n": %d}'):
    record = Conversation({"url": "ws://mock/"})
    for number in range(count):
        record.note(number, "server", Frame(Opcode.TEXT, text % number))
    return record


def test_a_short_record_stays_and_the_traceback_goes():
    with pytest.raises(Violation) as raised:
        raise Violation("a Bye", 1)
    finding = Finding("check", raised.value, recorded(3))
    kept = slim(finding)
    assert kept.conversation is finding.conversation
    assert str(kept.violation) == "a Bye; found 1"
    assert kept.violation.__traceback__ is None


def test_of_a_long_record_the_frames_around_the_evidence_stay():
    record = recorded(5000)
    record.note(5000, "server", Frame(Opcode.CLOSE, code=1000))
    kept = slim(Finding("check", Violation("no 2000", record.received()[2000]), record))
    assert len(kept.conversation.entries) == 2 * AROUND + 1
    assert kept.conversation.dropped == 2000 - AROUND
    assert kept.entry.message == {"n": 2000}
    assert str(kept.violation) == 'no 2000; found {"n": 2000}'


def test_long_frames_are_cut():
    record = recorded(30, b'{"n": %d, "text": "' + b"x" * 100_000 + b'"}')
    kept = slim(Finding("check", Violation("short texts", record.received()[-1]), record))
    assert kept.conversation.size_bytes == 0 or kept.conversation.size_bytes < 100_000
    assert all(len(e.frame.data) < 3000 for e in kept.conversation.entries)
    assert len(str(kept.violation)) < 11_000
    assert slim(Finding("check", Violation("nothing"))).conversation is None
