"""Skybit's load users: traders who watch quotes, send heartbeats, and place small orders by chat."""

from __future__ import annotations

import itertools
from decimal import Decimal
from pathlib import Path
from typing import Any

from harness.core.message import Message, rfc3339, uuid4
from harness.load.behaviour import Behaviour
from harness.load.targets import Pace
from harness.protocols.skybit.chat import OrderIntent, sentence
from harness.protocols.skybit.rules import Rules
from harness.protocols.skybit.seats import envelope, new_token

SYMBOLS = ("AAPL", "GOOGL", "MSFT")
THINK_S = (0.5, 2.0)  # How long a trader looks at a preview before approving it, or at an order before cancelling.
RESTING_PRICE = Decimal("5.00")  # So far below the market that the order rests until it is cancelled.
RESTING_SHARE = 0.2
QUOTA_SHARE = 0.7  # Of a day's orders; the account may have used some already.
RULES = Rules()


class SkybitTrader(Behaviour):
    """One trader on one connection. Each is a user of its own, since limits are per user.

    When the account's orders for the day are used up, the next trader takes the seat.
    """

    PACES = {
        "heartbeat_s": Pace(10.0, RULES.heartbeats.window_s / RULES.heartbeats.count),
        "chat_s": Pace(10.0, RULES.chats.window_s / RULES.chats.count),
    }
    ROWS = {
        "connect": "TCP and opening handshake; a connection that ends is an error here",
        "auth": "Auth to its confirmation",
        "heartbeat": "Heartbeat to Heartbeat, known by client_ts",
        "plan": "Chat to Plan, known by what is ordered",
        "preview": "Chat to Preview, known by what is ordered",
        "approve": "Approve to the first Status, known by client_order_id",
        "fill": "Approve to Status filled, of market orders: up to the market, so it fails by no time",
        "cancel": "Cancel of an order to Status cancelled",
        "quote": "MarketData's own timestamp to its arrival; only where both clocks are one machine's",
    }
    ONE_CLOCK_ROWS = frozenset({"quote"})
    TARGETS = Path(__file__).with_name("targets.toml")

    def opened(self, now_s: float) -> None:
        """Authenticate at once."""
        self.session = "new"
        self.quota = RULES.max_orders_per_day
        self.approved: dict[str, float] = {}  # client_order_id of market orders -> intended moment of the Approve.
        self.resting: set[str] = set()  # client_order_id of orders to cancel.
        self.orders = 0
        self.leaving = False
        self.quantities = itertools.cycle((1, 2, 3))
        message = self.envelope("Auth", token=self.token(), version="1.0.0", platform="linux")
        self.request("auth", None, message, now_s)

    def token(self) -> str:
        """Credentials: one of those given, or of a new user."""
        return self.shell.chance.choice(self.shell.tokens) if self.shell.tokens else new_token(self.shell.chance)

    def received(self, message: Message, arrived_s: float, size: int) -> None:
        """Note what was waited for, and go on with the trade."""
        data = message.get("data") or {}
        match message.get("type"):
            case "MarketData":
                self.quoted(data, arrived_s, size)
            case "Heartbeat":
                self.settle("heartbeat", data.get("client_ts"), arrived_s, size)
            case "Auth" if self.settle("auth", None, arrived_s, size):
                self.begin(message)
            case "Plan":
                self.settle("plan", _planned(data), arrived_s, size)
            case "Preview" if self.settle("preview", _previewed(data), arrived_s, size):
                self.decide(data, arrived_s)
            case "Status":
                self.follow(data, arrived_s, size)
            case "Error":
                self.refuse(data.get("request_id"), f"Error {data.get('code')}", arrived_s)
                if self.session == "new":
                    self.leave()

    # What a trader does -------------------------------------------------------------------------

    def begin(self, confirmation: Message) -> None:
        """Authenticated: subscribe, and start to act at the plan's paces."""
        self.session = confirmation["session"]
        limits = confirmation["data"].get("limits") or {}
        self.quota = int(limits.get("max_orders_per_day", self.quota) * QUOTA_SHARE)
        quotes = {"type": "quotes", "symbols": list(SYMBOLS)}
        self.shell.send(self.envelope("Subscribe", channels=[quotes, {"type": "orders", "all": True}]))
        self.every("heartbeat_s", self.beat)
        self.every("chat_s", self.chat)

    def beat(self, due_s: float) -> None:
        """Heartbeat."""
        # To the microsecond, so that no two heartbeats of a trader have the same.
        client_ts = rfc3339(self.shell.wall_s(self.shell.now_s()), places=6)
        self.request("heartbeat", client_ts, self.envelope("Heartbeat", client_ts=client_ts), due_s)

    def chat(self, due_s: float) -> None:
        """Ask for an order: mostly at market, sometimes one that rests and is cancelled again."""
        if self.leaving or self.orders >= self.quota:
            self.leaving = True
            if not self.replies:
                self.leave()
            return
        order = OrderIntent("buy", next(self.quantities), self.shell.chance.choice(SYMBOLS))
        if self.shell.chance.random() < RESTING_SHARE:
            order = OrderIntent("buy", order.quantity, order.symbol, "limit", RESTING_PRICE)
        self.orders += 1
        message = self.envelope("Chat", text=sentence(order), context={"positions": True, "recent_orders": True})
        key = (order.symbol, order.quantity)
        self.expect("plan", key, message["id"], due_s)
        self.request("preview", key, message, due_s)

    def decide(self, preview: Message, arrived_s: float) -> None:
        """Look at a preview, then approve it; or make room for another trader when the policy forbids it."""
        if not (preview.get("policy") or {}).get("passed", True):
            self.leaving = True
            return
        resting = preview["orders"][0].get("order_type") == "limit"
        self.at(arrived_s + self.shell.chance.uniform(*THINK_S), lambda due_s: self.approve(preview, resting, due_s))

    def approve(self, preview: Message, resting: bool, due_s: float) -> None:
        """Approve."""
        order_id = f"cli-{uuid4(self.shell.chance)}"
        if resting:
            self.resting.add(order_id)
        else:
            self.approved[order_id] = due_s
        ids = {"client_order_id": order_id, "idem_key": f"idem-{order_id}"}
        message = self.envelope("Approve", preview_id=preview["preview_id"], modifications=None, **ids)
        self.request("approve", order_id, message, due_s)

    def follow(self, status: Message, arrived_s: float, size: int) -> None:
        """A Status: the answer to an Approve or a Cancel, a fill, or none of these."""
        order_id = status.get("client_order_id")
        word = status.get("status")
        if word in ("cancelled", "canceled"):
            self.settle("cancel", order_id, arrived_s, size)
        elif self.settle("approve", order_id, arrived_s, size) and order_id in self.resting:
            self.resting.discard(order_id)
            self.at(arrived_s + self.shell.chance.uniform(*THINK_S), lambda due_s: self.cancel(status, due_s))
        if word == "filled" and order_id in self.approved:
            self.shell.measure("fill", (arrived_s - self.approved.pop(order_id)) * 1000, size)

    def cancel(self, status: Message, due_s: float) -> None:
        """Cancel an order that rests."""
        message = self.envelope("Cancel", target="order", order_id=status["order_id"])
        self.request("cancel", status["client_order_id"], message, due_s)

    def quoted(self, data: Message, arrived_s: float, size: int) -> None:
        """A quote came."""
        self.delay("quote", data["timestamp"], arrived_s, size)

    # Saying -------------------------------------------------------------------------------------

    def envelope(self, kind: str, **data: Any) -> Message:
        """A message of this type."""
        return envelope(kind, self.session, data, self.shell.wall_s(self.shell.now_s()), self.shell.chance)


def _planned(data: Message) -> tuple[Any, Any] | None:
    """What a Plan speaks of: symbol and quantity, from its tools' arguments; None when it names neither."""
    found = [tool.get("args") or {} for tool in data.get("tools") or ()]
    return next(((args.get("symbol"), args["quantity"]) for args in found if "quantity" in args), None)


def _previewed(data: Message) -> tuple[Any, Any] | None:
    orders = data.get("orders")
    return (orders[0].get("symbol"), orders[0].get("quantity")) if orders else None
