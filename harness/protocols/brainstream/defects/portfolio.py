"""Broken servers, at the portfolio."""

from __future__ import annotations

from typing import Any

from harness.core.change import nth
from harness.core.defect import on_message
from harness.core.message import Message, merged
from harness.core.session import Session
from harness.protocols.brainstream.defects.breaking import lacking, wrong

nav_with_separators = wrong("nav-with-separators", "BRA-PORT-01", "portfolio.nav", lambda v: f"{v:,}")
no_cash = lacking("no-cash", "BRA-PORT-02", "portfolio.cash")
profit_unknown = wrong("profit-unknown", "BRA-PORT-03", "portfolio.daily_pnl", lambda v: None)
drawdown_in_percent = wrong("drawdown-in-percent", "BRA-PORT-04", "portfolio.max_drawdown", lambda v: -5.0)
drawdown_above_nothing = wrong("drawdown-above-nothing", "BRA-PORT-04", "portfolio.max_drawdown", lambda v: 0.005)


@on_message("BRA-PORT-05")
def drawdown_of_the_moment(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Tells the present fall from the peak, which recovers."""
    return merged(message, {"data.portfolio.max_drawdown": -0.05 + 0.0005 * nth(session, "packet")})


@on_message("BRA-PORT-06")
def profit_in_percent(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Tells the profit of the day as a part of the nav, in percent."""
    portfolio = message["data"]["portfolio"]
    return merged(message, {"data.portfolio.daily_pnl": round(100 * portfolio["daily_pnl"] / portfolio["nav"], 2)})


@on_message("BRA-PORT-07")
def overlooks_falls(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Loses a little with each packet, and leaves max_drawdown as it was."""
    lost = 900.0 * nth(session, "packet")
    portfolio = message["data"]["portfolio"]
    changes = {name: round(portfolio[name] - lost, 2) for name in ("nav", "daily_pnl")}
    return {**message, "data": {**message["data"], "portfolio": {**portfolio, **changes, "max_drawdown": 0.0}}}
