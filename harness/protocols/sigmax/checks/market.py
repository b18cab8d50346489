"""Market, health and analysis: what single events tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.conformance.check import check, expect
from harness.core.conversation import Conversation
from harness.protocols.sigmax.checks.seeing import (
    is_not_negative,
    is_number,
    is_pair,
    is_percent,
    is_positive,
    is_string,
    is_text,
    members,
    optional,
    rows,
)

PAIR = "a symbol as BASE/QUOTE"
DECISIONS = ("buy", "sell", "hold")


def is_share(value: Any) -> bool:
    """A score from 0 to 1; what is no number is for another requirement to judge."""
    return not is_number(value) or 0 <= value <= 1


# Market -----------------------------------------------------------------------------------------


@check("SIG-MD-01")
def the_market_is_a_list(conversation: Conversation) -> Iterator[None]:
    """Every market_update."""
    yield from members(conversation, "market_update", "data", lambda v: isinstance(v, list), "an array")


@check("SIG-MD-02")
def each_row_names_its_symbol(conversation: Conversation) -> Iterator[None]:
    """Every row of a market_update."""
    yield from members(conversation, "market_update", "data.*.symbol", is_pair, PAIR)


@check("SIG-MD-03")
def each_row_has_a_price(conversation: Conversation) -> Iterator[None]:
    """Every row of a market_update."""
    yield from members(conversation, "market_update", "data.*.price", is_positive, "a number above 0")


@check("SIG-MD-04")
def each_row_has_a_volume(conversation: Conversation) -> Iterator[None]:
    """Every row of a market_update."""
    yield from members(conversation, "market_update", "data.*.volume_24h", is_not_negative, "a number, 0 or more")


@check("SIG-MD-05")
def each_row_has_a_change(conversation: Conversation) -> Iterator[None]:
    """Every row of a market_update; nothing says in which unit."""
    yield from members(conversation, "market_update", "data.*.change_24h", is_number, "a number")


@check("SIG-MD-06")
def each_symbol_has_one_row(conversation: Conversation) -> Iterator[None]:
    """Every market_update."""
    for message in conversation.received("market_update"):
        found = [str(row.get("symbol")) for row in rows(message, "data")]
        yield expect(len(set(found)) == len(found), "one row for each symbol", message)


# Health -----------------------------------------------------------------------------------------


@check("SIG-HLT-01")
def the_cpu_is_told(conversation: Conversation) -> Iterator[None]:
    """Every health_update; several cores may be busy by more than 100 % together."""
    yield from members(conversation, "health_update", "data.cpu_percent", is_not_negative, "a number, 0 or more")


@check("SIG-HLT-02")
def the_memory_is_told(conversation: Conversation) -> Iterator[None]:
    """Every health_update."""
    yield from members(conversation, "health_update", "data.memory_percent", is_percent, "a number from 0 to 100")


@check("SIG-HLT-03")
def the_disk_is_told(conversation: Conversation) -> Iterator[None]:
    """Every health_update."""
    yield from members(conversation, "health_update", "data.disk_percent", is_percent, "a number from 0 to 100")


@check("SIG-HLT-04")
def the_processes_are_counted(conversation: Conversation) -> Iterator[None]:
    """Every health_update."""

    def good(value: Any) -> bool:
        return is_positive(value) and value == int(value)

    yield from members(conversation, "health_update", "data.process_count", good, "a whole number above 0")


# Analyses ---------------------------------------------------------------------------------------


@check("SIG-ANA-01")
def an_analysis_names_its_symbol(conversation: Conversation) -> Iterator[None]:
    """Every analysis_update."""
    yield from members(conversation, "analysis_update", "data.symbol", is_pair, PAIR)


@check("SIG-ANA-02")
def an_analysis_has_a_decision(conversation: Conversation) -> Iterator[None]:
    """Every analysis_update."""
    yield from members(conversation, "analysis_update", "data.decision", is_text, "a word")


@check("SIG-ANA-03")
def the_decision_is_to_buy_sell_or_hold(conversation: Conversation) -> Iterator[None]:
    """Every analysis_update with a decision."""
    yield from optional(conversation, "analysis_update", "data.decision", lambda v: v in DECISIONS, "buy, sell or hold")


@check("SIG-ANA-04")
def an_analysis_tells_its_confidence(conversation: Conversation) -> Iterator[None]:
    """Every analysis_update."""
    yield from members(conversation, "analysis_update", "data.confidence", is_number, "a number")


@check("SIG-ANA-05")
def an_analysis_has_a_bull_score(conversation: Conversation) -> Iterator[None]:
    """Every analysis_update."""
    yield from members(conversation, "analysis_update", "data.bull_score", is_number, "a number")


@check("SIG-ANA-06")
def an_analysis_has_a_bear_score(conversation: Conversation) -> Iterator[None]:
    """Every analysis_update."""
    yield from members(conversation, "analysis_update", "data.bear_score", is_number, "a number")


@check("SIG-ANA-07")
def an_analysis_says_why(conversation: Conversation) -> Iterator[None]:
    """Every analysis_update."""
    yield from members(conversation, "analysis_update", "data.reasoning", is_string, "a string")


@check("SIG-ANA-08")
def scores_are_from_0_to_1(conversation: Conversation) -> Iterator[None]:
    """Confidence and both scores of every analysis_update, as in the sample."""
    for name in ("confidence", "bull_score", "bear_score"):
        yield from optional(conversation, "analysis_update", f"data.{name}", is_share, "a number from 0 to 1")
