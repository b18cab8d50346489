"""What the agents make of a pair: scores for a rise and a fall, a decision, and how sure they are of it."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any, Literal

from harness.protocols.sigmax.market import RECENT_S, SIGMA, Pair

Decision = Literal["buy", "sell", "hold"]

USUAL_MOVE = SIGMA * math.sqrt(RECENT_S)  # Of a minute.
TREND, OPINION, CAUTION = 0.35, 0.45, 0.5  # How much the agents heed the trend, themselves, and what is invested.
DECISIVE = 0.1  # With less between the scores, they hold.
STRONG = 0.75  # The sample's confidence, of a strong signal.


@dataclass(frozen=True, slots=True)
class Analysis:
    """One look at a pair. Scores and confidence are from 0 to 1."""

    symbol: str
    bull_score: float
    bear_score: float
    reasoning: str

    @property
    def lead(self) -> float:
        """How far the bulls are ahead."""
        return round(self.bull_score - self.bear_score, 2)

    @property
    def decision(self) -> Decision:
        """What the scores say to do."""
        if abs(self.lead) < DECISIVE:
            return "hold"
        return "buy" if self.lead > 0 else "sell"

    @property
    def confidence(self) -> float:
        """How sure the decision is: the farther the scores are apart, the surer; 0.75 for the sample's."""
        if self.decision == "hold":
            return round(0.55 + 2 * (DECISIVE - abs(self.lead)), 2)
        return min(0.99, round(0.55 + abs(self.lead) / 2, 2))

    @property
    def reason(self) -> str:
        """Why a trade is proposed, in the sample's words."""
        return f"Agent consensus: {'strong' if self.confidence >= STRONG else 'moderate'} {self.decision} signal"

    @property
    def data(self) -> dict[str, Any]:
        """The data of an analysis_update."""
        return {
            "symbol": self.symbol,
            "decision": self.decision,
            "confidence": self.confidence,
            "bull_score": self.bull_score,
            "bear_score": self.bear_score,
            "reasoning": self.reasoning,
        }


def analyze(pair: Pair, invested: float, chance: random.Random) -> Analysis:
    """Look at a pair. `invested` is the part of the portfolio that is in positions: the more, the more cautious."""
    move = pair.recent_move()
    trend = math.tanh(move / USUAL_MOVE / 2)
    lean = TREND * trend + OPINION * chance.uniform(-1.0, 1.0) - CAUTION * (invested - 0.5)
    base = chance.uniform(0.45, 0.6)  # The sample's scores add up to more than 1: both sides may have a point.
    bull, bear = (min(1.0, max(0.0, round(base + side * lean / 2, 2))) for side in (1, -1))
    return Analysis(pair.symbol, bull, bear, _reasoning(lean, move))


def _reasoning(lean: float, move: float) -> str:
    if abs(move) < USUAL_MOVE / 4:
        words = "Sideways market"
    else:
        strength = "Strong" if abs(move) > 2 * USUAL_MOVE else "Moderate"
        words = f"{strength} {'upward' if move > 0 else 'downward'} momentum"
    outlook = "a rise is more likely" if lean > 0 else "a fall is more likely"
    return f"{words}, {100 * move:+.2f} % within a minute; {outlook}"
