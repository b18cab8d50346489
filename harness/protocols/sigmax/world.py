"""SIGMAX's world: the market, the agents that analyze it, the desk that trades, and the events that tell of it all.

Each event is made once, and goes out under the channels `all`, its topic, and those of the symbols that it is about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

from harness.core.message import Message, rfc3339
from harness.core.world import Setting, World
from harness.protocols.sigmax import scripting
from harness.protocols.sigmax.analysis import Analysis, analyze
from harness.protocols.sigmax.books import cents, exact, percent
from harness.protocols.sigmax.health import Simulated, health_data
from harness.protocols.sigmax.market import Market, narrowed
from harness.protocols.sigmax.rules import Facts
from harness.protocols.sigmax.selection import analysis_channel, symbols_of
from harness.protocols.sigmax.trading import Desk

# Event Types: the topic of each event that has one.
TOPIC_OF = {
    "analysis_update": "analysis",
    "proposal_created": "proposals",
    "proposal_approved": "proposals",
    "trade_executed": "executions",
    "status_change": "status",
    "market_update": "market",
    "portfolio_update": "portfolio",
    "health_update": "health",
    "system_status": "status",
    "alert": "alerts",
}

RUNNING, PAUSED = "running", "paused"
ANALYSES_PER_PROPOSAL = 3  # Not every analysis leads to a trade that can be made.
IRREGULAR = (0.75, 1.25)  # By how much the agents' rhythm varies.
LARGE_MOVE = 0.03  # Of a price within a minute: worth an alert; twice that is critical.
DEEP, DEEPER = 5.0, 10.0  # Percent below the portfolio's peak: worth an alert; critical.


class SigmaxWorld(World[Facts]):
    """What all SIGMAX sessions of a stage share."""

    LIVE = frozenset(
        {
            *("volatility", "drift", "shock", "proposals_every_s", "proposals", "refusal"),
            *("alerts_per_second", "api_key"),
        }
    )

    def __init__(self, facts: Facts, setting: Setting) -> None:
        super().__init__(facts, setting)
        seed = self.chance.getrandbits(64)
        self.market = Market(facts, seed)
        self.desk = Desk(self, exact(facts.capital), Random(f"{seed}/desk"))
        self.status = RUNNING
        self.connections: set[str] = set()
        self.counts: Counter[str] = Counter()  # Of events, by type.
        self._agents = Random(f"{seed}/agents")
        self._monitor = Random(f"{seed}/monitor")
        measured = setting.vitals if facts.health == "real" else None
        self.vitals = measured or Simulated(Random(f"{seed}/health"))
        self._views: dict[str, Analysis] = {}  # Symbol -> the newest analysis that led to nothing yet.
        self._next_pair = 0
        self._market_channels: dict[str, frozenset[str]] = {}
        self._jump = 0.0  # What the next prices gain beside their usual move.
        self._statuses = 0  # How many there were.
        self._storms = 0
        self._peak = exact(facts.capital)
        self._alerted_percent = 0.0  # How deep below the peak the last alert was.
        self._begin()

    def _begin(self) -> None:
        self._tick(self.facts.market_every_s, self._market, 1)
        self._tick(self.facts.portfolio_every_s, self._portfolio, 1)
        self._tick(self.facts.status_every_s, self._system_status, 1)
        self._tick(self.facts.health_every_s, self._health, 1)
        self._plan_analysis(0.0)
        self._plan_proposal(0.0)
        self.turn(self.facts, 0.0)

    def turn(self, facts: Facts, now: float) -> None:
        """New facts: a shock is felt once, with the next market_update; each change of the storm begins another."""
        # Without it in the facts, the same shock can be said again, and other changes do not repeat it.
        self.facts = replace(facts, shock=0.0)
        self._jump = (1 + self._jump) * (1 + facts.shock) - 1
        self._storms += 1
        self._plan_storm(self._storms, now)

    def scripted(self, name: str, variant: str | None, changes: Message, now: float) -> bool:
        """Events of a topic happen here, once for all; what is said to one client is left to its session."""
        if name not in TOPIC_OF:
            return False
        scripting.happen(self, name, variant, changes, now)
        return True

    def check_books(self) -> list[str]:
        """What in the portfolio does not add up; empty when all is well."""
        return self.desk.audit()

    # Events -------------------------------------------------------------------------------------

    def ts(self, now: float) -> str:
        """A stage time as the time of day that messages carry."""
        return rfc3339(self.clock.wall_s(now))

    def event(self, kind: str, data: Any, now: float) -> Message:
        """Message Protocol: an event, still without the connection that a copy goes to."""
        return {"type": kind, "data": data, "timestamp": self.ts(now)}

    def emit(self, kind: str, data: Any, now: float) -> None:
        """Make an event and tell it."""
        self.broadcast(self.event(kind, data, now), now)

    def broadcast(self, message: Message, now: float) -> list[str]:
        """Tell an event under its channels, which are given back."""
        kind = message["type"]
        self.counts[kind] += 1
        channels = ["all", TOPIC_OF[kind]]
        if kind == "analysis_update":
            channels.append(analysis_channel(message["data"]["symbol"]))
        for channel in channels:
            self.tell(channel, message, now)
        if kind == "market_update":
            channels += self._tell_symbols(message, now)
        return channels

    def offer(self, channel: str) -> None:
        """Know that somebody listens to this market channel: rows of just its symbols go out there."""
        self._market_channels.setdefault(channel, symbols_of(channel))

    def _tell_symbols(self, message: Message, now: float) -> list[str]:
        """Tell each choice of symbols its rows, once for all who made the same choice."""
        told = []
        for channel, symbols in list(self._market_channels.items()):
            if not self.topics.wanted(channel):
                del self._market_channels[channel]
                continue
            rows = narrowed(message["data"], symbols)
            if rows:
                self.tell(channel, {**message, "data": rows}, now)
                told.append(channel)
        return told

    # What clients may do ------------------------------------------------------------------------

    def pause(self, pause_s: float, now: float) -> None:
        """Make no proposals for so long; those that were made are carried through."""
        self._turn_to(PAUSED, "Paused by a command", now)
        self.agenda.at(now + pause_s, partial(self._end_pause, self._statuses))

    def resume(self, reason: str, now: float) -> None:
        """Go on."""
        self._turn_to(RUNNING, reason, now)

    def enter(self, status: str) -> str:
        """Have this status; the one before is given back. A pause that was to end by itself does so no more."""
        previous, self.status = self.status, status
        self._statuses += 1
        return previous

    def analyze(self, symbol: str, now: float) -> None:
        """Look at a pair, and tell what the agents make of it."""
        analysis = self._views[symbol] = self.view(symbol)
        self.emit("analysis_update", analysis.data, now)

    def view(self, symbol: str) -> Analysis:
        """What the agents make of a pair now."""
        return analyze(self.market.pairs[symbol], self.desk.invested(), self._agents)

    def alert(self, level: str, text: str, source: str, now: float) -> None:
        """Warn."""
        self.emit("alert", {"level": level, "message": text, "source": source}, now)

    def portfolio_data(self) -> dict[str, Any]:
        """The data of a portfolio_update."""
        return self.desk.books.portfolio(self.market.prices())

    def health_data(self) -> dict[str, Any]:
        """The data of a health_update."""
        return health_data(self.vitals())

    def status_data(self, now: float) -> dict[str, Any]:
        """The data of a system_status."""
        return {
            "status": self.status,
            "uptime_s": round(now, 3),
            "connections": len(self.connections),
            "analyses": self.counts["analysis_update"],
            "proposals": self.counts["proposal_created"],
            "trades": self.counts["trade_executed"],
            "alerts": self.counts["alert"],
        }

    # What time brings ---------------------------------------------------------------------------

    def _tick(self, every_s: float, beat: Callable[[float], None], number: int) -> None:
        """Beat at each multiple of `every_s`, which is global: the same for all connections (Available Topics)."""

        def ring(now: float) -> None:
            self._tick(every_s, beat, number + 1)
            beat(now)

        self.agenda.at(number * every_s, ring)

    def _market(self, now: float) -> None:
        # Prices move here only, so that trades and the portfolio agree with the prices that were told last.
        self.market.move(self.facts, now)
        if self._jump:
            self.market.jump(self._jump, now)
            self._jump = 0.0
        self.emit("market_update", self.market.rows(now), now)
        self._look_around(now)

    def _portfolio(self, now: float) -> None:
        self.emit("portfolio_update", self.portfolio_data(), now)

    def _system_status(self, now: float) -> None:
        self.emit("system_status", self.status_data(now), now)

    def _health(self, now: float) -> None:
        self.emit("health_update", self.health_data(), now)

    def _plan_analysis(self, now: float) -> None:
        wait_s = self.facts.proposals_every_s / ANALYSES_PER_PROPOSAL * self._agents.uniform(*IRREGULAR)
        self.agenda.at(now + wait_s, self._analyze_next)

    def _analyze_next(self, now: float) -> None:
        self._plan_analysis(now)
        symbols = list(self.market.pairs)
        self.analyze(symbols[self._next_pair % len(symbols)], now)
        self._next_pair += 1

    def _plan_proposal(self, now: float) -> None:
        wait_s = self.facts.proposals_every_s * self._agents.uniform(*IRREGULAR)
        self.agenda.at(now + wait_s, self._propose)

    def _propose(self, now: float) -> None:
        """Propose a trade on the surest analysis that a trade can be made on."""
        self._plan_proposal(now)
        views = self._views.values() if self.status == RUNNING else ()
        for analysis in sorted(views, key=lambda each: -each.confidence):
            size = self.desk.size_for(analysis)
            if size > 0:
                del self._views[analysis.symbol]
                self.desk.propose(analysis, size, now)
                break

    def _turn_to(self, status: str, reason: str, now: float) -> None:
        previous = self.enter(status)
        if status != previous:
            data = {"previous_status": previous, "status": status, "reason": reason}
            self.emit("status_change", data, now)

    def _end_pause(self, number: int, now: float) -> None:
        if number == self._statuses:
            self.resume("The pause has ended by itself", now)

    def _plan_storm(self, number: int, now: float) -> None:
        if self.facts.alerts_per_second:
            self.agenda.at(now + 1 / self.facts.alerts_per_second, partial(self._storm, number))

    def _storm(self, number: int, now: float) -> None:
        if number != self._storms:
            return
        self._plan_storm(number, now)
        pair = self._monitor.choice(list(self.market.pairs.values()))
        level = self._monitor.choice(("info", "warning", "critical"))
        self.alert(level, f"{pair.symbol} trades at {pair.price:f} on unusual volume", "monitor", now)

    # Alerts with a cause ------------------------------------------------------------------------

    def _look_around(self, now: float) -> None:
        for pair in self.market.pairs.values():
            move = pair.recent_move()
            if abs(move) >= LARGE_MOVE:
                pair.forget_recent()
                level = "critical" if abs(move) >= 2 * LARGE_MOVE else "warning"
                verb = "rose" if move > 0 else "fell"
                self.alert(level, f"{pair.symbol} {verb} by {abs(100 * move):.2f} % within a minute", "market", now)
        self._look_at_drawdown(now)

    def _look_at_drawdown(self, now: float) -> None:
        """Warn at each further step below the peak, once."""
        value = self.desk.books.value(self.market.prices())
        if value > self._peak:
            self._peak, self._alerted_percent = value, 0.0
        depth = percent(self._peak - value, self._peak)
        if depth >= self._alerted_percent + DEEP:
            self._alerted_percent = depth
            level = "critical" if depth >= DEEPER else "warning"
            text = f"The portfolio is {depth:.2f} % below its peak of {cents(self._peak)}"
            self.alert(level, text, "portfolio", now)
