"""Broken servers, at heartbeats, timeout and rhythm."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.core.change import nth
from harness.core.defect import Defect, in_rules, in_session, on_message
from harness.core.message import Message, Problem
from harness.core.session import Effects, Session
from harness.protocols.sigmax.session import SigmaxSession


@on_message("SIG-HB-01", "ping", also=("SIG-HB-06",))
def pings_late(message: Message, session: Session[Any, Any], now: float) -> Message | None:
    """Leaves out the first ping, so that it comes after a minute."""
    return None if nth(session, "ping") == 1 else message


@on_message("SIG-HB-02", "ping", also=("SIG-HB-06",))
def pings_once(message: Message, session: Session[Any, Any], now: float) -> Message | None:
    """Sends one ping and no more."""
    return message if nth(session, "ping") == 1 else None


pings_all_the_time = in_rules("pings-all-the-time", "SIG-HB-03", "Pings every 5 s.", heartbeat_every_s=5.0)
impatient = in_rules("impatient", "SIG-HB-04", "Ends a connection after 45 s of silence.", timeout_s=45.0)
keeps_the_dead = in_rules("keeps-the-dead", "SIG-HB-05", "Keeps connections on which nothing comes.", timeout_s=1e6)


@in_session("SIG-HB-06")
class IgnoresPongs(SigmaxSession):
    """Takes pongs for no sign of life."""

    def arrived(self, message: Message | Problem, now: float) -> Effects | None:
        before = self.heard_at
        effects = super().arrived(message, now)
        self.before = before
        return effects

    def pong(self, message: Message, now: float) -> Effects:
        self.heard_at = self.before
        return super().pong(message, now)


def _slow(name: str, breaks: str, **facts: float) -> Defect:
    (fact, period_s), *_ = facts.items()
    text = f"Has a period of {period_s:g} s for {fact.removesuffix('_every_s')}."
    return Defect(name, breaks, (), text, lambda p: replace(p, facts=replace(p.facts, **facts)))


slow_market = _slow("slow-market", "SIG-TIME-01", market_every_s=2.8)
hasty_market = _slow("hasty-market", "SIG-TIME-01", market_every_s=1.0)
slow_portfolio = _slow("slow-portfolio", "SIG-TIME-02", portfolio_every_s=4.0)
slow_status = _slow("slow-status", "SIG-TIME-03", status_every_s=7.0)
slow_health = _slow("slow-health", "SIG-TIME-04", health_every_s=13.0)
