import random

import pytest

from harness.protocols.sigmax.analysis import Analysis, analyze
from harness.protocols.sigmax.market import Listing, Pair


def views(jump=0.0, invested=0.5, count=300):
    """What the agents say, again and again, of a pair that has just jumped by this part."""
    pair = Pair("BTC/USDT", Listing(95_000.0), random.Random(1))
    if jump:
        pair.jump(1.0, jump)
    chance = random.Random(2)
    return [analyze(pair, invested, chance) for _ in range(count)]


def share(decision, analyses):
    return sum(each.decision == decision for each in analyses) / len(analyses)


def test_the_scores_of_the_sample_give_its_decision_and_confidence():
    sample = Analysis("BTC/USDT", 0.8, 0.4, "")
    assert (sample.decision, sample.confidence) == ("buy", 0.75)
    assert sample.reason == "Agent consensus: strong buy signal"


@pytest.mark.parametrize(
    ("bull", "bear", "decision", "confidence"),
    [
        *((0.55, 0.45, "buy", 0.6), (0.45, 0.55, "sell", 0.6), (0.5, 0.41, "hold", 0.57), (0.5, 0.5, "hold", 0.75)),
        *((1.0, 0.0, "buy", 0.99), (0.4, 0.8, "sell", 0.75)),
    ],
)
def test_decision_and_confidence_follow_from_the_scores(bull, bear, decision, confidence):
    analysis = Analysis("BTC/USDT", bull, bear, "")
    assert (analysis.decision, analysis.confidence) == (decision, confidence)


def test_a_weaker_signal_is_called_moderate():
    assert Analysis("BTC/USDT", 0.45, 0.55, "").reason == "Agent consensus: moderate sell signal"


def test_a_rise_makes_for_purchases_and_a_fall_for_sales():
    assert share("buy", views(+0.01)) > 0.7 > 0.3 > share("sell", views(+0.01))
    assert share("sell", views(-0.01)) > 0.7 > 0.3 > share("buy", views(-0.01))


def test_the_more_is_invested_the_fewer_purchases():
    assert share("buy", views(invested=0.0)) > share("buy", views()) > share("buy", views(invested=1.0))


def test_all_decisions_occur_and_all_scores_are_within_bounds():
    analyses = [*views(), *views(+0.5, invested=0.0), *views(-0.5, invested=1.0)]
    assert {each.decision for each in analyses} == {"buy", "sell", "hold"}
    for each in analyses:
        assert 0 <= each.bear_score <= 1
        assert 0 <= each.bull_score <= 1
        assert 0.5 < each.confidence < 1


def test_the_reasoning_tells_the_move():
    assert views()[0].reasoning.startswith("Sideways market, +0.00 % within a minute; ")
    assert views(+0.001)[0].reasoning.startswith("Moderate upward momentum, +0.10 % within a minute; ")
    assert views(-0.01)[0].reasoning.startswith("Strong downward momentum, -1.00 % within a minute; ")


def test_the_reasoning_says_what_is_likelier_by_the_scores():
    for each in views():
        if each.decision != "hold":
            assert ("a rise is" in each.reasoning) == (each.decision == "buy")
