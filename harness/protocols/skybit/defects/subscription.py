"""Broken servers, at subscriptions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from harness.core.defect import Defect, in_session, on_message
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


def _refuses(name: str, breaks: str, text: str, minds: Callable[[list[str]], bool], *also: str) -> Defect:
    """A server that refuses a Subscribe when it minds the types of its channels."""

    class Picky(SkybitSession):
        def subscribe(self, message: Message, now: float) -> Effects:
            if minds([channel["type"] for channel in message["data"]["channels"]]):
                raise Refusal("INVALID_REQUEST", "This cannot be subscribed to")
            return super().subscribe(message, now)

    return Defect(name, breaks, also, text, lambda protocol: replace(protocol, session=Picky))


knows_no_orders = _refuses(
    "knows-no-orders", "SKY-SUB-04", "Refuses the channel orders.", lambda types: "orders" in types, "SKY-SUB-06"
)
knows_no_positions = _refuses(
    "knows-no-positions",
    "SKY-SUB-05",
    "Refuses the channel positions.",
    lambda types: "positions" in types,
    "SKY-SUB-06",
)
one_channel_at_a_time = _refuses(
    "one-channel-at-a-time",
    "SKY-SUB-06",
    "Refuses more than one channel in a Subscribe.",
    lambda types: len(types) > 1,
)


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


@in_session("SKY-SUB-15")
class UnsubscribesEverywhere(SkybitSession):
    """An Unsubscribe ends the subscriptions of all connections of the user."""

    def unsubscribe(self, message: Message, now: float) -> Effects:
        for other in self.own.connections - {self}:
            SkybitSession.unsubscribe(other, message, now)
        return super().unsubscribe(message, now)


@in_session("SKY-SUB-01", also=("SKY-SUB-08",))
class ListensOnce(SkybitSession):
    """Ignores every Subscribe but the first."""

    heard_of = False

    def subscribe(self, message: Message, now: float) -> Effects:
        first, self.heard_of = not self.heard_of, True
        return super().subscribe(message, now) if first else ()
