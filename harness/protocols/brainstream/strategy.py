"""What the engine makes of the market: a signal (3.4), and the size that is approved after the veto (3.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.protocols.brainstream.market import Market
from harness.protocols.brainstream.rules import Status

Side = Literal["BUY", "SELL", "FLAT"]

APPROVED_MOST = 0.20  # 3.5
QUIET = 0.75  # Less momentum than this is noise.
FORECAST_PERIODS = 10
CALM_ALPHA = 3.0  # With a heavier tail, momentum is believed less.
WILD_ALPHA = 2.0  # With a heavier one than this, the variance is infinite, and half the size must do.

WAITING = {"HALT": "Trading is halted", "INITIALIZING": "The engine is initializing"}


@dataclass(frozen=True, slots=True)
class Signal:
    """What to do, how sure (0 to 1), and why; `wanted` and `approved` are parts of the nav, before and after veto."""

    side: Side
    confidence: float
    reasoning: str
    wanted: float
    approved: float


def signal_of(market: Market, status: Status) -> Signal:
    """The signal for this market."""
    if status != "ACTIVE":
        return Signal("FLAT", 0.0, WAITING[status], 0.0, 0.0)
    momentum = abs(market.momentum)
    if momentum < QUIET:
        confidence = round(1 - momentum / (2 * QUIET), 4)
        return Signal("FLAT", confidence, f"No momentum beyond noise: {_motion_of(market)}", 0.0, 0.0)
    is_rising = market.motion.velocity > 0
    is_aligned = (market.motion.forecast(FORECAST_PERIODS) > 0) == is_rising
    trust = min(1.0, market.tail.alpha / CALM_ALPHA) * (1.0 if is_aligned else 0.5)
    confidence = round(momentum / (1 + momentum) * trust, 4)
    why = "Momentum + Forecast alignment" if is_aligned else "Momentum against the forecast"
    wanted = round(APPROVED_MOST * confidence, 4)
    return Signal(
        side="BUY" if is_rising else "SELL",
        confidence=confidence,
        reasoning=f"{why}: {_motion_of(market)}",
        wanted=wanted,
        approved=approved_size(wanted, market),
    )


def approved_size(wanted: float, market: Market) -> float:
    """What physics leaves of a size: nothing in the Critical regime, half of it where variance is infinite."""
    if market.regime == "Critical":
        return 0.0
    return round(wanted / 2, 4) if market.tail.alpha < WILD_ALPHA else wanted


def _motion_of(market: Market) -> str:
    return f"velocity {market.motion.velocity:+.4f} $/period, tail index {market.tail.alpha:.2f}"
