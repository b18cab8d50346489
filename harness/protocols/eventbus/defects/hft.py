"""Broken servers, at the trader and its trades."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.core.change import kept
from harness.core.defect import on_message
from harness.core.message import Message
from harness.core.session import Session
from harness.protocols.eventbus.defects.edits import lacking, said, wrong

AnySession = Session[Any, Any]

ENTRY, EXIT, RISK, FLATTEN = "hft.entry", "hft.exit", "hft.trade_risk", "hft.flatten"
START, STOP = "hft.start", "hft.stop"

# Members -----------------------------------------------------------------------------------------

start_without_broker = lacking("EVB-HFT-01", START, "broker")
safety_in_text = wrong("EVB-HFT-02", START, "safe_mode", "in words", str)
live_unknown = wrong("EVB-HFT-03", START, "live_trading_enabled", "null", lambda v: None)


@on_message("EVB-HFT-04", STOP, also=("EVB-ENV-04",))
def stops_with_a_list(event: Message, session: AnySession, now: float) -> Message:
    """Sends a list for the payload of a stop."""
    return {**event, "payload": []}


broker_in_an_object = wrong("EVB-HFT-05", "hft.broker", "broker", "an object", lambda v: {"name": v})
error_listed = wrong("EVB-HFT-06", "hft.error", "error", "a list", lambda v: [v])
closed_in_text = wrong("EVB-HFT-07", FLATTEN, "closed", "in words", str)
errors_counted = wrong("EVB-HFT-08", FLATTEN, "errors", "a number", len)
trade_in_text = wrong("EVB-HFT-09", ENTRY, "trade_id", "in words", str)
entry_without_instrument = lacking("EVB-HFT-10", ENTRY, "instrument_key", also=("EVB-HFT-23",))
no_quantity = wrong("EVB-HFT-11", ENTRY, "qty", "nothing", lambda v: 0, also=("EVB-HFT-29", "EVB-HFT-30"))
entry_in_text = wrong("EVB-HFT-12", ENTRY, "entry", "in words", str)
exit_of_no_trade = lacking("EVB-HFT-13", EXIT, "trade_id")
exit_without_instrument = lacking("EVB-HFT-14", EXIT, "instrument_key", also=("EVB-HFT-23",))
price_below_zero = wrong("EVB-HFT-15", EXIT, "price", "below 0", lambda v: -v, also=("EVB-HFT-29", "EVB-HFT-30"))
gain_in_text = wrong("EVB-HFT-16", EXIT, "pnl", "in words", "{:+.2f} USD".format)
reason_coded = wrong("EVB-HFT-17", EXIT, "reason", "a number", len)
risk_of_no_trade = lacking("EVB-HFT-18", RISK, "trade_id")
no_stop = wrong("EVB-HFT-19", RISK, "stop", "null", lambda v: None)
target_in_text = wrong("EVB-HFT-20", RISK, "target", "in words", str)
failure_as_flag = wrong("EVB-HFT-21", "hft.manage_error", "error", "true", bool)

# Trades ------------------------------------------------------------------------------------------


@on_message(
    "EVB-HFT-22",
    ENTRY,
    RISK,
    EXIT,
    also=(
        "EVB-HFT-23",
        "EVB-HFT-24",
        "EVB-HFT-25",
        "EVB-HFT-26",
        "EVB-HFT-27",
        "EVB-HFT-29",
        "EVB-HFT-30",
        "EVB-HFT-32",
    ),
)
def few_ids(event: Message, session: AnySession, now: float) -> Message:
    """Gives trades the ids of others."""
    return said(event, trade_id=event["payload"]["trade_id"] % 2)


@on_message("EVB-HFT-23", EXIT)
def one_instrument_for_all(event: Message, session: AnySession, now: float) -> Message:
    """Names the same instrument in all exits."""
    return said(event, instrument_key="ETHUSDT")


@on_message("EVB-HFT-24", EXIT, also=("EVB-ENV-11", "EVB-HFT-31"))
def closes_twice(event: Message, session: AnySession, now: float) -> Iterable[Message]:
    """Tells each exit twice."""
    return event, event


def _behind(event: Message, session: AnySession, kind: str) -> Iterable[Message]:
    """Entries are told behind the next event of this type of their trade."""
    waiting, trade = kept(session, "entries"), event["payload"]["trade_id"]
    if event["type"] == ENTRY:
        waiting[trade] = event
        return ()
    return (event, waiting.pop(trade)) if event["type"] == kind and trade in waiting else (event,)


@on_message("EVB-HFT-25", ENTRY, EXIT, also=("EVB-ENV-08", "EVB-ENV-11", "EVB-HFT-26", "EVB-HFT-33"))
def enters_after_the_exit(event: Message, session: AnySession, now: float) -> Iterable[Message]:
    """Tells of trades only once they are closed: the exit, then the entry."""
    return _behind(event, session, EXIT)


@on_message("EVB-HFT-26", ENTRY, RISK, also=("EVB-ENV-11",))
def lines_before_the_entry(event: Message, session: AnySession, now: float) -> Iterable[Message]:
    """Tells the risk lines before the entry."""
    return _behind(event, session, RISK)


@on_message("EVB-HFT-27", EXIT, also=("EVB-ENV-08", "EVB-ENV-11", "EVB-HFT-28"))
def lines_after_the_exit(event: Message, session: AnySession, now: float) -> Iterable[Message]:
    """Tells risk lines three seconds after each exit."""
    trade, price = event["payload"]["trade_id"], event["payload"]["price"]
    lines = {"trade_id": trade, "stop": price * 0.9, "target": price * 1.1}
    return event, {**event, "ts": event["ts"] + 3, "type": RISK, "payload": lines}


@on_message("EVB-HFT-28", RISK, also=("EVB-HFT-30",))
def target_on_the_side_of_the_stop(event: Message, session: AnySession, now: float) -> Message:
    """Sets the target beside the stop."""
    return said(event, target=event["payload"]["stop"] - 0.01)


@on_message("EVB-HFT-29", EXIT, also=("EVB-HFT-30",))
def gain_of_one_piece(event: Message, session: AnySession, now: float) -> Message:
    """Forgets the quantity in the gain."""
    return said(event, pnl=event["payload"]["pnl"] * 20 + 1_000)


@on_message("EVB-HFT-30", EXIT)
def losses_as_gains(event: Message, session: AnySession, now: float) -> Message:
    """Shows losses as gains, and gains as losses."""
    return said(event, pnl=-event["payload"]["pnl"])


@on_message("EVB-HFT-31", FLATTEN)
def counts_one_too_many(event: Message, session: AnySession, now: float) -> Message:
    """Says that it closed more trades than it did."""
    return said(event, closed=event["payload"]["closed"] + 5)


@on_message("EVB-HFT-32", FLATTEN, EXIT, also=("EVB-ENV-08",))
def forgets_a_trade(event: Message, session: AnySession, now: float) -> Message:
    """Says that all is closed, and closes one trade five seconds later."""
    if event["type"] == FLATTEN or event["payload"]["reason"] != "flatten":
        return event
    return {**said(event, reason="time"), "ts": event["ts"] + 5}


@on_message("EVB-HFT-33", ENTRY, also=("EVB-ENV-08", "EVB-ENV-10"))
def enters_while_stopped(event: Message, session: AnySession, now: float) -> Iterable[Message]:
    """Tells of a stop in the midst of its work."""
    table = kept(session, "stops")
    stop = {**event, "id": event["id"] - 0.5, "ts": event["ts"] - 10, "type": STOP, "payload": {}}
    return (event,) if table.setdefault("told", event["id"]) != event["id"] else (stop, event)
