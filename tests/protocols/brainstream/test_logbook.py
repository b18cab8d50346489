"""The logbook: the newest entries, and as many more as a packet shall be large."""

import orjson
import pytest

from harness.core.clock import Clock
from harness.protocols.brainstream.logbook import KEPT, Logbook, size_of


@pytest.fixture
def book():
    return Logbook(Clock())


def test_an_entry_has_level_text_and_time(book):
    book.note("WARNING", "Physics: Lévy Stable regime confirmed", 2.5)
    assert book.data() == [
        {
            "level": "WARNING",
            "message": "Physics: Lévy Stable regime confirmed",
            "timestamp": "2024-01-15T10:30:02.500Z",
        }
    ]


def test_only_the_newest_are_kept_and_what_was_given_away_does_not_change(book):
    book.note("INFO", "first", 0.0)
    early = book.data()
    for number in range(KEPT):
        book.note("INFO", f"{number}", float(number))
    assert [entry["message"] for entry in book.data()] == [f"{number}" for number in range(KEPT)]
    assert [entry["message"] for entry in early] == ["first"]


@pytest.mark.parametrize("missing", [1, 200, 5000, 300_000])
def test_padding_takes_the_bytes_that_are_missing_and_hardly_more(book, missing):
    book.note("INFO", "real", 99.5)
    plain = len(orjson.dumps(book.data()))
    padded = book.padded({"MacroAgent": 1500, "RiskAgent": 40}, missing, 100.0)
    added = len(orjson.dumps(padded)) - plain
    assert missing <= added < missing + 110
    stamps = [entry["timestamp"] for entry in padded]
    assert stamps == sorted(stamps)
    assert stamps[-1] <= "2024-01-15T10:31:40.000Z"
    assert "real" in [entry["message"] for entry in padded]


def test_padding_tells_of_the_latest_calls_and_of_waiting_before_the_first(book):
    padded = book.padded({"MacroAgent": 2}, 250, 100.0)
    assert [entry["message"] for entry in padded] == ["MacroAgent: waiting", "MacroAgent: call 1", "MacroAgent: call 2"]


def test_padding_tells_of_waiting_where_there_are_no_agents(book):
    assert {entry["message"] for entry in book.padded({}, 500, 100.0)} == {"Engine: waiting"}


def test_nothing_is_padded_where_nothing_is_missing(book):
    book.note("INFO", "real", 0.0)
    assert book.padded({"MacroAgent": 2}, 0, 1.0) == book.data()


def test_sizes_are_those_of_the_wire():
    data = {"regime": "Lévy Stable", "price": 450.32, "logs": [{"a": "🧠"}], "none": None}
    assert size_of(data) == len(orjson.dumps(data))
