"""What the engine makes of a market: signals and sizes follow from velocity, tail and regime."""

import pytest

from harness.protocols.brainstream.strategy import APPROVED_MOST, QUIET, approved_size, signal_of


class Motion:
    def __init__(self, velocity, acceleration):
        self.velocity = velocity
        self.acceleration = acceleration

    def forecast(self, periods):
        return self.velocity * periods + self.acceleration * periods**2 / 2


class Tail:
    def __init__(self, alpha):
        self.alpha = alpha


class FakeMarket:
    """A market with these measures; momentum is ten times the velocity."""

    def __init__(self, velocity=0.0, acceleration=0.0, alpha=4.0, regime="Gaussian"):
        self.motion = Motion(velocity, acceleration)
        self.tail = Tail(alpha)
        self.regime = regime
        self.momentum = 10 * velocity


def signal(status="ACTIVE", **measures):
    return signal_of(FakeMarket(**measures), status)


@pytest.mark.parametrize(("velocity", "side"), [(0.5, "BUY"), (-0.5, "SELL"), (0.01, "FLAT"), (0.0, "FLAT")])
def test_the_side_is_that_of_the_velocity_unless_it_is_noise(velocity, side):
    assert signal(velocity=velocity).side == side


def test_more_momentum_gives_more_confidence_and_a_larger_size():
    signals = [signal(velocity=v) for v in (0.1, 0.2, 0.4, 1.0, 100.0)]
    confidences = [each.confidence for each in signals]
    sizes = [each.approved for each in signals]
    assert confidences == sorted(set(confidences))
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == pytest.approx(APPROVED_MOST, abs=0.001)
    assert max(sizes) <= APPROVED_MOST


def test_less_noise_makes_flat_less_sure():
    assert signal(velocity=0.0).confidence == 1.0
    assert 0.5 <= signal(velocity=0.99 * QUIET / 10).confidence < 0.6
    assert signal(velocity=0.02).approved == 0


def test_a_forecast_that_turns_halves_the_confidence_and_is_told():
    with_it = signal(velocity=0.5, acceleration=0.0)
    against = signal(velocity=0.5, acceleration=-0.2)
    assert with_it.reasoning.startswith("Momentum + Forecast alignment: velocity +0.5000 $/period, tail index 4.00")
    assert against.reasoning.startswith("Momentum against the forecast: ")
    assert against.confidence == pytest.approx(with_it.confidence / 2, abs=1e-4)
    assert signal(velocity=-0.5, acceleration=-0.2).confidence == with_it.confidence


def test_heavy_tails_make_less_sure_and_infinite_variance_halves_the_size():
    thin, heavy, wild = (signal(velocity=0.5, alpha=alpha) for alpha in (3.0, 2.0, 1.5))
    assert thin.confidence > heavy.confidence > wild.confidence
    assert heavy.approved == heavy.wanted
    assert wild.approved == pytest.approx(wild.wanted / 2, abs=1e-4)


def test_physics_vetoes_every_size_in_the_critical_regime():
    vetoed = signal(velocity=-0.5, regime="Critical")
    assert vetoed.side == "SELL"
    assert vetoed.wanted > 0
    assert vetoed.approved == 0
    assert approved_size(0.2, FakeMarket(regime="Critical")) == 0


@pytest.mark.parametrize(
    ("status", "why"), [("HALT", "Trading is halted"), ("INITIALIZING", "The engine is initializing")]
)
def test_who_does_not_trade_is_flat_and_says_why(status, why):
    waiting = signal(status, velocity=5.0)
    assert (waiting.side, waiting.confidence, waiting.reasoning, waiting.approved) == ("FLAT", 0, why, 0)
