"""3.3: the portfolio, and what its figures have to do with each other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import Any

from harness.conformance.check import check, expect
from harness.core.conversation import Conversation
from harness.core.message import Message
from harness.protocols.brainstream.checks.reading import is_number, members, number, packets, quarter

ROUNDING_USD = 1.0  # Of nav and profit, should one of them be told in whole dollars,
ROUNDING = 1e-6  # or both in binary fractions of little precision: a part of the nav.
SHALLOW = 0.01  # max_drawdown may be told in whole percent.


@check("BRA-PORT-01")
def the_nav_is_a_number(conversation: Conversation) -> Iterator[None]:
    """Every packet."""
    yield from members(conversation, "portfolio.nav", is_number, "a number")


@check("BRA-PORT-02")
def the_cash_is_a_number(conversation: Conversation) -> Iterator[None]:
    """Every packet."""
    yield from members(conversation, "portfolio.cash", is_number, "a number")


@check("BRA-PORT-03")
def the_profit_of_the_day_is_a_number(conversation: Conversation) -> Iterator[None]:
    """Every packet."""
    yield from members(conversation, "portfolio.daily_pnl", is_number, "a number")


def _is_fall(value: Any) -> bool:
    return is_number(value) and -1 <= value <= 0


@check("BRA-PORT-04")
def the_drawdown_is_a_fraction_below_nothing(conversation: Conversation) -> Iterator[None]:
    """Every packet."""
    yield from members(conversation, "portfolio.max_drawdown", _is_fall, "a fraction from -1 to 0")


def _stretches(conversation: Conversation) -> Iterator[list[Message]]:
    """The packets between two moments at which a day or a session may have begun anew."""
    for _, stretch in groupby((packet for _, packet in packets(conversation)), key=quarter):
        yield list(stretch)


@check("BRA-PORT-05")
def the_drawdown_never_recovers(conversation: Conversation) -> Iterator[None]:
    """Every packet against the one before, of the same quarter of an hour."""
    for stretch in _stretches(conversation):
        for before, after in pairwise(stretch):
            old, new = number(before, "portfolio.max_drawdown"), number(after, "portfolio.max_drawdown")
            if old is not None and new is not None:
                yield expect(
                    new <= old, f"a max_drawdown not above {old}, as it was before", after["data"]["portfolio"]
                )


@check("BRA-PORT-06")
def the_profit_moves_with_the_nav(conversation: Conversation) -> Iterator[None]:
    """Every packet against the first of the same quarter of an hour; by a dollar, since figures may be rounded."""
    for stretch in _stretches(conversation):
        gaps = [(nav - pnl, nav, packet) for packet in stretch for nav, pnl in _worth(packet)]
        for gap, nav, packet in gaps[1:]:
            off = abs(gap - gaps[0][0])
            good = off <= ROUNDING_USD + ROUNDING * abs(nav)
            yield expect(good, f"nav and daily_pnl to move alike, not {off:.2f} apart", packet["data"]["portfolio"])


def _worth(packet: Message) -> Iterator[tuple[float, float]]:
    nav, pnl = number(packet, "portfolio.nav"), number(packet, "portfolio.daily_pnl")
    if nav is not None and pnl is not None:
        yield nav, pnl


@check("BRA-PORT-07")
def the_drawdown_is_as_deep_as_the_fall_that_is_seen(conversation: Conversation) -> Iterator[None]:
    """Every packet against the highest nav before it, of the same quarter of an hour."""
    for stretch in _stretches(conversation):
        peak = 0.0
        for packet in stretch:
            nav, drawdown = number(packet, "portfolio.nav"), number(packet, "portfolio.max_drawdown")
            if nav is None or drawdown is None:
                continue
            if peak > 0:
                fall = nav / peak - 1
                wanted = f"max_drawdown to be {fall:.4f} at most"
                yield expect(drawdown <= max(fall, -1.0) + SHALLOW, wanted, packet["data"]["portfolio"])
            peak = max(peak, nav)
