"""Orders and what becomes of them: executions, averages, charges, and the Status that tells of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from harness.core.message import Message
from harness.protocols.skybit.chat import OrderIntent
from harness.protocols.skybit.errors import Refusal
from harness.protocols.skybit.money import ZERO, Charges, charges_of, exact, number

AVERAGE_PLACES = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution: so many shares at this price (USD), at this stage time."""

    quantity: int
    price: Decimal
    at: float

    @property
    def value(self) -> Decimal:
        """What these shares cost."""
        return self.quantity * self.price


@dataclass
class Order:
    """A placed order. `status` is pending until the broker acknowledges, then a word of the wire.

    `origin` is the session that placed it. `worst_price` bounds what a buy may pay, and so what is set aside for it.
    An order that a script moves (`scripted`) is left alone by the matching engine.
    """

    id: str
    client_order_id: str
    origin: str
    terms: OrderIntent
    worst_price: Decimal
    created_at: float
    status: str = "pending"
    triggered: bool = False  # Whether the market has reached its stop price.
    scripted: bool = False
    approve: Message | None = None  # The very message that placed it: by it, scripts go on with the order.
    fills: list[Fill] = field(default_factory=list)
    moments: dict[str, float] = field(default_factory=dict)  # Name of each further timestamp -> stage time.

    @property
    def is_open(self) -> bool:
        """Whether more may be executed."""
        return self.status in ("pending", "acknowledged", "partial_fill")

    @property
    def filled(self) -> int:
        """Shares executed."""
        return sum(f.quantity for f in self.fills)

    @property
    def remaining(self) -> int:
        """Shares not executed."""
        return self.terms.quantity - self.filled

    @property
    def value(self) -> Decimal:
        """What the executed shares cost together."""
        return sum((f.value for f in self.fills), ZERO)

    @property
    def charges(self) -> Charges:
        """Commission and fees on what is executed."""
        return charges_of(self.value, self.filled)

    @property
    def cash_moved(self) -> Decimal:
        """What the executions and charges brought to the account; below 0 for a purchase."""
        return (self.value if self.terms.side == "sell" else -self.value) - self.charges.total

    @property
    def shares_moved(self) -> int:
        """The shares that the executions brought to the account; below 0 for a sale."""
        return self.filled if self.terms.side == "buy" else -self.filled

    @property
    def set_aside(self) -> Decimal:
        """Cash that the rest of an open buy may still need, charges included."""
        if not self.is_open or self.terms.side == "sell":
            return ZERO
        rest = self.remaining * self.worst_price
        return rest + charges_of(self.value + rest, self.terms.quantity).total - self.charges.total

    def acknowledge(self, now: float) -> None:
        """The broker has taken the order."""
        self.status = "acknowledged"
        self.moments["acknowledged"] = now

    def fill(self, fill: Fill) -> None:
        """Add an execution."""
        self.fills.append(fill)
        self.status = "filled" if self.remaining == 0 else "partial_fill"

    def cancel(self, now: float) -> None:
        """Nothing more will be executed."""
        self.status = "cancelled"
        self.moments["cancelled"] = now

    def status_data(self, ts: Callable[[float], str], status: str | None = None) -> dict[str, Any]:
        """The data of a Status as the sample of that status has it; `ts` writes a stage time.

        `status` names another sample than that of the order's own status.
        """
        status = status or self.status
        terms = self.terms
        data: dict[str, Any] = {
            "order_id": self.id,
            "client_order_id": self.client_order_id,
            "status": status,
            "symbol": terms.symbol,
            "side": terms.side,
            "quantity": terms.quantity,
            "filled": self.filled,
            "remaining": self.remaining,
            "avg_fill_price": self._average(),
        }
        return data | self._particulars(status, ts)

    def _average(self) -> float | None:
        if not self.fills:
            return None
        return float((self.value / self.filled).quantize(AVERAGE_PLACES, ROUND_HALF_UP))

    def _particulars(self, status: str, ts: Callable[[float], str]) -> dict[str, Any]:
        """What only this status tells. Status: each of the samples has fields of its own."""
        if status == "partial_fill" and self.fills:
            last = self.fills[-1]
            return {
                "last_fill": {"quantity": last.quantity, "price": float(last.price), "timestamp": ts(last.at)},
            }
        if status == "filled":
            return {
                "total_commission": number(self.charges.commission),
                "total_fees": number(self.charges.fees),
                "net_amount": number(self.cash_moved if self.terms.side == "sell" else -self.cash_moved),
            }
        moments = {"created": self.created_at, **self.moments}
        return {"timestamps": {name: ts(at) for name, at in moments.items()}}


def modified(terms: OrderIntent, modifications: Message) -> OrderIntent:
    """The order with an Approve's modifications. Refusal when the order has no such price."""
    changes = dict(modifications)
    for name in ("limit_price", "stop_price"):
        if name in changes:
            if getattr(terms, name) is None:
                text = f"A {terms.order_type} order has no {name} to modify"
                raise Refusal("INVALID_REQUEST", text, {"field": f"data.modifications.{name}"})
            changes[name] = exact(changes[name])
    if "quantity" in changes:
        changes["quantity"] = int(changes["quantity"])
    return replace(terms, **changes)
