"""Broken servers, at quotes."""

from __future__ import annotations

from typing import Any

from harness.core.defect import on_message
from harness.core.message import Message, merged, rfc3339
from harness.core.session import Session
from harness.protocols.skybit.defects.breaking import nth


@on_message("SKY-MD-01", "MarketData")
def says_quotes(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Names the channel where the type belongs."""
    return merged(message, {"data.type": "quotes"})


@on_message("SKY-MD-02", "MarketData", also=("SKY-SUB-01", "SKY-SUB-02"))
def names_no_symbol(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Leaves out the symbol."""
    return merged(message, {"data.symbol": None})


@on_message("SKY-MD-03", "MarketData")
def bids_in_words(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives the bid as a string."""
    return merged(message, {"data.bid": str(message["data"]["bid"])})


@on_message("SKY-MD-04", "MarketData")
def asks_nothing(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives null for the ask."""
    return merged(message, {"data.ask": None})


@on_message("SKY-MD-05", "MarketData")
def last_of_nothing(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives 0 for the last price."""
    return merged(message, {"data.last": 0})


@on_message("SKY-MD-06", "MarketData")
def bids_below_zero(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives a negative size of the bid."""
    return merged(message, {"data.bid_size": -message["data"]["bid_size"] - 1})


@on_message("SKY-MD-07", "MarketData")
def forgets_the_size_of_the_ask(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Leaves out the size of the ask."""
    del message["data"]["ask_size"]
    return message


@on_message("SKY-MD-08", "MarketData")
def volume_in_words(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives the volume with separators."""
    return merged(message, {"data.volume": f"{message['data']['volume']:,}"})


@on_message("SKY-MD-09", "MarketData")
def time_of_day_alone(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives a time of day for a timestamp."""
    return merged(message, {"data.timestamp": message["data"]["timestamp"][11:19]})


@on_message("SKY-MD-10", "MarketData")
def hides_its_source(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Leaves out the source."""
    del message["data"]["source"]
    return message


@on_message("SKY-MD-11", "MarketData")
def crosses_its_quotes(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Confuses bid and ask."""
    return merged(message, {"data.bid": message["data"]["ask"], "data.ask": message["data"]["bid"]})


@on_message("SKY-MD-12", "MarketData")
def goes_back_in_time(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Dates each quote earlier than the one before."""
    wall_s = session.context.clock.wall_s(now) - 10 * nth(session, "quote")
    return merged(message, {"data.timestamp": rfc3339(wall_s)})


@on_message("SKY-MD-13", "MarketData")
def tires_of_quotes(message: Message, session: Session[Any, Any], now: float) -> Message | None:
    """Sends four quotes of each symbol and no more."""
    return message if nth(session, message["data"]["symbol"]) <= 4 else None
