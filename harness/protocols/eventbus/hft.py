"""The high-frequency trader: trades, guarded by a stop and a target that prices really reach."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from harness.core.message import Message
from harness.protocols.eventbus.rules import Facts
from harness.protocols.eventbus.shared import BEGINS_S, Ids, Shared

TICK_S = 1.0  # How often trades are looked at, and one may be opened, at pace 1.
ENTRY_CHANCE = 0.2  # At each tick.
MOST_OPEN = 5
HOLD_S = 30.0  # After this a trade is closed wherever the price is, at pace 1.
STAKE = (500.0, 5000.0)  # What a trade costs, in the currency of the instrument.
RISK_S = 20.0  # A stop is as far away as prices usually move in this time, or up to 1.6 times as far.
CENT = 0.01


@dataclass(slots=True)
class Trade:
    """An open trade. Prices in whole cents; `distance` is that of the first stop from the entry.

    `qty` is below 0 in a short trade, which only a script opens. `is_guarded` says whether its lines have been told.
    """

    id: float
    instrument: str
    qty: float
    entry: float
    opened_at: float
    stop: float
    target: float
    distance: float
    is_guarded: bool = False

    @property
    def side(self) -> int:
        """1 when it gains by a rising price, -1 when by a falling one."""
        return _side(self.qty)

    def pnl(self, price: float) -> float:
        """What closing at `price` brings, exact to the cent."""
        exact = (_exact(price) - _exact(self.entry)) * _exact(self.qty)
        return float(exact.quantize(_exact(CENT))) + 0.0  # A loss of less than half a cent is 0, not -0.0.

    def trailed(self, price: float) -> float:
        """Where the stop would be, had the trade been opened at this price."""
        return round(price - self.side * self.distance, 2)

    def follow(self, price: float) -> None:
        """Let the stop follow the price: by a cent at least, and never as far as the target."""
        side = self.side
        nearest = max(side * self.trailed(price), side * self.stop + CENT)
        self.stop = round(side * min(nearest, side * self.target - CENT), 2)

    def ends(self, price: float) -> str:
        """The line that this price has reached; empty when it is between both."""
        if self.side * (price - self.stop) <= 0:
            return "stop"
        return "target" if self.side * (price - self.target) >= 0 else ""

    def risk(self) -> Message:
        """The payload of hft.trade_risk, which tells the lines."""
        self.is_guarded = True
        return {"trade_id": self.id, "stop": self.stop, "target": self.target}

    def opening(self) -> Message:
        """The payload of hft.entry."""
        return {"trade_id": self.id, "instrument_key": self.instrument, "qty": self.qty, "entry": self.entry}

    def exit(self, price: float, reason: str) -> Message:
        """The payload of hft.exit."""
        what = {"trade_id": self.id, "instrument_key": self.instrument, "price": price}
        return {**what, "pnl": self.pnl(price), "reason": reason}


class Trader:
    """Publishes on `hft`. By itself it trades long only. A trade is closed as a whole."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._chance = shared.chance("hft")
        self._ids: Ids[float] = Ids(int)
        self.running = False
        self.open: dict[float, Trade] = {}
        self.opened = self.closed = 0
        shared.agenda.at(BEGINS_S, self._begin)

    def turn(self, old: Facts, now: float) -> None:
        """Start, stop, change the broker or flatten, where the facts say so anew."""
        facts = self._shared.facts
        if facts.broker != old.broker and self.running:
            self._shared.publish("hft.broker", {"broker": facts.broker}, now)
        if facts.hft != old.hft and self.running != (facts.hft != "stopped"):
            if facts.hft == "stopped":
                self.stop(old.hft == "failing", now)
            else:
                self.start(now)
        if facts.flatten and not old.flatten:
            self.flatten(now)

    def start(self, now: float) -> None:
        """Begin to trade."""
        broker = self._shared.facts.broker
        payload = {"broker": broker, "safe_mode": True, "live_trading_enabled": False}
        self._shared.publish("hft.start", payload, now)
        self._shared.publish("hft.broker", {"broker": broker}, now)
        self.running = True

    def stop(self, is_failing: bool, now: float) -> None:
        """Trade no more. All trades are closed first, or else stay open until the next start."""
        self._wind_up(is_failing, now)
        self._shared.publish("hft.stop", {}, now)

    def flatten(self, now: float) -> None:
        """Close all trades, as far as the broker lets it, then say how many; each exit comes before."""
        self._shared.publish("hft.flatten", self._flattened([], now), now)

    def check_books(self) -> list[str]:
        """What does not add up, in words."""
        faults = [f"trade {id_}: its id is {t.id}" for id_, t in self.open.items() if t.id != id_]
        if self.opened != self.closed + len(self.open):
            faults.append(f"hft: {self.opened} opened, {self.closed} closed, {len(self.open)} open")
        return faults

    # What a script says -------------------------------------------------------------------------

    def scripted(self, kind: str, example: Message, said: Message, now: float) -> Message:
        """The payload of a scripted event: the example made true, and the trader as it leaves it."""
        match kind:
            case "hft.start":
                self.running = True
            case "hft.stop":
                self._wind_up(self._is_failing(), now)
            case "hft.entry":
                return self._scripted_entry({**example, **said}, said, now)
            case "hft.flatten":
                return self._flattened({**example, **said}["errors"], now)
        trade = self._spoken_of(said)
        match kind:
            case "hft.trade_risk" | "hft.exit" if trade is None:
                return {**example, "trade_id": self._ids.of(said, "trade_id")}
            case "hft.trade_risk" if trade:
                return self._scripted_risk(trade, said, now)
            case "hft.exit" if trade:
                return self._scripted_exit(trade, {**example, **said}["reason"], said, now)
            case "hft.manage_error" if trade:
                return {"error": _not_closed(trade.id)}
        return example

    def _spoken_of(self, said: Message) -> Trade | None:
        """The open trade that a script names, or else the newest; None where there is none."""
        return self.open.get(said["trade_id"]) if "trade_id" in said else next(reversed(self.open.values()), None)

    def _scripted_entry(self, full: Message, said: Message, now: float) -> Message:
        """A trade that is guarded and closed as any other; its risk lines follow its entry, where the trader acts."""
        id_ = self._ids.of(said, "trade_id")
        entry = said.get("entry", self._shared.market.price(full["instrument_key"], now))
        trade = self._trade(id_, full["instrument_key"], full["qty"], entry, now)
        if self._acts():
            self._shared.agenda.at(now, partial(self._guard, trade))
        return trade.opening()

    def _guard(self, trade: Trade, now: float) -> None:
        # The script may have closed it, or told its lines, at the same moment.
        if self.open.get(trade.id) is trade and not trade.is_guarded:
            self._shared.publish("hft.trade_risk", trade.risk(), now)

    def _scripted_risk(self, trade: Trade, said: Message, now: float) -> Message:
        """The lines that it says; or else the trade's own, with a nearer stop when they have been told before."""
        if trade.is_guarded and not said.keys() & {"stop", "target"}:
            trade.follow(self._shared.market.price(trade.instrument, now))
        trade.stop, trade.target = said.get("stop", trade.stop), said.get("target", trade.target)
        return trade.risk()

    def _scripted_exit(self, trade: Trade, reason: str, said: Message, now: float) -> Message:
        """At the price that it says, or else at the line that is the reason, or else at the market."""
        lines = {"stop": trade.stop, "target": trade.target}
        market = self._shared.market.price(trade.instrument, now)
        # A script may have set a line that no price can be at.
        return self._exit(trade, said.get("price", max(CENT, lines.get(reason, market))), reason)

    # Trading ------------------------------------------------------------------------------------

    def _begin(self, now: float) -> None:
        if self._shared.facts.hft != "stopped" and not self.running:
            self.start(now)
        self._tick(now)

    def _tick(self, now: float) -> None:
        self._shared.later(TICK_S, now, self._tick)
        wants_entry = self._chance.random() < ENTRY_CHANCE  # Drawn always, so that no failure changes what follows.
        if not self._acts():
            return
        if self._is_failing():
            self._fail(wants_entry, now)
            return
        for trade in list(self.open.values()):
            if trade.opened_at < now:  # One that a script opens at this very moment has not told its lines yet.
                self._manage(trade, now)
        if wants_entry and len(self.open) < MOST_OPEN:
            self._enter(now)

    def _acts(self) -> bool:
        """Whether it trades by itself: where the facts have it stopped, a script alone may let it run, and trades."""
        return self.running and self._shared.facts.hft != "stopped"

    def _is_failing(self) -> bool:
        return self._shared.facts.hft == "failing"

    def _enter(self, now: float) -> None:
        instrument = self._chance.choice(list(self._shared.facts.instruments))
        entry = self._shared.market.price(instrument, now)
        qty = max(0.001, round(self._chance.uniform(*STAKE) / entry, 3))
        trade = self._trade(self._ids.new(), instrument, qty, entry, now)
        self._shared.publish("hft.entry", trade.opening(), now)
        self._shared.publish("hft.trade_risk", trade.risk(), now)

    def _trade(self, id_: float, instrument: str, qty: float, entry: float, now: float) -> Trade:
        """Open a trade with its risk lines, which no event has told yet."""
        usual, side = entry * self._shared.market.spread(RISK_S), _side(qty)
        distance = max(CENT, round(usual * self._chance.uniform(1.0, 1.6), 2))
        gain = max(CENT, round(distance * self._chance.uniform(1.2, 2.0), 2))
        stop, target = (max(CENT, round(entry + side * away, 2)) for away in (-distance, gain))
        if id_ in self.open:  # Only a script takes an id again.
            self.closed += 1
        trade = self.open[id_] = Trade(id_, instrument, qty, entry, now, stop, target, distance)
        self.opened += 1
        return trade

    def _manage(self, trade: Trade, now: float) -> None:
        """Close the trade where its time or its price has come; else let the stop follow the price."""
        price = self._shared.market.price(trade.instrument, now)
        reason = self._reason(trade, price, now)
        if reason:
            self._shared.publish("hft.exit", self._exit(trade, price, reason), now)
            return
        if trade.side * (trade.trailed(price) - trade.stop) >= trade.distance / 2:
            trade.stop = trade.trailed(price)
            self._shared.publish("hft.trade_risk", trade.risk(), now)

    def _reason(self, trade: Trade, price: float, now: float) -> str:
        """Why the trade is to be closed at this price; empty when it is not."""
        is_due = now - trade.opened_at >= HOLD_S / self._shared.facts.pace
        return trade.ends(price) or ("time" if is_due else "")

    def _fail(self, wants_entry: bool, now: float) -> None:
        """The broker refuses: what should be opened is not, what should be closed stays open."""
        market = self._shared.market
        due = (t for t in self.open.values() if self._reason(t, market.price(t.instrument, now), now))
        if (stuck := next(due, None)) is not None:
            self._shared.publish("hft.manage_error", {"error": _not_closed(stuck.id)}, now)
        if wants_entry:
            instrument = self._chance.choice(list(self._shared.facts.instruments))
            self._shared.publish("hft.error", {"error": f"The broker refused the order to buy {instrument}"}, now)

    def _exit(self, trade: Trade, price: float, reason: str) -> Message:
        """Close the trade, and give the payload that tells of it."""
        del self.open[trade.id]
        self.closed += 1
        return trade.exit(price, reason)

    def _flattened(self, errors: list[str], now: float) -> Message:
        """Close all trades, or none while the broker fails; as many of the newest stay open as there are errors."""
        closed = self._close_all("flatten", now, keep=len(self.open) if self._is_failing() else len(errors))
        return {"closed": closed, "errors": [_not_closed(trade_id) for trade_id in self.open] or errors}

    def _wind_up(self, is_failing: bool, now: float) -> None:
        """What comes before a stop: all trades are closed, or, while the broker fails, the error of each is told."""
        if is_failing:
            for trade_id in self.open:
                self._shared.publish("hft.manage_error", {"error": _not_closed(trade_id)}, now)
        else:
            self._close_all("shutdown", now)
        self.running = False

    def _close_all(self, reason: str, now: float, keep: int = 0) -> int:
        """Close the oldest trades at the market, all but `keep`; how many that were."""
        closing = list(self.open.values())[: max(0, len(self.open) - keep)]
        for trade in closing:
            price = self._shared.market.price(trade.instrument, now)
            self._shared.publish("hft.exit", self._exit(trade, price, reason), now)
        return len(closing)


def _side(qty: float) -> int:
    return 1 if qty > 0 else -1


def _exact(number: float) -> Decimal:
    return Decimal(str(number))


def _not_closed(trade_id: float) -> str:
    return f"Trade {trade_id} could not be closed because the broker did not answer"
