import doctest

import pytest

from harness.scenario import values


def test_the_examples_in_its_documentation_hold():
    assert doctest.testmod(values).failed == 0


@pytest.mark.parametrize(("text", "seconds"), [("250ms", 0.25), ("1.5 s", 1.5), ("0s", 0), ("90m", 5400), ("2h", 7200)])
def test_a_duration_is_a_number_with_its_unit(text, seconds):
    assert values.duration_s(text) == seconds


def test_one_message_may_be_written_in_the_singular():
    assert values.after("1 message") == values.After(messages=1)
