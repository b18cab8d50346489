"""Otherwise: figures, trades, and how the world goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.core.message import Message, merged
from harness.core.variant import in_facts, in_world, on_message
from harness.protocols.sigmax.world import SigmaxWorld

PF = "portfolio_update"

# What nobody sees where nothing is traded.
TRADES = (
    *(f"SIG-PF-{number:02}" for number in (*range(6, 13), 14, 15, 16, 18, 19)),
    *(f"SIG-PROP-{number}" for number in (10, 12, 13)),
    *(f"SIG-EXE-{number:02}" for number in range(1, 16)),
)

EXACT = "it is open how exact figures are"
BASE = "the base of total_pnl_percent is open"
PAYLOADS = "payloads of some events are not shown"
FATES = "proposals may come to nothing"
WORLD = "how the market goes is not bound by the spec"

# Figures ----------------------------------------------------------------------------------------


@on_message(EXACT, PF)
def unrounded(message: Message, session: Any, now: float) -> Message:
    """Gives figures as they are reckoned."""
    positions = [
        {
            **p,
            "value": p["size"] * p["current_price"],
            "pnl": p["size"] * (p["current_price"] - p["entry_price"]),
            "pnl_percent": 100 * (p["current_price"] / p["entry_price"] - 1),
        }
        for p in message["data"]["positions"]
    ]
    return merged(message, {"data.positions": positions})


@on_message(EXACT, PF)
def prices_to_the_cent(message: Message, session: Any, now: float) -> Message:
    """Rounds entry prices to the cent."""
    positions = [{**p, "entry_price": round(p["entry_price"], 2)} for p in message["data"]["positions"]]
    return merged(message, {"data.positions": positions})


@on_message(EXACT, PF, "market_update")
def whole_numbers(message: Message, session: Any, now: float) -> Message:
    """Writes 95000 for 95000.0."""

    def whole(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: whole(each) for name, each in value.items()}
        if isinstance(value, list):
            return [whole(each) for each in value]
        return int(value) if isinstance(value, float) and value.is_integer() else value

    changed: Message = whole(message)
    return changed


@on_message(BASE, PF)
def percent_of_the_capital(message: Message, session: Any, now: float) -> Message:
    """Takes what there was at the start for the base of the percentage."""
    return merged(message, {"data.total_pnl_percent": message["data"]["total_pnl"] / 1000})


@on_message(BASE, PF)
def percent_of_the_cost(message: Message, session: Any, now: float) -> Message:
    """Takes what the positions cost for the base of the percentage."""
    cost = sum(p["size"] * p["entry_price"] for p in message["data"]["positions"])
    return merged(message, {"data.total_pnl_percent": 100 * message["data"]["total_pnl"] / cost if cost else 0})


@on_message("total_value may contain reserved money", PF)
def reserves(message: Message, session: Any, now: float) -> Message:
    """Counts money into the total that is not available."""
    return merged(message, {"data.total_value": message["data"]["total_value"] + 2500})


@on_message("the rate of fees is never stated", "trade_executed")
def free_of_charge(message: Message, session: Any, now: float) -> Message:
    """Takes no fees."""
    return merged(message, {"data.fee": 0})


# Trades -----------------------------------------------------------------------------------------


@on_message(PAYLOADS, "proposal_approved", unseen=("SIG-PROP-13",))
def bare_approvals(message: Message, session: Any, now: float) -> Message:
    """Approves by the id alone."""
    return {**message, "data": {"proposal_id": message["data"]["proposal_id"]}}


@on_message("partial fills are not mentioned", "trade_executed", unseen=("SIG-EXE-06", "SIG-EXE-13", "SIG-EXE-15"))
def parts(message: Message, session: Any, now: float) -> Message:
    """Fills a half of each proposal, and says so."""
    data = message["data"]
    return merged(message, {"data.status": "partial", "data.size": data["size"] / 2, "data.fee": data["fee"] / 2})


proposals_come_to_nothing = in_facts(
    "proposals-come-to-nothing", FATES, "Approves no proposal by itself.", unseen=TRADES, proposals="left"
)
refuses_proposals = in_facts(
    "refuses-proposals", FATES, "Refuses its own proposals.", unseen=TRADES, proposals="refused"
)

# The world --------------------------------------------------------------------------------------


@in_world("the rhythm of ticks is told in round numbers")
class TicksLate(SigmaxWorld):
    """Begins its ticks in the midst of a period, and drifts a little."""

    def _tick(self, every_s: float, beat: Callable[[float], None], number: int) -> None:
        def ring(now: float) -> None:
            self._tick(every_s, beat, number + 1)
            beat(now)

        self.agenda.at(number * every_s * 1.02 + 0.37, ring)


a_wild_market = in_facts("a-wild-market", WORLD, "Has wild prices.", volatility=100.0)
a_market_at_rest = in_facts("a-market-at-rest", WORLD, "Has prices at rest.", volatility=0.0)
an_alert_storm = in_facts(
    "an-alert-storm", "immediate topics have no rate", "Sends twenty alerts a second.", alerts_per_second=20.0
)
