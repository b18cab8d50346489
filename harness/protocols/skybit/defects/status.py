"""Servers that lose track of their orders."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from harness.core.defect import in_world, on_message
from harness.core.edits import lacking, wrong
from harness.core.message import Message
from harness.protocols.skybit.account import Account
from harness.protocols.skybit.chat import OrderIntent
from harness.protocols.skybit.defects.breaking import copied
from harness.protocols.skybit.defects.edits import says
from harness.protocols.skybit.orders import Order
from harness.protocols.skybit.session import SkybitSession
from harness.protocols.skybit.world import OrderNews, SkybitWorld

LIVE = says("acknowledged", "partial_fill")
PARTIAL = says("partial_fill")
FILLED = says("filled")

status_without_order_id = lacking(
    "status-without-order-id", "SKY-STAT-01", "Status", "data.order_id", also=("SKY-CANC-03", "SKY-IDEM-09")
)
status_without_client_order_id = lacking(
    "status-without-client-order-id",
    "SKY-STAT-02",
    "Status",
    "data.client_order_id",
    also=("SKY-IDEM-01", "SKY-IDEM-10"),
)
status_in_capitals = wrong(
    "status-in-capitals",
    "SKY-STAT-03",
    "Status",
    "data.status",
    str.upper,
    also=("SKY-CANC-03", "SKY-CANC-06", "SKY-STAT-34"),
)
status_without_symbol = lacking("status-without-symbol", "SKY-STAT-04", "Status", "data.symbol", also=("SKY-APPR-02",))
status_without_side = lacking("status-without-side", "SKY-STAT-05", "Status", "data.side", also=("SKY-APPR-03",))
status_without_quantity = lacking(
    "status-without-quantity",
    "SKY-STAT-06",
    "Status",
    "data.quantity",
    also=("SKY-APPR-04", "SKY-APPR-05", "SKY-APPR-06", "SKY-STAT-15"),
)
status_without_filled = lacking(
    "status-without-filled", "SKY-STAT-07", "Status", "data.filled", also=("SKY-STAT-15", "SKY-CANC-04")
)
status_without_remaining = lacking("status-without-remaining", "SKY-STAT-08", "Status", "data.remaining")
status_without_average = lacking(
    "status-without-average", "SKY-STAT-09", "Status", "data.avg_fill_price", also=("SKY-STAT-12", "SKY-APPR-16")
)
one_share_always_remains = wrong(
    "one-share-always-remains", "SKY-STAT-10", "Status", "data.remaining", lambda n: n + 1, where=LIVE
)


@on_message("SKY-STAT-11", "Status")
def average_of_nothing(message: Message, session: SkybitSession, now: float) -> Message:
    """An order that has nothing filled shows a price all the same."""
    if message["data"]["filled"] == 0:
        message["data"]["avg_fill_price"] = 4.99
    return message


average_is_never_known = wrong(
    "average-is-never-known", "SKY-STAT-12", "Status", "data.avg_fill_price", lambda _: None, also=("SKY-APPR-16",)
)


@on_message("SKY-STAT-13", "Status", also=("SKY-STAT-25", "SKY-CANC-04", "SKY-STAT-16", "SKY-STAT-17"))
def filled_when_acknowledged(message: Message, session: SkybitSession, now: float) -> Message:
    """An order for several shares is acknowledged with one of them filled."""
    data = message["data"]
    if data["status"] == "acknowledged" and data["quantity"] > 1:
        data.update(filled=1, remaining=data["quantity"] - 1, avg_fill_price=4.99)
    return message


@on_message(
    "SKY-STAT-14",
    "Status",
    also=(
        "SKY-CANC-04",
        "SKY-STAT-16",
    ),
)
def partial_fills_are_whole(message: Message, session: SkybitSession, now: float) -> Message:
    """A partial_fill tells of the whole quantity."""
    data = message["data"]
    if data["status"] == "partial_fill":
        data["last_fill"]["quantity"] = data["quantity"]
        data.update(filled=data["quantity"], remaining=0)
    return message


@on_message("SKY-STAT-15", "Status")
def filled_but_for_one(message: Message, session: SkybitSession, now: float) -> Message:
    """An order for several shares is called filled although one remains."""
    data = message["data"]
    if data["status"] == "filled" and data["quantity"] > 1:
        data.update(filled=data["quantity"] - 1, remaining=1)
        data["net_amount"] -= data["avg_fill_price"]
    return message


def _copy(message: Message, session: SkybitSession, **changes: Any) -> Message:
    return {**copied(message, session), "data": {**message["data"], **changes}}


@on_message("SKY-STAT-16", "Status")
def fills_are_taken_back(message: Message, session: SkybitSession, now: float) -> list[Message]:
    """After a partial_fill, half of it is taken back."""
    data = message["data"]
    if data["status"] != "partial_fill":
        return [message]
    half = data["filled"] / 2
    return [message, _copy(message, session, filled=half, remaining=data["quantity"] - half)]


@on_message("SKY-STAT-17", "Status", also=("SKY-STAT-13",))
def acknowledged_late(message: Message, session: SkybitSession, now: float) -> list[Message]:
    """After a partial_fill, the order is acknowledged again."""
    if message["data"]["status"] != "partial_fill":
        return [message]
    moments = {"created": message["ts"], "acknowledged": message["ts"]}
    return [message, _copy(message, session, status="acknowledged", timestamps=moments)]


@on_message("SKY-STAT-18", "Status")
def never_at_rest(message: Message, session: SkybitSession, now: float) -> list[Message]:
    """After its last Status, an order gets another."""
    if message["data"]["status"] != "filled":
        return [message]
    return [message, _copy(message, session, status="settled")]


symbol_changes_its_name = wrong(
    "symbol-changes-its-name",
    "SKY-STAT-19",
    "Status",
    "data.symbol",
    lambda s: f"{s}.US",
    where=FILLED,
    also=("SKY-APPR-02",),
)


@on_message("SKY-STAT-20", "Status", also=("SKY-APPR-04",))
def orders_grow(message: Message, session: SkybitSession, now: float) -> Message:
    """With a partial_fill, an order grows by one share."""
    if message["data"]["status"] == "partial_fill":
        message["data"]["quantity"] += 1
        message["data"]["remaining"] += 1
    return message


clients_name_is_forgotten = wrong(
    "clients-name-is-forgotten", "SKY-STAT-21", "Status", "data.client_order_id", lambda _: "cli-000000", where=FILLED
)
acknowledged_without_times = lacking("acknowledged-without-times", "SKY-STAT-22", "Status", "data.timestamps")
created_after_all = wrong(
    "created-after-all",
    "SKY-STAT-23",
    "Status",
    "data.timestamps.created",
    lambda ts: (datetime.fromisoformat(ts) + timedelta(minutes=1)).isoformat(),
)
partial_without_last_fill = lacking("partial-without-last-fill", "SKY-STAT-24", "Status", "data.last_fill")
last_fill_is_too_much = wrong(
    "last-fill-is-too-much", "SKY-STAT-25", "Status", "data.last_fill.quantity", lambda n: 2 * n
)
average_is_off = wrong(
    "average-is-off", "SKY-STAT-26", "Status", "data.avg_fill_price", lambda price: price - 0.05, where=PARTIAL
)
filled_without_commission = lacking("filled-without-commission", "SKY-STAT-27", "Status", "data.total_commission")
filled_without_fees = lacking("filled-without-fees", "SKY-STAT-28", "Status", "data.total_fees")
filled_without_net_amount = lacking("filled-without-net-amount", "SKY-STAT-29", "Status", "data.net_amount")


@on_message("SKY-STAT-30", "Status")
def net_is_gross(message: Message, session: SkybitSession, now: float) -> Message:
    """The net_amount leaves out commission and fees."""
    data = message["data"]
    if data["status"] == "filled":
        data["net_amount"] -= data["total_commission"] + data["total_fees"]
    return message


@in_world("SKY-STAT-31", also=("SKY-APPR-07", "SKY-APPR-08", "SKY-CANC-06", "SKY-IDEM-09", "SKY-APPR-17"))
class EveryOrderIsFilled(SkybitWorld):
    """An order is executed at its limit, however far from the market."""

    def place(
        self, account: Account, terms: OrderIntent, origin: str, client_order_id: str | None, now: float
    ) -> Order:
        """Book an order that takes any price."""
        order = super().place(account, terms, origin, client_order_id, now)
        order.worst_price = Decimal(1_000_000)
        return order


@on_message("SKY-STAT-32", "Status")
def half_a_share(message: Message, session: SkybitSession, now: float) -> list[Message]:
    """One share is filled by halves."""
    data = message["data"]
    if data["status"] != "filled" or data["quantity"] != 1:
        return [message]
    fill = {"quantity": 0.5, "price": data["avg_fill_price"], "timestamp": message["ts"]}
    return [_copy(message, session, status="partial_fill", filled=0.5, remaining=0.5, last_fill=fill), message]


@in_world("SKY-STAT-33")
class OrdersAreTheTalkOfTheTown(SkybitWorld):
    """The channel `orders` tells of the orders of all users."""

    def report(self, account: Account, order: Order, now: float, scripted: bool = False) -> None:
        """Tell everybody's sessions how the order stands."""
        news = OrderNews(order.origin, order.status_data(self.ts), scripted)
        for user_id in {a.user.id for a in self.accounts.values()}:
            self.tell(f"orders/{user_id}", news, now)


accepted_not_acknowledged = wrong(
    "accepted-not-acknowledged",
    "SKY-STAT-34",
    "Status",
    "data.status",
    lambda word: word.replace("acknowledged", "accepted"),
)
