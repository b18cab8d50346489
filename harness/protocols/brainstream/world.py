"""BrainStream's world: one engine, whose state all clients are shown."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from functools import partial
from typing import Any

from harness.core.message import Message, merged, rfc3339
from harness.core.world import Setting, World
from harness.protocols.brainstream.logbook import SLACK_BYTES, Level, Logbook, size_of
from harness.protocols.brainstream.market import LISTINGS, Market
from harness.protocols.brainstream.portfolio import MICRO, Portfolio, Trade
from harness.protocols.brainstream.rules import Facts, Regime, Status
from harness.protocols.brainstream.strategy import signal_of
from harness.protocols.brainstream.workers import Workers

PACKETS = ("WELCOME", "TELEMETRY")  # The types of messages there are.
# Topics: packets, the same object for everybody; and that the backend has gone.
TELEMETRY, GONE = "telemetry", "gone"

DAY_S = 86_400
LARGE_MOVE = 0.01  # A log return that is worth an entry in the logs.
SUMMARY_TICKS = 60

REGIME_LEVEL: dict[Regime, Level] = {"Gaussian": "INFO", "Lévy Stable": "WARNING", "Critical": "ERROR"}
STATUS_LOG: dict[Status, tuple[Level, str]] = {
    "ACTIVE": ("INFO", "Governance: trading is active"),
    "HALT": ("ERROR", "Governance: trading is halted"),
    "INITIALIZING": ("WARNING", "Engine: initializing"),
}


class BrainStreamWorld(World[Facts]):
    """What all sessions of a stage share. `data` is the newest snapshot: the data of the packets sent last."""

    LIVE = frozenset({"status", "regime", "volatility", "drift", "jump", "trading", "feed", "packet_bytes"})

    def __init__(self, facts: Facts, setting: Setting) -> None:
        super().__init__(replace(facts, jump=0.0), setting)
        self.connections: Counter[str] = Counter()  # By the client's address.
        self._seed = f"{self.chance.getrandbits(64)}"
        self._listings = {**LISTINGS, facts.symbol: facts.price}
        self._markets: dict[str, Market] = {}
        self.market = self._market_of(facts.symbol)
        self.market.jump(facts.jump)
        self.portfolio = Portfolio(facts, self._day(0.0))
        self.workers = Workers(facts.status == "INITIALIZING", self._seed)
        self.logbook = Logbook(self.clock)
        self._ticks = 0
        self._is_vetoed = False
        self._range = (self.market.price, self.market.price)  # Since the last summary.
        self.signal = signal_of(self.market, facts.status)
        self._note_start()
        self.data = self._snapshot(0.0)
        self._packets: dict[str, Message] = {}  # By type, those made last.
        self._next_tick(1)

    # What clients see and do --------------------------------------------------------------------

    def packet(self, kind: str) -> Message:
        """WELCOME or TELEMETRY with the newest snapshot: one object for all who get it, made once."""
        packet = self._packets.get(kind)
        if packet is None or packet["data"] is not self.data:
            packet = self._packets[kind] = {"type": kind, "data": self.data}
        return packet

    def halt(self, now: float) -> None:
        """HALT (2.2): an emergency stop, for everybody."""
        self._note("WARNING", "Governance: a client asked for an emergency stop", now)
        self.change({"status": "HALT"}, now)

    def subscribe(self, symbol: str, now: float) -> bool:
        """SUBSCRIBE (2.2): trade this symbol from now on. False when it is not known here."""
        if symbol not in self._listings:
            return False
        if symbol != self.market.symbol:
            if self.portfolio.micros:
                self._note_trade(self.portfolio.sell_out(self.market.price), now)
            self.market = self._market_of(symbol)
            self._range = (self.market.price, self.market.price)
            self._note("INFO", f"Engine: {symbol} is the active symbol now", now)
        return True

    # What the scenario says ---------------------------------------------------------------------

    def turn(self, facts: Facts, now: float) -> None:
        """Facts change. A jump happens once, so it is not kept."""
        before, self.facts = self.facts, replace(facts, jump=0.0)
        self.market.jump(facts.jump)
        if facts.status != before.status:
            self._note(*STATUS_LOG[facts.status], now)
        if facts.feed != before.feed:
            level: Level = "INFO" if facts.feed == "live" else "ERROR"
            self._note(level, f"Engine: the feed is {facts.feed}", now)
            if facts.feed == "down":
                self.tell(GONE, None, now)
            if facts.feed == "live":
                self._refresh(now)  # Who comes before the next tick shall not be told what was long ago.

    def scripted(self, name: str, variant: str | None, changes: Message, now: float) -> bool:
        """The packet goes to everybody, at once: a tick that is due at this moment, too, shall not overtake it."""
        self.topics.publish(TELEMETRY, self.script(name, variant, changes, now), now)
        return True

    def script(self, name: str, variant: str | None, changes: Message, now: float) -> Message:
        """A packet with the state of this moment, in which the changes hold, and of which the next knows nothing.

        What the example says of status and regime becomes true first, and remains so.
        """
        if variant is not None:
            example = self.setting.examples[name][variant]["data"]
            self._make_true(example["status"], example["market"]["regime"], now)
        self._refresh(now)
        return merged(self.packet(name), changes)

    def check_books(self) -> list[str]:
        """What does not add up in the portfolio or in the counters."""
        return [*self.portfolio.audit(self.market.price), *self.workers.audit()]

    # What time brings ---------------------------------------------------------------------------

    def _next_tick(self, number: int) -> None:
        self.agenda.at(number * self.facts.tick_every_s, partial(self._tick, number))

    def _tick(self, number: int, now: float) -> None:
        self._next_tick(number + 1)
        self._ticks = number
        self._move(now)
        self._decide(now)
        if self.facts.status != "INITIALIZING":
            for agent in self.workers.work(number):
                self._note("WARNING", f"{agent.job.name}: call {agent.calls} failed", now)
        if self.facts.feed == "live":
            self.data = self._snapshot(now)
            self.topics.publish(TELEMETRY, self.packet("TELEMETRY"), now)

    def _move(self, now: float) -> None:
        """Let the market move, and note what is worth it."""
        market = self.market
        regime = market.regime
        market.tick(self.facts)
        if market.regime != regime:
            self._note_regime(now)
        if abs(market.change) >= LARGE_MOVE:
            part = math.expm1(market.change)
            self._note("WARNING", f"Market: {market.symbol} moved {part:+.2%} to {market.price}", now)
        least, most = self._range
        self._range = (min(least, market.price), max(most, market.price))
        if self._ticks % SUMMARY_TICKS == 0:
            least, most = self._range
            self._note("INFO", f"Market: {market.symbol} between {least} and {most} in {SUMMARY_TICKS} ticks", now)
            self._range = (market.price, market.price)

    def _decide(self, now: float) -> None:
        """Let the engine judge the market, and the portfolio follow."""
        self.signal = signal_of(self.market, self.facts.status)
        is_vetoed = self.signal.wanted > 0 and self.signal.approved == 0
        if is_vetoed and not self._is_vetoed:
            self._note(
                "WARNING",
                f"Governance: physics veto, no {self.signal.side} of {self.signal.wanted:.1%} of the nav",
                now,
            )
        self._is_vetoed = is_vetoed
        if self.facts.trading:
            trade = self.portfolio.follow(self.signal, self.market.price, self._ticks)
            if trade is not None:
                self._note_trade(trade, now)
        self.portfolio.mark(self.market.price, self._day(now))

    def _make_true(self, status: Status, regime: Regime, now: float) -> None:
        """Let the world be as an example says."""
        is_new = regime != self.market.regime
        self.market.enter(regime)
        if is_new:
            self._note_regime(now)
        fixed = self.facts.regime if self.facts.regime == "auto" else regime
        self.change({"status": status, "regime": fixed}, now)

    # Telling ------------------------------------------------------------------------------------

    def _refresh(self, now: float) -> None:
        """Make the snapshot of a moment between two ticks; a new day may have begun since the last."""
        self.signal = signal_of(self.market, self.facts.status)
        self.portfolio.mark(self.market.price, self._day(now))
        self.data = self._snapshot(now)

    def _snapshot(self, now: float) -> Message:
        """The data of packets (3.1). Nobody changes it any more, since all clients are sent the same object."""
        signal = self.signal
        data: dict[str, Any] = {
            "timestamp": rfc3339(self.clock.wall_s(now)),
            "status": self.facts.status,
            "market": self.market.data(),
            "portfolio": self.portfolio.data(self.market.price),
            "signal": {"side": signal.side, "confidence": signal.confidence, "reasoning": signal.reasoning},
            "governance": {"approved_size": signal.approved},
            "logs": self.logbook.data(),
            "agents": self.workers.agent_data(),
            "models": self.workers.model_data(),
        }
        if self.facts.packet_bytes:
            missing = self.facts.packet_bytes + SLACK_BYTES - size_of({"type": "TELEMETRY", "data": data})
            calls = {name: each["invocations"] for name, each in data["agents"].items()}
            data["logs"] = self.logbook.padded(calls, missing, now)
        return data

    def _note(self, level: Level, text: str, now: float) -> None:
        self.logbook.note(level, text, now)

    def _note_regime(self, now: float) -> None:
        regime = self.market.regime
        self._note(REGIME_LEVEL[regime], f"Physics: {regime} regime confirmed", now)

    def _note_trade(self, trade: Trade, now: float) -> None:
        verb = "bought" if trade.micros > 0 else "sold"
        shares = abs(trade.micros) / MICRO
        self._note("INFO", f"Execution: {verb} {shares:.4f} {self.market.symbol} at {trade.price}", now)

    def _note_start(self) -> None:
        """What led to the start."""
        market = self.market
        self._note("INFO", f"Engine: telemetry of {market.symbol} begins at {market.price}", -5.0)
        self._note("INFO", f"Portfolio: {self.portfolio.nav(market.price):.2f} USD of net asset value", -4.0)
        for worker in self.workers.agents:
            self._note("INFO", f"{worker.job.name}: ready after {worker.calls} calls", -3.0)
        self._note("INFO", f"Physics: tail index {market.tail.alpha:.2f} over the recent returns", -2.0)
        self._note_regime(-2.0)
        self._note(*STATUS_LOG[self.facts.status], -1.0)

    def _market_of(self, symbol: str) -> Market:
        """The symbol's market; it begins when it is first asked for, and rests while another is active."""
        if symbol not in self._markets:
            self._markets[symbol] = Market(symbol, self._listings[symbol], self.facts, self._seed)
        return self._markets[symbol]

    def _day(self, now: float) -> int:
        return int(self.clock.wall_s(now) // DAY_S)
