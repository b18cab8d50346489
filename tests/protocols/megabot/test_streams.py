"""Replies in pieces."""

from hypothesis import given
from hypothesis import strategies as st

from harness.protocols.megabot.streams import Stream, pieces_of


def test_the_sample_reply_begins_with_the_sample_chunk():
    assert pieces_of("Hello! How can I help you today?")[0] == "Hello"


@given(st.text(min_size=1))
def test_joined_pieces_are_the_text(text):
    pieces = pieces_of(text)
    assert "".join(pieces) == text
    assert all(pieces)


def test_sequences_count_from_one_and_the_last_piece_says_so():
    stream = Stream("stream_1", "msg_125", ["Hello", "!"])
    assert stream.next_piece() == {"chunk": "Hello", "is_complete": False, "sequence": 1}
    assert not stream.is_complete
    assert stream.next_piece() == {"chunk": "!", "is_complete": True, "sequence": 2}
    assert stream.is_complete
