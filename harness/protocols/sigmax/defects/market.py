"""Broken servers, at market, health and analyses."""

from __future__ import annotations

from typing import Any

from harness.core.defect import on_message
from harness.core.edits import lacking, wrong
from harness.core.message import Message
from harness.core.session import Session

MD, HLT, ANA = "market_update", "health_update", "analysis_update"


@on_message("SIG-MD-01", MD, also=("SIG-SUB-24",))
def market_by_symbol(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives an object by symbol in place of the array."""
    return {**message, "data": {row["symbol"]: row for row in message["data"]}}


symbols_with_a_dash = wrong(
    "symbols-with-a-dash",
    "SIG-MD-02",
    MD,
    "data.*.symbol",
    lambda v: v.replace("/", "-"),
    also=("SIG-SUB-24", "SIG-SUB-25"),
)
prices_as_strings = wrong("prices-as-strings", "SIG-MD-03", MD, "data.*.price", str)
volume_below_zero = wrong("volume-below-zero", "SIG-MD-04", MD, "data.*.volume_24h", lambda v: -v - 1)
change_with_its_unit = wrong("change-with-its-unit", "SIG-MD-05", MD, "data.*.change_24h", lambda v: f"{v} %")


@on_message("SIG-MD-06", MD)
def repeats_a_row(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Has the first row twice."""
    return {**message, "data": [*message["data"], *message["data"][:1]]}


cpu_as_string = wrong("cpu-as-string", "SIG-HLT-01", HLT, "data.cpu_percent", str)
memory_in_megabytes = wrong("memory-in-megabytes", "SIG-HLT-02", HLT, "data.memory_percent", lambda v: 8192 + v)
no_disk = lacking("no-disk", "SIG-HLT-03", HLT, "data.disk_percent")
half_a_process = wrong("half-a-process", "SIG-HLT-04", HLT, "data.process_count", lambda v: v + 0.5)

analysis_of_a_coin = wrong(
    "analysis-of-a-coin", "SIG-ANA-01", ANA, "data.symbol", lambda v: v.partition("/")[0], also=("SIG-SUB-26",)
)
no_decision = lacking("no-decision", "SIG-ANA-02", ANA, "data.decision")
shouts_decisions = wrong("shouts-decisions", "SIG-ANA-03", ANA, "data.decision", str.upper)
confidence_in_words = wrong("confidence-in-words", "SIG-ANA-04", ANA, "data.confidence", lambda v: "high")
no_bull_score = lacking("no-bull-score", "SIG-ANA-05", ANA, "data.bull_score")
bear_score_null = wrong("bear-score-null", "SIG-ANA-06", ANA, "data.bear_score", lambda v: None)
reasoning_in_parts = wrong("reasoning-in-parts", "SIG-ANA-07", ANA, "data.reasoning", lambda v: v.split())
confidence_in_percent = wrong("confidence-in-percent", "SIG-ANA-08", ANA, "data.confidence", lambda v: 100 * v)
