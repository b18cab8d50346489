"""3.2, 3.4 and 3.5: the market, the signal, and the size that is approved."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any

from harness.conformance.check import check
from harness.core.conversation import Conversation
from harness.protocols.brainstream.checks.reading import is_not_negative, is_number, is_share, is_text, members

REGIMES = ("Gaussian", "Lévy Stable", "Critical")
SIDES = ("BUY", "SELL", "FLAT")
APPROVED_MOST = 0.20


def _is_regime(value: Any) -> bool:
    """One of the three, in whatever way its accent is encoded."""
    return is_text(value) and unicodedata.normalize("NFC", value) in REGIMES


def _is_approved_size(value: Any) -> bool:
    return is_number(value) and 0 <= value <= APPROVED_MOST + 1e-9  # What adding up fractions may cost.


@check("BRA-MKT-01")
def the_symbol_is_a_string(conversation: Conversation) -> Iterator[None]:
    """Every packet."""
    yield from members(conversation, "market.symbol", is_text, "a string")


@check("BRA-MKT-02")
def the_price_is_a_number(conversation: Conversation) -> Iterator[None]:
    """Every packet; 0 as long as there is none."""
    yield from members(conversation, "market.price", is_not_negative, "a number, 0 or more")


@check("BRA-MKT-03")
def alpha_is_a_number(conversation: Conversation) -> Iterator[None]:
    """Every packet: the estimator is the inverse of a mean of logarithms that are positive."""
    yield from members(conversation, "market.alpha", is_not_negative, "a number, 0 or more")


@check("BRA-MKT-04")
def the_regime_is_one_of_three(conversation: Conversation) -> Iterator[None]:
    """Every packet; the letters of a wrong encoding, or none with an accent, are another text."""
    yield from members(conversation, "market.regime", _is_regime, f"one of {', '.join(REGIMES)}")


@check("BRA-MKT-05")
def the_velocity_is_a_number(conversation: Conversation) -> Iterator[None]:
    """Every packet."""
    yield from members(conversation, "market.velocity", is_number, "a number")


@check("BRA-MKT-06")
def the_acceleration_is_a_number(conversation: Conversation) -> Iterator[None]:
    """Every packet."""
    yield from members(conversation, "market.acceleration", is_number, "a number")


@check("BRA-SIG-01")
def the_side_is_one_of_three(conversation: Conversation) -> Iterator[None]:
    """Every packet."""
    yield from members(conversation, "signal.side", lambda v: v in SIDES, f"one of {', '.join(SIDES)}")


@check("BRA-SIG-02")
def the_confidence_is_a_share(conversation: Conversation) -> Iterator[None]:
    """Every packet."""
    yield from members(conversation, "signal.confidence", is_share, "a number from 0 to 1")


@check("BRA-SIG-03")
def the_reasoning_is_a_string(conversation: Conversation) -> Iterator[None]:
    """Every packet."""
    yield from members(conversation, "signal.reasoning", is_text, "a string")


@check("BRA-GOV-01")
def the_approved_size_is_a_small_fraction(conversation: Conversation) -> Iterator[None]:
    """Every packet; the side says whether to buy or to sell, so that no size is below 0."""
    wanted = f"a number from 0 to {APPROVED_MOST:.2f}"
    yield from members(conversation, "governance.approved_size", _is_approved_size, wanted)
