"""Broken servers, at subscriptions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.core.defect import in_session, on_message
from harness.core.message import Message, merged
from harness.core.session import Effects, Session
from harness.protocols.skybit.defects.breaking import copied, kind_of, overlooks
from harness.protocols.skybit.errors import Refusal
from harness.protocols.skybit.session import SkybitSession


@in_session("SKY-SUB-01")
class QuotesTheFirstSymbol(SkybitSession):
    """Delivers quotes of the first symbol of a Subscribe alone."""

    def symbols_of(self, channel: Message) -> Iterable[str]:
        return list(super().symbols_of(channel))[:1]


@on_message("SKY-SUB-02", "MarketData")
def quotes_unasked(message: Message, session: Session[Any, Any], now: float) -> Iterable[Message]:
    """Sends quotes of another symbol along with those asked for."""
    return message, merged(copied(message, session), {"data.symbol": "BRK.B"})


@in_session("SKY-SUB-03")
class DeafToUnsubscribe(SkybitSession):
    """Goes on with quotes after Unsubscribe."""

    def unsubscribe(self, message: Message, now: float) -> Effects:
        return ()


class Picky(SkybitSession):
    """Refuses a Subscribe that it finds wrong."""

    def minds(self, channels: list[Message]) -> bool:
        """Whether these channels are wrong."""
        raise NotImplementedError

    def subscribe(self, message: Message, now: float) -> Effects:
        """Subscribe."""
        if self.minds(message["data"]["channels"]):
            raise Refusal("INVALID_REQUEST", "This cannot be subscribed to")
        return super().subscribe(message, now)


@in_session("SKY-SUB-04", also=("SKY-SUB-06",))
class KnowsNoOrders(Picky):
    """Refuses the channel orders."""

    def minds(self, channels: list[Message]) -> bool:
        return any(channel["type"] == "orders" for channel in channels)


@in_session("SKY-SUB-05", also=("SKY-SUB-06",))
class KnowsNoPositions(Picky):
    """Refuses the channel positions."""

    def minds(self, channels: list[Message]) -> bool:
        return any(channel["type"] == "positions" for channel in channels)


@in_session("SKY-SUB-06")
class OneChannelAtATime(Picky):
    """Refuses more than one channel in a Subscribe."""

    def minds(self, channels: list[Message]) -> bool:
        return len(channels) > 1


@in_session("SKY-SUB-07")
class DropsAll(SkybitSession):
    """Ends all subscriptions on any Unsubscribe."""

    def unsubscribe(self, message: Message, now: float) -> Effects:
        return super().unsubscribe(merged(message, {"data.channels": ["quotes", "orders"]}), now)


@in_session("SKY-SUB-08")
class SubscribesOnce(SkybitSession):
    """Ignores a Subscribe after an Unsubscribe."""

    left = False

    def unsubscribe(self, message: Message, now: float) -> Effects:
        self.left = True
        return super().unsubscribe(message, now)

    def subscribe(self, message: Message, now: float) -> Effects:
        return () if self.left else super().subscribe(message, now)


swallows_empty_subscribes = overlooks(
    "swallows-empty-subscribes",
    "SKY-SUB-09",
    "Says nothing about a Subscribe without channels.",
    lambda problem: kind_of(problem) == "Subscribe" and problem.where == "data.channels",
)
swallows_unknown_channels = overlooks(
    "swallows-unknown-channels",
    "SKY-SUB-10",
    "Says nothing about channels that do not exist.",
    lambda problem: kind_of(problem) == "Subscribe" and problem.where.startswith("data.channels."),
)


@in_session("SKY-SUB-11")
class SwallowsUnknownSymbols(SkybitSession):
    """Says nothing about symbols that do not exist."""

    def symbols_of(self, channel: Message) -> Iterable[str]:
        return [symbol for symbol in super().symbols_of(channel) if symbol in self.world.market.listings]


swallows_empty_unsubscribes = overlooks(
    "swallows-empty-unsubscribes",
    "SKY-SUB-12",
    "Says nothing about an Unsubscribe without channels.",
    lambda problem: kind_of(problem) == "Unsubscribe" and problem.where == "data.channels",
)
