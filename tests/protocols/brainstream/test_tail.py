"""Hill's estimator: against its definition, and against numbers whose tail is known."""

import math
import random
from statistics import median, pstdev

import pytest

from harness.protocols.brainstream.tail import ALPHA_MOST, TOP, WINDOW, Tail


def filled(values):
    tail = Tail()
    for value in values:
        tail.add(value)
    return tail


def by_definition(values):
    largest = sorted((abs(v) for v in values[-WINDOW:]), reverse=True)
    return TOP / sum(math.log(x / largest[TOP]) for x in largest[:TOP])


@pytest.mark.parametrize("seed", range(20))
def test_it_is_hills_estimate_over_the_newest_window(seed):
    chance = random.Random(seed)
    values = [chance.gauss(0, 1e-4) * chance.paretovariate(2) for _ in range(WINDOW * 2)]
    tail = Tail()
    for count, value in enumerate(values, 1):
        tail.add(value)
        if count > TOP and count % 37 == 0:
            assert tail.alpha == pytest.approx(by_definition(values[:count]), rel=1e-9)


@pytest.mark.parametrize("index", [1.2, 1.6, 2.5, 4.0])
def test_the_index_of_pareto_numbers_is_found(index):
    chance = random.Random(2)
    estimates = [filled(chance.paretovariate(index) for _ in range(WINDOW)).alpha for _ in range(200)]
    assert median(estimates) == pytest.approx(index, rel=0.08)


def test_it_knows_no_sign_and_no_unit():
    values = [random.Random(3).gauss(0, 1) for _ in range(WINDOW)]
    turned = [-1000 * value for value in values]
    assert filled(turned).alpha == pytest.approx(filled(values).alpha)


@pytest.mark.parametrize("values", [[0.0] * WINDOW, [0.01] * WINDOW, [0.0] * (WINDOW - 5) + [0.1] * 5])
def test_where_there_is_no_tail_it_is_at_most_what_is_told(values):
    assert filled(values).alpha == ALPHA_MOST


def test_the_scale_is_the_deviation_and_wild_returns_do_not_move_it():
    chance = random.Random(4)
    values = [chance.gauss(0, 3e-4) for _ in range(WINDOW)]
    calm = filled(values).scale
    assert calm == pytest.approx(pstdev(values), rel=0.15)
    assert filled([*values[20:], *[0.5] * 20]).scale == pytest.approx(calm, rel=0.2)
