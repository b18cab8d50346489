"""Skybit's world: the market, the accounts and the broker between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from harness.core.message import rfc3339
from harness.core.world import Setting, World
from harness.protocols.skybit.account import Account, Position, Preview
from harness.protocols.skybit.chat import OrderIntent
from harness.protocols.skybit.credentials import User
from harness.protocols.skybit.market import Market
from harness.protocols.skybit.matching import execution, worst_price
from harness.protocols.skybit.money import exact
from harness.protocols.skybit.orders import Order
from harness.protocols.skybit.rules import Facts

# The first numbers are those of the samples; what follows is counted on.
FIRST_PREVIEW, FIRST_ORDER, FIRST_CLIENT_ORDER = 123456, 789012, 123456

ACCOUNTS_KEPT = 10_000  # With more, those without trades are forgotten: tokens may be new at each Auth.


@dataclass(frozen=True, slots=True)
class OrderNews:
    """An order has moved: the data of its Status, the session it came from, and whether a script moved it."""

    origin: str
    data: dict[str, Any]
    scripted: bool


class SkybitWorld(World[Facts]):
    """What all Skybit sessions of a stage share. Topics: `quotes/<symbol>` (a Quote), `orders/<user>` (OrderNews)."""

    LIVE = frozenset({"liquidity", "reject_orders", "accept_any_token", "think_s"})

    def __init__(self, facts: Facts, setting: Setting) -> None:
        super().__init__(facts, setting)
        self.market = Market(facts, self.chance.getrandbits(64))
        self.accounts: dict[str, Account] = {}
        self._counts = {"prev": FIRST_PREVIEW, "ord": FIRST_ORDER, "cli": FIRST_CLIENT_ORDER}
        self._working: dict[str, tuple[Account, Order]] = {}
        self._next_quote(1)
        if facts.closes_at_s > 0:
            self.agenda.at(facts.closes_at_s, self._close_market)

    # Users --------------------------------------------------------------------------------------

    def account(self, user: User) -> Account:
        """The user's account, opened when first asked for with what the facts give to every account."""
        account = self.accounts.get(user.id)
        if account is None:
            self._make_room()
            held = {
                symbol: Position(quantity, quantity * exact(self.market.listings[symbol].last))
                for symbol, quantity in self.facts.positions.items()
            }
            account = self.accounts[user.id] = Account(user, exact(self.facts.buying_power), held)
            account.orders_on[self.date(0.0)] = self.facts.orders_today
        return account

    def _make_room(self) -> None:
        """Forget the oldest account that nobody uses and that never traded: it would be opened again as it was."""
        if len(self.accounts) >= ACCOUNTS_KEPT:
            unused = (name for name, each in self.accounts.items() if not (each.connections or each.orders))
            self.accounts.pop(next(unused, ""), None)

    def date(self, now: float) -> str:
        """The day, by UTC, that limits per day are counted on."""
        return self.ts(now)[:10]

    def ts(self, now: float) -> str:
        """A stage time as the time of day that messages carry."""
        return rfc3339(self.clock.wall_s(now))

    def number(self, prefix: str) -> str:
        """A new id: `prev-`, `ord-` or `cli-` and six digits, more once these are used up."""
        count = self._counts[prefix]
        self._counts[prefix] += 1
        return f"{prefix}-{count}"

    # Trading ------------------------------------------------------------------------------------

    def preview(self, account: Account, terms: OrderIntent, life_s: float, now: float) -> Preview:
        """Keep an order for approval."""
        preview = Preview(self.number("prev"), terms, now + life_s)
        account.keep(preview, now)
        return preview

    def place(
        self, account: Account, terms: OrderIntent, origin: str, client_order_id: str | None, now: float
    ) -> Order:
        """Book a new order, which nothing has acknowledged yet. Whether it may be placed is not asked here."""
        order = Order(
            id=self.number("ord"),
            client_order_id=client_order_id or self.number("cli"),
            origin=origin,
            terms=terms,
            worst_price=worst_price(terms, self.market.quote(terms.symbol, now)),
            created_at=now,
        )
        account.settle(now)
        account.orders[order.id] = order
        account.orders_on[self.date(now)] += 1
        return order

    def work(self, account: Account, order: Order, now: float) -> None:
        """Let the broker acknowledge the order, then bring it to the market."""
        self.agenda.at(now + self.facts.think_s, partial(self._acknowledge, account, order))

    def cancel(self, account: Account, orders: Iterable[Order], now: float) -> None:
        """Take back what is left of these open orders."""
        for order in list(orders):
            order.cancel(now)
            self._working.pop(order.id, None)
            self.report(account, order, now)

    def hand_to_script(self, order: Order) -> None:
        """From now on a script moves this order, and the matching engine leaves it alone."""
        order.scripted = True
        self._working.pop(order.id, None)

    def report(self, account: Account, order: Order, now: float, scripted: bool = False) -> None:
        """Tell the user's sessions how the order stands."""
        news = OrderNews(order.origin, order.status_data(self.ts), scripted)
        self.tell(f"orders/{account.user.id}", news, now)

    def check_books(self) -> list[str]:
        """What in the books of all accounts does not add up; empty when all is well."""
        return [f"{name}: {fault}" for name, account in self.accounts.items() for fault in account.audit()]

    def last_prices(self, now: float) -> dict[str, Decimal]:
        """Symbol -> the price of the last trade."""
        return {symbol: self.market.quote(symbol, now).last for symbol in self.market.listings}

    # What time brings ---------------------------------------------------------------------------

    def _next_quote(self, number: int) -> None:
        self.agenda.at(number * self.market.every_s, partial(self._quote, number))

    def _quote(self, number: int, now: float) -> None:
        self._next_quote(number + 1)
        for symbol in self.market.listings:
            topic = f"quotes/{symbol}"
            if self.topics.wanted(topic):
                self.topics.publish(topic, self.market.quote(symbol, now), now)
        for account, order in list(self._working.values()):
            self._match(account, order, now)

    def _acknowledge(self, account: Account, order: Order, now: float) -> None:
        if order.status == "pending" and not order.scripted:
            order.acknowledge(now)
            self.report(account, order, now)
            self.agenda.at(now + self.facts.think_s, partial(self._bring_to_market, account, order))

    def _bring_to_market(self, account: Account, order: Order, now: float) -> None:
        if order.is_open and not order.scripted:
            self._working[order.id] = (account, order)
            self._match(account, order, now)
            if order.is_open and order.terms.time_in_force in ("ioc", "fok"):
                self.cancel(account, [order], now)

    def _match(self, account: Account, order: Order, now: float) -> None:
        if not self.market.is_open(now):
            return
        fill = execution(order, self.market.quote(order.terms.symbol, now), self.facts.liquidity, now)
        if fill is not None:
            account.book(order, fill)
            self.report(account, order, now)
        if not order.is_open:
            self._working.pop(order.id, None)

    def _close_market(self, now: float) -> None:
        """The day ends, and with it the orders that are good for the day."""
        for account in self.accounts.values():
            self.cancel(account, (o for o in account.open_orders() if o.terms.time_in_force == "day"), now)
