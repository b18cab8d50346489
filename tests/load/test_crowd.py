import doctest
import random

import pytest

from harness.load import crowd as crowds
from harness.load import drops
from harness.load.crowd import KEEP_EVERY_S, SAMPLE, OutOfReach, TurnedAway, sample, tokens_of
from harness.load.seats import Cause, Refusal
from tests.load.stub import SEATS, Stub, crowd


def test_the_examples_in_docstrings_hold():
    assert [doctest.testmod(module).failed for module in (crowds, drops)] == [0, 0]


def test_of_many_the_first_and_the_last_are_asked_and_others_in_between():
    asked = sample(range(1000))
    assert (asked[0], asked[-1], len(asked)) == (0, 999, SAMPLE)
    assert sample(range(3)) == [0, 1, 2]


def test_no_more_knock_once_one_was_turned_away():
    held = crowd(Stub(3))
    entries = held.grow(10)
    assert [entry.refusal is None for entry in entries] == [True, True, True, False]
    assert len(held.lines) == 3


def test_no_more_knock_after_the_moment_given():
    door = Stub(100)
    held = crowd(door)
    held.grow(10, until_s=5.5 * door.handshake_s)
    assert len(held.lines) == 6


def test_those_given_come_again_and_again_and_new_users_once():
    given = tokens_of(["a", "b"], SEATS, random.Random(1))
    assert [next(given) for _ in range(3)] == ["a", "b", "a"]
    assert next(tokens_of([], SEATS, random.Random(1))) == ""


def test_all_say_a_word_now_and_then():
    door = Stub(3)
    held = crowd(door)
    held.grow(3)
    ((period_s, keep),) = door.calls
    keep()
    assert (period_s, door.spoken) == (KEEP_EVERY_S, held.lines)


def test_what_this_process_cannot_open_is_no_finding():
    class OutOfFiles(Stub):
        def open(self, address, within_s, elsewhere):
            raise TurnedAway(Refusal("no more files", cause=Cause.GENERATOR))

    with pytest.raises(OutOfReach, match="the test needs 7 connections: no more files"):
        crowd(OutOfFiles()).fill(7)
