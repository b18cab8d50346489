from __future__ import annotations

import pytest

from harness.core import journal
from harness.core.journal import Journal
from harness.core.message import Frame, Opcode


def frame(size: int = 2) -> Frame:
    return Frame(Opcode.TEXT, b"x" * size)


def test_what_is_noted_becomes_a_record_with_times_since_the_opening():
    kept, said, heard = Journal(), frame(3), Frame(Opcode.PING)
    kept.add((10.5, "client", heard))
    kept.add((12.0, "server", said))
    record = kept.conversation({"protocol": "toy"}, opened_at=10.0)
    assert record.about == {"protocol": "toy"}
    assert [(e.at_s, e.sender, e.frame) for e in record.entries] == [(0.5, "client", heard), (2.0, "server", said)]
    assert (record.dropped, len(kept)) == (0, 2)


def test_the_oldest_give_way_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr(journal, "MAX_ENTRIES", 3)
    kept = Journal()
    for n in range(5):
        kept.add((float(n), "server", frame()))
    record = kept.conversation({}, 0.0)
    assert ([e.at_s for e in record.entries], record.dropped) == ([2.0, 3.0, 4.0], 2)


@pytest.mark.parametrize(("sizes", "left"), [([40, 40, 40], [40, 40]), ([40, 200], [200]), ([200, 40], [40])])
def test_the_oldest_give_way_when_they_are_too_large_but_the_newest_stays(monkeypatch, sizes, left):
    monkeypatch.setattr(journal, "MAX_BYTES", 100)
    kept = Journal()
    for size in sizes:
        kept.add((0.0, "server", frame(size)))
    assert [len(e.frame.data) for e in kept.conversation({}, 0.0).entries] == left
