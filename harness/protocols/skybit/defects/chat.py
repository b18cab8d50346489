"""Servers that do not understand what is said to them."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from decimal import Decimal
from typing import Any

from harness.core.defect import in_session, on_message
from harness.core.message import Message
from harness.core.session import Effects
from harness.protocols.skybit.chat import OrderIntent
from harness.protocols.skybit.defects.breaking import copied, kind_of, overlooks
from harness.protocols.skybit.errors import Refusal
from harness.protocols.skybit.session import SkybitSession

RESTING_ORDER = "Buy 1 share of AAPL at limit 5.00, good for the day"


class Misunderstanding(SkybitSession):
    """A session that plans and previews another order than the one that was meant."""

    @abstractmethod
    def understood(self, terms: OrderIntent) -> OrderIntent:
        """What becomes of the order."""

    def order_plan(self, terms: OrderIntent, now: float) -> dict[str, Any]:
        """The Plan of it."""
        return super().order_plan(self.understood(terms), now)

    def order_preview(self, terms: OrderIntent, now: float) -> dict[str, Any]:
        """The Preview of it."""
        return super().order_preview(self.understood(terms), now)


@on_message(
    "SKY-CHAT-01",
    "Plan",
    also=("SKY-CHAT-11", "SKY-PLAN-06", "SKY-RATE-14", "SKY-STATE-01", "SKY-STATE-03", "SKY-RATE-13", "SKY-STATE-06"),
)
def orders_get_no_plan(message: Message, session: SkybitSession, now: float) -> None:
    """No Plan is ever sent."""


@on_message("SKY-CHAT-02", "Preview", also=("SKY-CHAT-08", "SKY-CHAT-09", "SKY-CHAT-10", "SKY-ERR-14"))
def orders_get_no_preview(message: Message, session: SkybitSession, now: float) -> None:
    """No Preview is ever sent."""


@in_session(
    "SKY-CHAT-03", also=("SKY-APPR-05", "SKY-APPR-06", "SKY-APPR-07", "SKY-CHAT-10", "SKY-ERR-14", "SKY-APPR-01")
)
class SeveralSharesAreSold(Misunderstanding):
    """An order to buy more than one share is taken for one to sell."""

    def understood(self, terms: OrderIntent) -> OrderIntent:
        """Sell."""
        return replace(terms, side="sell") if terms.quantity > 1 else terms


@in_session("SKY-CHAT-04", also=("SKY-CHAT-10", "SKY-PLAN-07"))
class EveryCompanyIsTheSame(Misunderstanding):
    """Whatever symbol is said, another is understood."""

    def understood(self, terms: OrderIntent) -> OrderIntent:
        """Another symbol."""
        return replace(terms, symbol="MSFT" if terms.symbol == "AAPL" else "AAPL")


@in_session("SKY-CHAT-05", also=("SKY-CHAT-10",))
class OneShareTooMany(Misunderstanding):
    """One share more is understood than was said."""

    def understood(self, terms: OrderIntent) -> OrderIntent:
        """One more."""
        return replace(terms, quantity=terms.quantity + 1)


@in_session("SKY-CHAT-06", also=("SKY-CHAT-10",))
class CentsAreDropped(Misunderstanding):
    """The limit that is understood is ten cents below the one that was said."""

    def understood(self, terms: OrderIntent) -> OrderIntent:
        """Another limit."""
        limit = terms.limit_price
        return terms if limit is None else replace(terms, limit_price=limit - Decimal("0.10"))


@in_session("SKY-CHAT-07")
class DaysNeverEnd(Misunderstanding):
    """Good for the day is taken for good till cancelled."""

    def understood(self, terms: OrderIntent) -> OrderIntent:
        """Another time in force."""
        return replace(terms, time_in_force="gtc")


@in_session("SKY-CHAT-08", also=("SKY-CHAT-03",))
class SalesArePurchases(Misunderstanding):
    """An order to sell is taken for one to buy."""

    def understood(self, terms: OrderIntent) -> OrderIntent:
        """Buy."""
        return replace(terms, side="buy")


@in_session("SKY-CHAT-09")
class MarketOrdersGetALimit(Misunderstanding):
    """An order at market is previewed with a limit that nobody asked for."""

    def understood(self, terms: OrderIntent) -> OrderIntent:
        """A limit order."""
        if terms.order_type != "market":
            return terms
        return replace(terms, order_type="limit", limit_price=Decimal("226.00"))


@in_session("SKY-CHAT-10")
class OneFormOfWordsOnly(SkybitSession):
    """What does not begin with the verb is not understood."""

    def chat(self, message: Message, now: float) -> Effects:
        """Chat."""
        if message["data"]["text"].startswith("Please"):
            raise Refusal("INVALID_REQUEST", "Say what to do first")
        return super().chat(message, now)


@in_session("SKY-CHAT-11", also=("SKY-RATE-14", "SKY-RATE-13"))
class QuestionsGetNoAnswer(SkybitSession):
    """A question is passed over in silence."""

    def chat(self, message: Message, now: float) -> Effects:
        """Chat."""
        return () if message["data"]["text"].endswith("?") else super().chat(message, now)


@in_session("SKY-CHAT-12")
class QuestionsAreOrders(SkybitSession):
    """Who asks for a price is shown an order."""

    def chat(self, message: Message, now: float) -> Effects:
        """Chat."""
        if message["data"]["text"].endswith("?"):
            message = {**message, "data": {"text": RESTING_ORDER}}
        return super().chat(message, now)


@in_session(
    "SKY-CHAT-13",
    also=(
        "SKY-APPR-06",
        "SKY-APPR-07",
        "SKY-APPR-11",
        "SKY-IDEM-01",
        "SKY-IDEM-02",
        "SKY-IDEM-04",
        "SKY-IDEM-05",
        "SKY-IDEM-06",
        "SKY-IDEM-08",
    ),
)
class EagerToTrade(SkybitSession):
    """An order is placed as soon as it is previewed."""

    def order_preview(self, terms: OrderIntent, now: float) -> dict[str, Any]:
        """Preview, and trade."""
        self.world.work(self.own, self.world.place(self.own, terms, self.id, None, now), now)
        return super().order_preview(terms, now)


@on_message("SKY-CHAT-14", "Preview", also=("SKY-APPR-07", "SKY-CANC-02", "SKY-IDEM-09", "SKY-PREV-32", "SKY-APPR-17"))
def previews_come_twice(message: Message, session: SkybitSession, now: float) -> list[Message]:
    """Each Preview is followed by another of the same order."""
    again = copied(message, session)
    again["data"] = {**message["data"], "preview_id": f"{message['data']['preview_id']}-b"}
    return [message, again]


chats_without_text_are_dropped = overlooks(
    "chats-without-text-are-dropped",
    "SKY-CHAT-15",
    "A Chat without text is passed over in silence.",
    lambda problem: kind_of(problem) == "Chat",
)
