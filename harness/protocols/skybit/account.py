"""Paper accounts: cash, positions, orders, previews, and the memory that keeps a repeat from placing a second order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from harness.protocols.skybit.chat import OrderIntent
from harness.protocols.skybit.credentials import User
from harness.protocols.skybit.errors import Refusal
from harness.protocols.skybit.money import ZERO
from harness.protocols.skybit.orders import Fill, Order

PREVIEW_MEMORY_S = 600.0  # How long after its end a preview is still called expired rather than unknown.
ORDER_MEMORY_S = 24 * 3600.0  # How long after it was placed a finished order is still known by its id.
SESSIONS_KEPT = 100  # The newest of a user's sessions; earlier ones cannot be resumed.

T = TypeVar("T")


@dataclass(slots=True)
class Position:
    """Shares held of one symbol, and what they cost together (USD, without charges)."""

    quantity: int = 0
    cost: Decimal = ZERO

    @property
    def average(self) -> Decimal:
        """What a share cost; 0 when there is none."""
        return self.cost / self.quantity if self.quantity else ZERO


@dataclass(slots=True)
class Preview:
    """A previewed order. It may be approved once, until it expires or is cancelled."""

    id: str
    terms: OrderIntent
    expires_at: float
    fate: str = "open"  # open | used | cancelled

    def is_open(self, now: float) -> bool:
        """Whether it can be approved."""
        return self.fate == "open" and now < self.expires_at


@dataclass
class Account:
    """All that one user has, on whichever connection. Starts with `cash` and `positions`."""

    user: User
    cash: Decimal
    positions: dict[str, Position]
    connections: set[Any] = field(default_factory=set)  # The sessions that are authenticated as this user.
    orders: dict[str, Order] = field(default_factory=dict)
    previews: dict[str, Preview] = field(default_factory=dict)
    orders_on: Counter[str] = field(default_factory=Counter)  # Date -> orders placed.
    sessions: dict[str, None] = field(default_factory=dict)  # The ids of this user's sessions, oldest first.

    def __post_init__(self) -> None:
        self.cash_at_start = self.cash
        self.shares_at_start = {s: p.quantity for s, p in self.positions.items()}
        self._keys: dict[str, tuple[float, Order]] = {}

    # Funds and shares ---------------------------------------------------------------------------

    @property
    def buying_power(self) -> Decimal:
        """Cash that no open order needs. Charges may take more than a small sale brings; it is never below 0."""
        return max(ZERO, self.cash - sum((o.set_aside for o in self.open_orders()), ZERO))

    def position(self, symbol: str) -> Position:
        """The shares held of a symbol, perhaps none."""
        return self.positions.get(symbol, Position())

    def sellable(self, symbol: str) -> int:
        """Shares held that no open order sells already."""
        return self.position(symbol).quantity - sum(o.remaining for o in self.open_orders(symbol, "sell"))

    def exposure(self, symbol: str, last: Decimal) -> Decimal:
        """The value of the shares held, at the last price, and of what open orders would add, in USD."""
        ordered = sum((o.remaining * o.worst_price for o in self.open_orders(symbol, "buy")), ZERO)
        return self.position(symbol).quantity * last + ordered

    def equity(self, last: Mapping[str, Decimal]) -> Decimal:
        """Cash and shares together, at these last prices."""
        return self.cash + sum((p.quantity * last[s] for s, p in self.positions.items()), ZERO)

    def book(self, order: Order, fill: Fill) -> None:
        """Carry out an execution: the order, cash, charges and shares move together."""
        before = order.charges.total
        order.fill(fill)
        self.cash -= order.charges.total - before
        position = self.positions.setdefault(order.terms.symbol, Position())
        if order.terms.side == "buy":
            self.cash -= fill.value
            position.cost += fill.value
            position.quantity += fill.quantity
        else:
            self.cash += fill.value
            rest = position.quantity - fill.quantity
            position.cost = position.cost * rest / position.quantity  # In this order, none is left with no shares.
            position.quantity = rest

    # Orders -------------------------------------------------------------------------------------

    def open_orders(self, symbol: str | None = None, side: str | None = None) -> Iterator[Order]:
        """Orders that may still be executed, oldest first: of this symbol and side, or of all."""
        for order in self.orders.values():
            if order.is_open and symbol in (None, order.terms.symbol) and side in (None, order.terms.side):
                yield order

    def order(self, order_id: str) -> Order:
        """An order that can be cancelled. Refusal when there is none of this id, or when it is finished."""
        order = self.orders.get(order_id)
        if order is None:
            suggestions = ("Name the order_id of a Status that this user was sent",)
            raise Refusal("INVALID_REQUEST", f"There is no order {order_id}", {"order_id": order_id}, suggestions)
        if not order.is_open:
            text = f"Order {order_id} is {order.status} and cannot be cancelled"
            raise Refusal(
                "ORDER_REJECTED", text, {"order_id": order_id, "status": order.status}, ("Leave it as it is",)
            )
        return order

    def settle(self, now: float) -> None:
        """Forget orders that are finished and old: what they moved becomes part of the start."""
        for order in list(self.orders.values()):
            if not order.is_open and now - order.created_at >= ORDER_MEMORY_S:
                del self.orders[order.id]
                self.cash_at_start += order.cash_moved
                symbol = order.terms.symbol
                self.shares_at_start[symbol] = self.shares_at_start.get(symbol, 0) + order.shares_moved

    # Sessions, previews and repeats -------------------------------------------------------------

    def add_session(self, session: str) -> None:
        """Note a session of this user, which can be resumed from now on."""
        self.sessions.pop(session, None)  # So that the oldest stays in front.
        self.sessions[session] = None
        if len(self.sessions) > SESSIONS_KEPT:
            del self.sessions[next(iter(self.sessions))]

    def preview(self, preview_id: str, now: float) -> Preview:
        """A preview that can be approved or cancelled. Refusal when it is unknown, over or used."""
        preview = self.previews.get(preview_id)
        if preview is not None and preview.is_open(now):
            return preview
        fate = "unknown" if preview is None else preview.fate.replace("open", "expired")
        text = f"Preview {preview_id} is {'used already' if fate == 'used' else fate}"
        suggestions = ("Send the order by Chat again for a new preview",)
        raise Refusal("INVALID_REQUEST", text, {"preview_id": preview_id, "preview": fate}, suggestions)

    def keep(self, preview: Preview, now: float) -> None:
        """Note a new preview; forget those that are over for so long that nobody asks for them."""
        _forget(self.previews, lambda old: old.expires_at + PREVIEW_MEMORY_S < now)
        self.previews[preview.id] = preview

    def remember(self, key: str, order: Order, now: float, memory_s: float) -> None:
        """Note that this key has placed `order`; forget those that are older than `memory_s` seconds."""
        _forget(self._keys, lambda entry: now - entry[0] >= memory_s)
        self._keys.pop(key, None)  # So that the oldest stays in front.
        self._keys[key] = (now, order)

    def remembered(self, key: str | None, now: float, memory_s: float) -> Order | None:
        """The order that this key has placed within the last `memory_s` seconds."""
        if key is None or key not in self._keys:
            return None
        at, order = self._keys[key]
        return order if now - at < memory_s else None

    # Proof --------------------------------------------------------------------------------------

    def audit(self) -> list[str]:
        """What in these books does not add up; empty when all is well."""
        cash, shares = self.cash_at_start, Counter(self.shares_at_start)
        for order in self.orders.values():
            cash += order.cash_moved
            shares[order.terms.symbol] += order.shares_moved
        held = {s: p.quantity for s, p in self.positions.items() if p.quantity}
        faults = [
            f"order {o.id}: {o.filled} of {o.terms.quantity} filled" for o in self.orders.values() if o.remaining < 0
        ]
        if cash != self.cash:
            faults.append(f"cash is {self.cash}, the executions leave {cash}")
        if held != {s: n for s, n in shares.items() if n}:
            faults.append(f"positions are {held}, the executions leave {dict(shares)}")
        return faults


def _forget(memory: dict[str, T], is_over: Callable[[T], bool]) -> None:
    """Drop the oldest entries, those in front, as far as they are over."""
    while memory and is_over(next(iter(memory.values()))):
        del memory[next(iter(memory))]
