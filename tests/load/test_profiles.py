import pytest

from harness.load.profiles import PROFILES, Choices, users_at


def course(shape, choices=None, users=100, run_time_s=30):
    stages = PROFILES[shape](choices or Choices())
    return [users_at(second, run_time_s, users, stages) for second in range(run_time_s + 1)]


@pytest.mark.parametrize("shape", ["steady", "soak"])
def test_all_are_there_all_the_time(shape):
    assert course(shape) == [100] * 30 + [None]


def test_a_ramp_climbs_in_equal_steps_to_all_users():
    assert course("ramp", Choices(steps=3)) == [33] * 10 + [67] * 10 + [100] * 10 + [None]


def test_a_spike_comes_and_goes():
    assert course("spike", Choices(base=0.2)) == [20] * 10 + [100] * 10 + [20] * 10 + [None]


def test_somebody_is_always_there():
    assert course("spike", Choices(base=0), users=5)[0] == 1
