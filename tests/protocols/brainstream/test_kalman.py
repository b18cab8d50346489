"""The Kalman filter, against its matrices written out, and against motions that are known."""

import random

import pytest

from harness.protocols.brainstream.kalman import JERK, Kalman

F = [[1, 1, 0.5], [0, 1, 1], [0, 0, 1]]
Q = [[JERK * x for x in row] for row in ([1 / 20, 1 / 8, 1 / 6], [1 / 8, 1 / 3, 1 / 2], [1 / 6, 1 / 2, 1])]


def times(a, b):
    return [[sum(x * y for x, y in zip(row, column, strict=True)) for column in zip(*b, strict=True)] for row in a]


def transposed(a):
    return [list(row) for row in zip(*a, strict=True)]


class ByMatrices:
    """The textbook's filter, with whole matrices."""

    def __init__(self, position):
        self.x = [[position], [0.0], [0.0]]
        self.p = [[1.0, 0, 0], [0, 1e-2, 0], [0, 0, 1e-4]]

    def observe(self, position):
        x = times(F, self.x)
        p = times(times(F, self.p), transposed(F))
        p = [[a + b for a, b in zip(row, noise, strict=True)] for row, noise in zip(p, Q, strict=True)]
        gain = [row[0] / (p[0][0] + 1.0) for row in p]
        surprise = position - x[0][0]
        self.x = [[value + k * surprise] for (value,), k in zip(x, gain, strict=True)]
        self.p = [[p[i][j] - gain[i] * p[0][j] for j in range(3)] for i in range(3)]


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_filter_of_the_textbook(seed):
    chance, price = random.Random(seed), 450.0
    ours, theirs = Kalman(price), ByMatrices(price)
    for _ in range(300):
        price += chance.gauss(0.01, 0.1)
        ours.observe(price)
        theirs.observe(price)
        state = [ours.position, ours.velocity, ours.acceleration]
        assert state == pytest.approx([value for (value,) in theirs.x], rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("speed", [-0.5, -0.01, 0.0, 0.03, 2.0])
def test_a_steady_drift_is_its_velocity(speed):
    motion = Kalman(100.0)
    for period in range(1, 301):
        motion.observe(100.0 + speed * period)
    assert motion.velocity == pytest.approx(speed, rel=1e-4, abs=1e-9)
    assert motion.acceleration == pytest.approx(0.0, abs=1e-5)
    assert motion.forecast(10) == pytest.approx(10 * speed, rel=1e-2, abs=1e-9)


def test_a_steady_push_is_its_acceleration():
    motion = Kalman(100.0)
    for period in range(1, 301):
        motion.observe(100.0 + 0.002 * period**2 / 2)
    assert motion.acceleration == pytest.approx(0.002, rel=1e-3)
    assert motion.velocity == pytest.approx(0.6, rel=1e-3)
    assert motion.forecast(10) == pytest.approx(6.1, rel=1e-2)


def test_a_turn_is_noticed_within_a_minute():
    motion, price = Kalman(100.0), 100.0
    for _ in range(200):
        price += 0.05
        motion.observe(price)
    for _ in range(60):
        price -= 0.05
        motion.observe(price)
    assert motion.velocity < -0.04


def test_it_does_not_tire():
    motion, chance = Kalman(100.0), random.Random(1)
    for _ in range(50_000):
        motion.observe(100.0 + chance.gauss(0, 0.1))
    assert abs(motion.position - 100) < 0.2
    assert abs(motion.velocity) < 0.02
