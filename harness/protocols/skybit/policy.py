"""What the broker examines before it takes an order: shown by a Preview, enforced at Approve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from harness.core.message import rfc3339
from harness.protocols.skybit.account import Account
from harness.protocols.skybit.chat import OrderIntent
from harness.protocols.skybit.errors import Refusal
from harness.protocols.skybit.matching import worst_price
from harness.protocols.skybit.money import charges_of, exact, number, shown
from harness.protocols.skybit.rules import Rules
from harness.protocols.skybit.world import SkybitWorld

# Error Codes name no order of precedence: a closed market first, then funds, as no other remedy helps against these.
EXAMINED = ("market_hours", "buying_power", "position_limit", "shares_available", "daily_trade_limit", "broker")


@dataclass(frozen=True)
class Check:
    """One rule looked at: how a Preview words it, and with what an Approve is refused when it is broken."""

    name: str
    text: str
    refusal: Refusal | None = None

    @property
    def data(self) -> dict[str, Any]:
        """As policy.checks of a Preview has it."""
        return {"name": self.name, "status": "fail" if self.refusal else "pass", "message": self.text}


class Desk:
    """The broker's desk: examines one order of one account at one moment."""

    def __init__(self, world: SkybitWorld, rules: Rules, account: Account, terms: OrderIntent, now: float) -> None:
        self.world = world
        self.rules = rules
        self.account = account
        self.terms = terms
        self.now = now
        self.quote = world.market.quote(terms.symbol, now)
        self.value = terms.quantity * worst_price(terms, self.quote)

    def examine(self) -> None:
        """Raise the Refusal of the first rule that is broken, if any is."""
        broken = {check.name: check.refusal for check in self.checks() if check.refusal}
        for name in EXAMINED:
            if name in broken:
                raise broken[name]

    def checks(self) -> list[Check]:
        """All rules that concern this order; the first three as in the sample."""
        return [self.position_limit(), self.daily_trade_limit(), self.buying_power(), *self.particulars()]

    def particulars(self) -> Iterator[Check]:
        """Rules that concern some orders only."""
        if self.terms.side == "sell":
            yield self.shares_available()
        if not self.world.market.is_open(self.now):
            yield self.market_hours()
        if self.world.facts.reject_orders:
            text = self.world.facts.reject_orders
            yield Check("broker", text, Refusal("ORDER_REJECTED", text, {"symbol": self.terms.symbol}))

    def position_limit(self) -> Check:
        """max_position_value of Auth bounds shares held and open orders of one symbol. Selling only lowers them."""
        limit = exact(self.rules.max_position_value)
        would_be = self.account.exposure(self.terms.symbol, self.quote.last) + self.value
        if self.terms.side == "sell" or would_be <= limit:
            return Check("position_limit", "Within position limits")
        text = f"Position limit exceeded: {shown(would_be)} of {shown(limit)} USD in {self.terms.symbol}"
        details = {"symbol": self.terms.symbol, "limit": number(limit), "would_be": number(would_be)}
        return Check("position_limit", text, Refusal("POSITION_LIMIT", text, details))

    def daily_trade_limit(self) -> Check:
        """max_orders_per_day of Auth."""
        used, limit = self.account.orders_on[self.world.date(self.now)], self.rules.max_orders_per_day
        text = f"{used} of {limit} daily trades used"
        if used < limit:
            return Check("daily_trade_limit", text)
        refusal = Refusal(
            "ORDER_REJECTED",
            f"Daily trade limit reached: {text}",
            {"reason": "daily_trade_limit", "used": used, "limit": limit},
            ("Trade again tomorrow",),
        )
        return Check("daily_trade_limit", text, refusal)

    def buying_power(self) -> Check:
        """Buys need their value and charges. `required` is the value, unless it is the charges alone that lack."""
        available = self.account.buying_power
        cost = self.value + charges_of(self.value, self.terms.quantity).total
        if self.terms.side == "sell" or cost <= available:
            return Check("buying_power", "Sufficient buying power")
        required = self.value if self.value > available else cost
        text = "Insufficient buying power for this order"
        details = {"required": number(required), "available": number(available)}
        if self.terms.limit_price is None:
            # The Preview shows less: what the order would cost at the quote of the moment.
            bound = worst_price(self.terms, self.quote)
            text += f", which sets aside {shown(bound)} USD a share, as it has no limit"
            details["price_bound"] = number(bound)
        return Check("buying_power", text, Refusal("INSUFFICIENT_FUNDS", text, details))

    def shares_available(self) -> Check:
        """Only shares that are held can be sold: there is no short selling here."""
        available = self.account.sellable(self.terms.symbol)
        if self.terms.quantity <= available:
            return Check("shares_available", f"{available} shares can be sold")
        text = f"Only {available} shares of {self.terms.symbol} can be sold, and short selling is not offered"
        details = {"reason": "shares_available", "required": self.terms.quantity, "available": available}
        return Check("shares_available", text, Refusal("ORDER_REJECTED", text, details, ("Reduce order quantity",)))

    def market_hours(self) -> Check:
        """No order is taken while the market is closed."""
        opens = next_opening(self.world.clock.wall_s(self.now))
        text = "The market is closed"
        return Check("market_hours", text, Refusal("MARKET_CLOSED", text, {"market": "closed", "opens_at": opens}))


def next_opening(wall_s: float) -> str:
    """The next moment, after these epoch seconds, at which a stock exchange in New York opens in winter: 14:30 UTC."""
    then = datetime.fromtimestamp(wall_s, UTC)
    opening = then.replace(hour=14, minute=30, second=0, microsecond=0)
    while opening <= then or opening.weekday() >= 5:
        opening += timedelta(days=1)
    return rfc3339(opening.timestamp())
