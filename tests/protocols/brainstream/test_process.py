"""The process of prices: each regime has the tail and the clusters that its name promises."""

import math
import random
from collections import Counter
from itertools import pairwise
from statistics import fmean, median, pstdev

import pytest

from harness.protocols.brainstream.process import LARGEST, STABILITY, Process, stable
from harness.protocols.brainstream.rules import REGIMES
from harness.protocols.brainstream.tail import Tail


def moves(regime, seed, count):
    process = Process(regime, str(seed))
    return [process.move() for _ in range(count)]


def alpha(values):
    tail = Tail()
    for value in values:
        tail.add(value)
    return tail.alpha


def autocorrelation(values):
    mean = fmean(values)
    centred = [value - mean for value in values]
    return sum(a * b for a, b in pairwise(centred)) / sum(a * a for a in centred)


def share_beyond(values, limit):
    return sum(abs(value) > limit for value in values) / len(values)


def test_a_stable_number_with_index_two_is_normal_of_variance_two():
    chance = random.Random(1)
    values = [stable(2.0, chance) for _ in range(20_000)]
    assert pstdev(values) == pytest.approx(math.sqrt(2), rel=0.02)
    assert share_beyond(values, 2 * math.sqrt(2)) == pytest.approx(0.0455, abs=0.006)


@pytest.mark.parametrize("index", [1.2, STABILITY, 1.9, 2.0])
def test_stable_numbers_have_the_characteristic_function_of_their_law(index):
    """A symmetric stable law of scale 1 is the one whose characteristic function is exp(-|t| ** index)."""
    chance = random.Random(5)
    values = [stable(index, chance) for _ in range(40_000)]
    for t in (0.2, 0.5, 1.0, 2.0):
        # A cosine's deviation is 0.71 at most, that of the mean of so many 0.0036: four of these.
        assert fmean(math.cos(t * x) for x in values) == pytest.approx(math.exp(-(t**index)), abs=0.015)
        assert fmean(math.sin(t * x) for x in values) == pytest.approx(0.0, abs=0.015)


@pytest.mark.parametrize("index", [1.3, STABILITY, 1.8])
def test_stable_numbers_keep_their_shape_when_they_are_added(index):
    """The sum of n has the same law, n ** (1 / index) times as wide: that is what stable means."""
    chance = random.Random(2)
    single = [abs(stable(index, chance)) for _ in range(8000)]
    sums = [abs(sum(stable(index, chance) for _ in range(16))) / 16 ** (1 / index) for _ in range(4000)]
    assert median(sums) == pytest.approx(median(single), rel=0.08)
    assert sorted(sums)[3800] == pytest.approx(sorted(single)[7600], rel=0.15)


def test_stable_numbers_have_the_tail_of_their_index():
    """P(|X| > x) is about C x ** -index, so ten times as far out there are 10 ** index times fewer."""
    chance = random.Random(3)
    values = [stable(1.5, chance) for _ in range(200_000)]
    assert share_beyond(values, 5) / share_beyond(values, 50) == pytest.approx(10**1.5, rel=0.25)


class Lowest(random.Random):
    """Draws the lowest number there is."""

    def random(self):
        return 0.0


def test_the_lowest_draw_is_a_number_too():
    assert math.isfinite(stable(STABILITY, Lowest()))


@pytest.mark.parametrize("seed", range(20))
def test_tails_are_thin_in_the_gaussian_regime_and_heavy_in_the_stable_one(seed):
    gaussian, levy = (
        median(alpha(moves(regime, f"{seed}/{i}", 300)) for i in range(5)) for regime in ("Gaussian", "Lévy Stable")
    )
    assert gaussian > 3.6
    assert levy < 2.8
    assert gaussian > 1.5 * levy


def test_the_gaussian_moves_are_of_the_usual_size():
    assert pstdev(moves("Gaussian", 1, 5000)) == pytest.approx(1.0, rel=0.05)


def test_in_the_critical_regime_large_moves_follow_large_ones_and_more_so_than_elsewhere():
    critical = [abs(move) for move in moves("Critical", 1, 20_000)]
    gaussian = [abs(move) for move in moves("Gaussian", 1, 20_000)]
    assert autocorrelation(critical) > 0.2
    assert abs(autocorrelation(gaussian)) < 0.03
    assert pstdev(critical) > 2 * pstdev(gaussian)


def test_critical_moves_feed_on_the_one_before():
    assert autocorrelation(moves("Critical", 2, 20_000)) == pytest.approx(0.35, abs=0.08)


@pytest.mark.parametrize("regime", REGIMES)
def test_no_move_is_beyond_the_largest_and_their_sum_comes_back(regime):
    values = moves(regime, 5, 50_000)
    total, sums = 0.0, []
    for value in values:
        total += value
        sums.append(total)
    assert max(map(abs, values)) <= LARGEST + max(map(abs, sums)) / 5000
    assert min(sums) < 0 < max(sums)


def test_regimes_take_turns_and_stay_for_minutes():
    process, seen = Process("Gaussian", "1"), []
    for _ in range(50_000):
        process.change()
        seen.append(process.regime)
    shares = Counter(seen)
    changes = sum(a != b for a, b in pairwise(seen))
    assert set(shares) == set(REGIMES)
    assert shares["Critical"] < min(shares["Gaussian"], shares["Lévy Stable"])
    assert 100 < 50_000 / changes < 400


def test_entering_the_regime_that_reigns_changes_nothing():
    one, other = Process("Critical", "7"), Process("Critical", "7")
    first = [one.move() for _ in range(50)], [other.move() for _ in range(50)]
    one.enter("Critical")
    assert first[0] == first[1]
    assert [one.move() for _ in range(50)] == [other.move() for _ in range(50)]


def test_the_regimes_do_not_depend_on_the_moves():
    busy, idle = Process("Gaussian", "3"), Process("Gaussian", "3")
    for _ in range(3000):
        busy.move()
        busy.change()
        idle.change()
        assert busy.regime == idle.regime
