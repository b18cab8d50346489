"""Servers that do not do what was approved."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from decimal import Decimal

from harness.core.defect import in_session, on_message
from harness.core.edits import wrong
from harness.core.message import Message, Problem
from harness.core.session import Effects
from harness.protocols.skybit.account import Preview
from harness.protocols.skybit.chat import OrderIntent
from harness.protocols.skybit.defects.breaking import MALFORMED
from harness.protocols.skybit.errors import Refusal
from harness.protocols.skybit.orders import Order
from harness.protocols.skybit.session import SkybitSession


@in_session(
    "SKY-APPR-01",
    also=(
        "SKY-APPR-05",
        "SKY-APPR-06",
        "SKY-APPR-07",
        "SKY-APPR-09",
        "SKY-APPR-12",
        "SKY-APPR-13",
        "SKY-CANC-01",
        "SKY-CANC-02",
        "SKY-ERR-14",
        "SKY-ERR-20",
        "SKY-IDEM-10",
    ),
)
class ApprovalsGoNowhere(SkybitSession):
    """An Approve has no effect."""

    def approve(self, message: Message, now: float) -> Effects:
        """Approve."""
        return ()


status_of_another_symbol = wrong("status-of-another-symbol", "SKY-APPR-02", "Status", "data.symbol", lambda _: "MSFT")
status_of_another_side = wrong("status-of-another-side", "SKY-APPR-03", "Status", "data.side", lambda _: "sell")


class Altering(SkybitSession):
    """A session that places another order than the one that was agreed on."""

    @abstractmethod
    def agreed(self, preview: Preview, terms: OrderIntent) -> OrderIntent:
        """What is placed for `terms`, modifications included."""

    def place(self, preview: Preview, terms: OrderIntent, approve: Message, now: float) -> Order:
        """Turn a Preview into an order."""
        return super().place(preview, self.agreed(preview, terms), approve, now)


@in_session("SKY-APPR-04", also=("SKY-APPR-05", "SKY-APPR-06"))
class OrdersAreRoundedUp(Altering):
    """An order is placed for one share more than was approved."""

    def agreed(self, preview: Preview, terms: OrderIntent) -> OrderIntent:
        """One more."""
        return replace(terms, quantity=terms.quantity + 1)


@in_session("SKY-APPR-05", also=("SKY-IDEM-10",))
class NullIsNoModification(SkybitSession):
    """An Approve whose modifications are null is refused."""

    def approve(self, message: Message, now: float) -> Effects:
        """Approve."""
        if message["data"].get("modifications", {}) is None:
            raise Refusal("INVALID_REQUEST", "modifications must be an object")
        return super().approve(message, now)


@in_session("SKY-APPR-06", also=("SKY-APPR-04",))
class QuantityCannotBeModified(Altering):
    """A modified quantity is passed over."""

    def agreed(self, preview: Preview, terms: OrderIntent) -> OrderIntent:
        """The quantity of the Preview."""
        return replace(terms, quantity=preview.terms.quantity)


@in_session("SKY-APPR-07", also=("SKY-APPR-08",))
class LimitCannotBeModified(Altering):
    """A modified limit_price is passed over."""

    def agreed(self, preview: Preview, terms: OrderIntent) -> OrderIntent:
        """The limit of the Preview."""
        return replace(terms, limit_price=preview.terms.limit_price)


@on_message("SKY-APPR-08", "Status")
def limits_are_not_kept(message: Message, session: SkybitSession, now: float) -> Message:
    """Purchases cost a tenth more than the market asks, whatever their limit."""
    data = message["data"]
    if data["avg_fill_price"] is not None:
        more = data["avg_fill_price"] * 0.1
        data["avg_fill_price"] += more
        if "last_fill" in data:
            data["last_fill"]["price"] *= 1.1
        if "net_amount" in data:
            data["net_amount"] += more * data["filled"]
    return message


class Strange(SkybitSession):
    """A session with an opinion of its own on Approves of Previews that it does not know."""

    def unknown(self, preview_id: str, message: Message, now: float) -> Effects:
        """An Approve of an unknown Preview."""
        return super().approve(message, now)

    def approve(self, message: Message, now: float) -> Effects:
        """Approve."""
        preview_id = message["data"]["preview_id"]
        if preview_id in self.own.previews:
            return super().approve(message, now)
        return self.unknown(preview_id, message, now)


@in_session("SKY-APPR-09", also=("SKY-APPR-13",))
class UnknownPreviewsAreDropped(Strange):
    """An Approve of an unknown Preview is passed over in silence."""

    def unknown(self, preview_id: str, message: Message, now: float) -> Effects:
        """Nothing."""
        return ()


@in_session("SKY-APPR-10")
class UnknownPreviewsAreOrders(Strange):
    """An Approve of an unknown Preview is refused, and yet an order is placed."""

    def unknown(self, preview_id: str, message: Message, now: float) -> Effects:
        """An order for something."""
        terms = OrderIntent("buy", 1, "AAPL", "limit", Decimal("5.00"))
        self.world.work(self.own, self.world.place(self.own, terms, self.id, None, now), now)
        return super().unknown(preview_id, message, now)


@in_session("SKY-APPR-11")
class PreviewsAreForEver(SkybitSession):
    """A Preview can be approved again and again."""

    def place(self, preview: Preview, terms: OrderIntent, approve: Message, now: float) -> Order:
        """Turn a Preview into an order, and keep it."""
        order = super().place(preview, terms, approve, now)
        preview.fate = "open"
        return order


@in_session("SKY-APPR-12")
class PreviewsNeverExpire(SkybitSession):
    """The announced end of a Preview is not kept."""

    def approve(self, message: Message, now: float) -> Effects:
        """Approve."""
        for preview in self.own.previews.values():
            preview.expires_at = float("inf")
        return super().approve(message, now)


@in_session("SKY-APPR-13")
class PreviewsAreShared(Strange):
    """Any user may approve the Preview of any other."""

    def unknown(self, preview_id: str, message: Message, now: float) -> Effects:
        """It may be known to others."""
        for account in self.world.accounts.values():
            if preview_id in account.previews:
                self.own.previews[preview_id] = account.previews[preview_id]
        return super().unknown(preview_id, message, now)


@in_session("SKY-APPR-14", also=("SKY-APPR-15", *MALFORMED))
class ApprovesOfNothingAreDropped(SkybitSession):
    """An Approve without preview_id is passed over in silence."""

    def refused(self, problem: Problem, now: float) -> Effects:
        """Malformed input."""
        return () if (problem.message or {}).get("type") == "Approve" else super().refused(problem, now)


@in_session("SKY-APPR-15", also=("SKY-APPR-04",))
class ImpossibleModificationsAreDropped(SkybitSession):
    """An Approve with modifications that make no sense is carried out without them."""

    def refused(self, problem: Problem, now: float) -> Effects:
        """Malformed input."""
        message = problem.message or {}
        if message.get("type") == "Approve" and problem.where.startswith("data.modifications"):
            return self.received({**message, "data": {**message["data"], "modifications": None}}, now)
        return super().refused(problem, now)


@on_message("SKY-APPR-16", "Status")
def sells_cheap(message: Message, session: SkybitSession, now: float) -> Message:
    """Sales bring a tenth less than the market offers, whatever their limit."""
    data = message["data"]
    if data["side"] == "sell" and data["avg_fill_price"] is not None:
        data["avg_fill_price"] *= 0.9
    return message


@on_message("SKY-APPR-12", "Preview")
def previews_die_early(message: Message, session: SkybitSession, now: float) -> Message:
    """A Preview can be approved for half the time that it announces."""
    preview = session.own.previews[message["data"]["preview_id"]]
    preview.expires_at = (now + preview.expires_at) / 2
    return message


@in_session("SKY-APPR-17", also=("SKY-APPR-12", "SKY-APPR-13"))
class OnePreviewAtATime(SkybitSession):
    """An approval makes all other Previews of the user void."""

    def place(self, preview: Preview, terms: OrderIntent, approve: Message, now: float) -> Order:
        """Turn a Preview into an order."""
        for other in self.own.previews.values():
            other.fate = "cancelled"
        return super().place(preview, terms, approve, now)


@in_session("SKY-APPR-01", also=("SKY-CANC-09",))
class KnowsNoMarketOrders(SkybitSession):
    """Fails on the Approve of a market order."""

    def place(self, preview: Preview, terms: OrderIntent, approve: Message, now: float) -> Order:
        """Turn a Preview into an order."""
        if terms.order_type == "market":
            raise Refusal("INTERNAL_ERROR", "The server failed on this request")
        return super().place(preview, terms, approve, now)
