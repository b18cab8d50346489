"""Servers that cancel too little, or too much."""

from __future__ import annotations

from harness.core.defect import Defect, in_session, on_message
from harness.core.edits import wrong
from harness.core.message import Message, Problem
from harness.core.session import Effects
from harness.protocols.skybit.defects.breaking import kind_of, overlooks
from harness.protocols.skybit.defects.edits import says
from harness.protocols.skybit.errors import Refusal
from harness.protocols.skybit.session import SkybitSession


@in_session("SKY-CANC-01")
class PreviewsCannotBeCancelled(SkybitSession):
    """The Cancel of a Preview has no effect."""

    def withdraw(self, target: str, target_id: str | None, now: float) -> Effects:
        """Cancel."""
        return () if target == "preview" else super().withdraw(target, target_id, now)


@in_session("SKY-CANC-02")
class AllPreviewsAreCancelled(SkybitSession):
    """The Cancel of one Preview is that of all."""

    def withdraw(self, target: str, target_id: str | None, now: float) -> Effects:
        """Cancel."""
        if target == "preview":
            for preview in self.own.previews.values():
                preview.fate = "cancelled"
            return ()
        return super().withdraw(target, target_id, now)


@on_message("SKY-CANC-03", "Status", also=("SKY-CANC-06",))
def cancelled_in_silence(message: Message, session: SkybitSession, now: float) -> Message | None:
    """No Status tells that an order is cancelled."""
    return None if message["data"]["status"] == "cancelled" else message


cancelled_orders_remain = wrong(
    "cancelled-orders-remain", "SKY-CANC-04", "Status", "data.remaining", lambda n: n + 1, where=says("cancelled")
)


@in_session("SKY-CANC-05")
class OneIsAll(SkybitSession):
    """The Cancel of one order is that of all."""

    def withdraw(self, target: str, target_id: str | None, now: float) -> Effects:
        """Cancel."""
        effects = super().withdraw(target, target_id, now)
        return super().withdraw("all_orders", None, now) if target == "order" else effects


@in_session("SKY-CANC-06")
class AllIsOne(SkybitSession):
    """The Cancel of all orders is that of the oldest."""

    def withdraw(self, target: str, target_id: str | None, now: float) -> Effects:
        """Cancel."""
        if target == "all_orders":
            self.world.cancel(self.own, list(self.own.open_orders())[:1], now)
            return ()
        return super().withdraw(target, target_id, now)


@in_session("SKY-CANC-07", also=("SKY-CANC-05", "SKY-CANC-10", "SKY-IDEM-09"))
class AllIsEverybodys(SkybitSession):
    """The Cancel of all orders cancels those of other users too."""

    def withdraw(self, target: str, target_id: str | None, now: float) -> Effects:
        """Cancel."""
        if target == "all_orders":
            for account in self.world.accounts.values():
                resting = [order for order in account.open_orders() if order.status == "acknowledged"]
                self.world.cancel(account, resting, now)
            return ()
        return super().withdraw(target, target_id, now)


class Lenient(SkybitSession):
    """A session that does not refuse, with this code, to cancel an order."""

    code = ""

    def instead(self, order_id: str, now: float) -> Effects:
        """What it answers: nothing."""
        return ()

    def withdraw(self, target: str, target_id: str | None, now: float) -> Effects:
        """Cancel."""
        try:
            return super().withdraw(target, target_id, now)
        except Refusal as refusal:
            if target == "order" and refusal.code == self.code:
                return self.instead(str(target_id), now)
            raise


@in_session("SKY-CANC-08")
class UnknownOrdersAreDropped(Lenient):
    """The Cancel of an unknown order is passed over in silence."""

    code = "INVALID_REQUEST"


@in_session("SKY-CANC-09")
class FinishedOrdersAreDropped(Lenient):
    """The Cancel of a finished order is passed over in silence."""

    code = "ORDER_REJECTED"


@in_session("SKY-CANC-09", also=("SKY-CANC-04", "SKY-STAT-18"))
class FinishedOrdersAreCancelled(Lenient):
    """The Cancel of a finished order is answered as if it were cancelled."""

    code = "ORDER_REJECTED"

    def instead(self, order_id: str, now: float) -> Effects:
        """A Status that is not true."""
        return (self.say("Status", self.own.orders[order_id].status_data(self.world.ts, "cancelled"), now),)


@in_session("SKY-CANC-10")
class OrdersAreEverybodys(SkybitSession):
    """Any user may cancel the order of any other."""

    def withdraw(self, target: str, target_id: str | None, now: float) -> Effects:
        """Cancel."""
        for account in self.world.accounts.values():
            if target == "order" and target_id in account.orders:
                self.world.cancel(account, [account.order(target_id)], now)
                return ()
        return super().withdraw(target, target_id, now)


def _dropped(name: str, breaks: str, text: str, target: str) -> Defect:
    """A server that passes over malformed Cancels of this target in silence."""
    return overlooks(name, breaks, text, lambda p: kind_of(p) == "Cancel" and _member(p, "target") == target)


def _member(problem: Problem, name: str) -> object:
    """A member of the data that a problem is about."""
    data = (problem.message or {}).get("data")
    return data.get(name) if isinstance(data, dict) else None


unknown_targets_are_dropped = _dropped(
    "unknown-targets-are-dropped",
    "SKY-CANC-11",
    "A Cancel with an unknown target is passed over in silence.",
    "everything",
)
cancels_of_no_preview_are_dropped = _dropped(
    "cancels-of-no-preview-are-dropped",
    "SKY-CANC-12",
    "A Cancel of a Preview without preview_id is passed over in silence.",
    "preview",
)
cancels_of_no_order_are_dropped = _dropped(
    "cancels-of-no-order-are-dropped",
    "SKY-CANC-13",
    "A Cancel of an order without order_id is passed over in silence.",
    "order",
)


@on_message("SKY-CANC-04", "Status", also=("SKY-STAT-16",))
def cancelled_for_nothing(message: Message, session: SkybitSession, now: float) -> Message:
    """A cancelled order shows nothing filled, although a part of it was."""
    data = message["data"]
    if data["status"] == "cancelled":
        data.update(filled=0, remaining=data["quantity"], avg_fill_price=None)
    return message
