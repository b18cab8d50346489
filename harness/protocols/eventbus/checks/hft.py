"""hft: the trader's own state, and its trades with their entries, risk lines and exits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.conformance.check import check, expect
from harness.core.conversation import Conversation
from harness.core.message import Message
from harness.protocols.eventbus.checks.lives import never_before, once
from harness.protocols.eventbus.checks.stream import (
    is_above_zero,
    is_count,
    is_key,
    is_number,
    is_object,
    is_text,
    is_texts,
    is_truth,
    keyed,
    member,
    moment,
    numbers,
    silent_while_stopped,
    told,
)

ENTRY, EXIT, RISK, FLATTEN = "hft.entry", "hft.exit", "hft.trade_risk", "hft.flatten"
COSTS, REBATE = 0.002, 0.0002  # Of the turnover: what may be taken off a gain, and added to it.
CENT = 0.01
NEAR_S = 2.0  # What belongs together is told within this.

# The trader's own state --------------------------------------------------------------------------


@check("EVB-HFT-01")
def a_start_names_the_broker(conversation: Conversation) -> Iterator[None]:
    """Every hft.start."""
    yield from member(conversation, "hft.start", "broker", is_text, "a string")


@check("EVB-HFT-02")
def a_start_tells_whether_it_is_safe(conversation: Conversation) -> Iterator[None]:
    """Every hft.start."""
    yield from member(conversation, "hft.start", "safe_mode", is_truth, "true or false")


@check("EVB-HFT-03")
def a_start_tells_whether_it_is_live(conversation: Conversation) -> Iterator[None]:
    """Every hft.start."""
    yield from member(conversation, "hft.start", "live_trading_enabled", is_truth, "true or false")


@check("EVB-HFT-04")
def a_stop_has_an_object_for_payload(conversation: Conversation) -> Iterator[None]:
    """Every hft.stop; members of its own will do."""
    for event in conversation.received("hft.stop"):
        yield expect(is_object(event.get("payload")), "payload of hft.stop to be an object", event)


@check("EVB-HFT-05")
def a_change_names_the_broker(conversation: Conversation) -> Iterator[None]:
    """Every hft.broker."""
    yield from member(conversation, "hft.broker", "broker", is_text, "a string")


@check("EVB-HFT-06")
def an_error_has_words(conversation: Conversation) -> Iterator[None]:
    """Every hft.error."""
    yield from member(conversation, "hft.error", "error", is_text, "a string")


@check("EVB-HFT-07")
def a_flatten_counts_trades(conversation: Conversation) -> Iterator[None]:
    """Every hft.flatten."""
    yield from member(conversation, FLATTEN, "closed", is_count, "a whole number, 0 or more")


@check("EVB-HFT-08")
def a_flatten_lists_errors(conversation: Conversation) -> Iterator[None]:
    """Every hft.flatten."""
    yield from member(conversation, FLATTEN, "errors", is_texts, "a list of strings")


# Members of trades -------------------------------------------------------------------------------


@check("EVB-HFT-09")
def an_entry_names_its_trade(conversation: Conversation) -> Iterator[None]:
    """Every hft.entry."""
    yield from member(conversation, ENTRY, "trade_id", is_number, "a number")


@check("EVB-HFT-10")
def an_entry_names_its_instrument(conversation: Conversation) -> Iterator[None]:
    """Every hft.entry."""
    yield from member(conversation, ENTRY, "instrument_key", is_key, "a string that is not empty")


@check("EVB-HFT-11")
def an_entry_has_a_quantity(conversation: Conversation) -> Iterator[None]:
    """Every hft.entry; below 0 it is a short one."""
    yield from member(conversation, ENTRY, "qty", lambda v: is_number(v) and v != 0, "a number that is not 0")


@check("EVB-HFT-12")
def an_entry_has_a_price(conversation: Conversation) -> Iterator[None]:
    """Every hft.entry."""
    yield from member(conversation, ENTRY, "entry", is_above_zero, "a number above 0")


@check("EVB-HFT-13")
def an_exit_names_its_trade(conversation: Conversation) -> Iterator[None]:
    """Every hft.exit."""
    yield from member(conversation, EXIT, "trade_id", is_number, "a number")


@check("EVB-HFT-14")
def an_exit_names_its_instrument(conversation: Conversation) -> Iterator[None]:
    """Every hft.exit."""
    yield from member(conversation, EXIT, "instrument_key", is_key, "a string that is not empty")


@check("EVB-HFT-15")
def an_exit_has_a_price(conversation: Conversation) -> Iterator[None]:
    """Every hft.exit."""
    yield from member(conversation, EXIT, "price", is_above_zero, "a number above 0")


@check("EVB-HFT-16")
def an_exit_tells_the_gain(conversation: Conversation) -> Iterator[None]:
    """Every hft.exit."""
    yield from member(conversation, EXIT, "pnl", is_number, "a number")


@check("EVB-HFT-17")
def an_exit_tells_the_reason(conversation: Conversation) -> Iterator[None]:
    """Every hft.exit."""
    yield from member(conversation, EXIT, "reason", is_text, "a string")


@check("EVB-HFT-18")
def risk_lines_name_their_trade(conversation: Conversation) -> Iterator[None]:
    """Every hft.trade_risk."""
    yield from member(conversation, RISK, "trade_id", is_number, "a number")


@check("EVB-HFT-19")
def risk_lines_have_a_stop(conversation: Conversation) -> Iterator[None]:
    """Every hft.trade_risk."""
    yield from member(conversation, RISK, "stop", is_number, "a number")


@check("EVB-HFT-20")
def risk_lines_have_a_target(conversation: Conversation) -> Iterator[None]:
    """Every hft.trade_risk."""
    yield from member(conversation, RISK, "target", is_number, "a number")


@check("EVB-HFT-21")
def a_failure_to_manage_has_words(conversation: Conversation) -> Iterator[None]:
    """Every hft.manage_error."""
    yield from member(conversation, "hft.manage_error", "error", is_text, "a string")


# The life of a trade -----------------------------------------------------------------------------


@dataclass
class Trade:
    """What was heard of a trade whose entry was heard."""

    entry: Message
    first_risk: Message | None = None


def _trades(conversation: Conversation) -> Iterator[tuple[Trade, Message, Message]]:
    """Each event of a trade whose entry was heard: the trade, the event, its payload."""
    trades: dict[Any, Trade] = {}
    for id_, event, payload in keyed(conversation, "trade_id", ENTRY, RISK, EXIT):
        if event["type"] == ENTRY:
            trades[id_] = Trade(payload)
        elif id_ in trades:
            trade = trades[id_]
            yield trade, event, payload
            if event["type"] == RISK:
                trade.first_risk = trade.first_risk or payload


@check("EVB-HFT-22")
def a_trade_is_entered_once(conversation: Conversation) -> Iterator[None]:
    """Every entry, against those before it."""
    yield from once(conversation, "trade_id", ENTRY)


@check("EVB-HFT-23")
def an_exit_is_of_the_instrument_entered(conversation: Conversation) -> Iterator[None]:
    """Every exit whose entry was heard."""
    for trade, event, payload in _trades(conversation):
        if event["type"] == EXIT:
            was = trade.entry.get("instrument_key")
            yield expect(payload.get("instrument_key") == was, f"instrument_key to be {was!r}", event)


@check("EVB-HFT-24")
def a_trade_is_closed_once(conversation: Conversation) -> Iterator[None]:
    """Every exit, against those before it."""
    yield from once(conversation, "trade_id", EXIT)


@check("EVB-HFT-25")
def no_exit_comes_before_the_entry(conversation: Conversation) -> Iterator[None]:
    """Every entry that was heard."""
    yield from never_before(conversation, "trade_id", ENTRY, EXIT)


@check("EVB-HFT-26")
def no_risk_lines_come_before_the_entry(conversation: Conversation) -> Iterator[None]:
    """Every entry that was heard."""
    yield from never_before(conversation, "trade_id", ENTRY, RISK)


@check("EVB-HFT-27")
def no_risk_lines_come_after_the_exit(conversation: Conversation) -> Iterator[None]:
    """Every hft.trade_risk: the trade was not closed before, but for what was under way."""
    closed: dict[Any, float] = {}
    for id_, event, _ in keyed(conversation, "trade_id", RISK, EXIT):
        if event["type"] == EXIT:
            closed[id_] = moment(event)
        else:
            late = id_ in closed and moment(event) > closed[id_] + NEAR_S
            yield expect(not late, "no risk lines of a trade that is closed", event)


@check("EVB-HFT-28")
def the_first_risk_lines_enclose_the_entry(conversation: Conversation) -> Iterator[None]:
    """The first hft.trade_risk of each trade whose entry was heard; later ones may trail, and 0 is no line."""
    for trade, event, payload in _trades(conversation):
        lines, entry = numbers(payload, "stop", "target"), numbers(trade.entry, "entry")
        if event["type"] == RISK and trade.first_risk is None and lines and all(lines) and entry:
            yield expect(
                min(lines) <= entry[0] <= max(lines), f"stop and target on both sides of the entry, {entry[0]}", event
            )


@dataclass
class Result:
    """An exit whose entry was heard, in figures. `gain` is what price and quantity give, without sides and costs."""

    event: Message
    qty: float
    gain: float
    turnover: float
    pnl: float
    side: int  # 1 is long, -1 short, 0 not known.

    def fits(self, gain: float) -> bool:
        """Whether the pnl is this gain, with or without costs."""
        least, most = gain - COSTS * self.turnover - CENT, gain + REBATE * self.turnover + CENT
        return least <= self.pnl <= most


def _results(conversation: Conversation) -> Iterator[Result]:
    for trade, event, payload in _trades(conversation):
        entry, exit_ = numbers(trade.entry, "qty", "entry"), numbers(payload, "price", "pnl")
        if event["type"] == EXIT and entry and exit_:
            (qty, bought), (sold, pnl) = entry, exit_
            gain, turnover = (sold - bought) * abs(qty), (sold + bought) * abs(qty)
            yield Result(event, qty, gain, turnover, pnl, _side(trade, qty))


def _side(trade: Trade, qty: float) -> int:
    """By a quantity below 0, or else by the first risk lines."""
    lines = numbers(trade.first_risk or {}, "stop", "target")
    if qty < 0:
        return -1
    return int(math.copysign(1, lines[1] - lines[0])) if lines and all(lines) and lines[0] != lines[1] else 0


@check("EVB-HFT-29")
def the_gain_follows_from_prices_and_quantity(conversation: Conversation) -> Iterator[None]:
    """Every exit whose entry was heard; for either side, with or without costs."""
    for result in _results(conversation):
        fits = result.fits(result.gain) or result.fits(-result.gain)
        yield expect(fits, f"pnl to be {result.gain:.2f} (in a short trade {-result.gain:.2f})", result.event)


@check("EVB-HFT-30")
def the_gain_has_the_sign_of_its_side(conversation: Conversation) -> Iterator[None]:
    """Every exit of a trade whose side shows by a quantity below 0, or by its first risk lines."""
    for result in _results(conversation):
        if result.side:
            gain = result.side * result.gain
            yield expect(result.fits(gain), f"pnl to be {gain:.2f}, less costs at most", result.event)


# Flatten and stop --------------------------------------------------------------------------------


@check("EVB-HFT-31")
def a_flatten_counts_its_exits(conversation: Conversation) -> Iterator[None]:
    """Every flatten that has exits beside it which say that they are its own, before it or after."""
    exits = list(told(conversation, EXIT))
    times = [moment(event) for event in conversation.received()]
    for event, payload in told(conversation, FLATTEN):
        closed, at = numbers(payload, "closed"), moment(event)
        beside = [p for e, p in exits if abs(moment(e) - at) <= NEAR_S]
        own = [p for p in beside if "flat" in str(p.get("reason")).lower()]
        # What began before we listened, or goes on after it, is not seen whole.
        if closed and own and min(times) < at - NEAR_S and max(times) > at + NEAR_S:
            expected = f"closed to be {len(own)}" + (f" to {len(beside)}" if len(beside) > len(own) else "")
            yield expect(len(own) <= closed[0] <= len(beside), f"{expected}, as exits tell", event)


@check("EVB-HFT-32")
def a_flatten_without_errors_leaves_no_trade_open(conversation: Conversation) -> Iterator[None]:
    """Every trade entered before a flatten, and closed beside it or later."""
    entered = {id_: moment(event) for id_, event, _ in keyed(conversation, "trade_id", ENTRY)}
    exits = [(id_, event) for id_, event, _ in keyed(conversation, "trade_id", EXIT) if id_ in entered]
    for flatten, payload in told(conversation, FLATTEN):
        at = moment(flatten)
        for id_, event in exits:
            if payload.get("errors") == [] and entered[id_] < at and moment(event) >= at - NEAR_S:
                yield expect(moment(event) <= at + NEAR_S, "an exit beside the flatten, which had no errors", event)


@check("EVB-HFT-33")
def no_trade_is_entered_while_stopped(conversation: Conversation) -> Iterator[None]:
    """Every stop: entries that were under way may come for 5 s. Trades may be closed at any time."""
    yield from silent_while_stopped(conversation, "hft.stop", "hft.start", ENTRY)
