"""Trading in plain English: what a Chat text asks for. Pure, and the same text always means the same.

A text is read as items (numbers, symbols, phrases of the vocabulary; see `chat_words`), and the items are sorted into
what was said of an order, a question or a cancellation. What is missing or said twice is named, never guessed.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise
from typing import Literal, cast

from harness.protocols.skybit.chat_words import (
    BEFORE_SYMBOL,
    CONNECTIVES,
    WEAK_SIDES,
    WRONG_WAY,
    Item,
    Symbols,
    read_items,
)

Side = Literal["buy", "sell"]
OrderType = Literal["market", "limit", "stop", "stop_limit"]
TimeInForce = Literal["day", "gtc", "ioc", "fok"]

MAX_CHARACTERS = 1000  # Of a text. It bounds the work, and no wish is that long.
MAX_QUANTITY = 1_000_000_000  # More shares than any company of the list has in one hand.
MAX_PRICE = 1_000_000_000  # USD; the schemas know no higher price.


@dataclass(frozen=True, slots=True)
class OrderIntent:
    """An order, complete. Prices are in USD, and there where the order type has them."""

    side: Side
    quantity: int
    symbol: str
    order_type: OrderType = "market"
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce = "day"


@dataclass(frozen=True, slots=True)
class QuoteQuestion:
    """What do these symbols trade at?"""

    symbols: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PositionsQuestion:
    """What do I hold, of these symbols, or (none) of all?"""

    symbols: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CancelIntent:
    """Cancel the preview (`order_id` is its id where one was named), an order, or all orders.

    `symbol` and `side`, where they were said, bound which ones are meant.
    """

    target: Literal["preview", "order", "all_orders"]
    order_id: str | None = None
    symbol: str | None = None
    side: Side | None = None


@dataclass(frozen=True, slots=True)
class UnknownSymbol:
    """A word that stands where a symbol should, and the known symbols most like it."""

    word: str
    nearest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unclear:
    """What is missing or contradictory, and whole sentences that would be understood."""

    reason: str
    suggestions: tuple[str, ...]


Intent = OrderIntent | QuoteQuestion | PositionsQuestion | CancelIntent | UnknownSymbol | Unclear


def parse(text: str, symbols: Symbols) -> Intent:
    """What `text` asks for. `symbols` are the known tickers, in capitals, with the names of their companies."""
    if len(text) > MAX_CHARACTERS:
        return _Said((), symbols).unclear(
            f"the text is longer than {MAX_CHARACTERS} characters: say it in one sentence"
        )
    said = _Said(read_items(text, symbols), symbols)
    if said.has("cancel"):
        return said.cancel()
    if said.has("side") and not (said.has("quote", "own") and said.only_weak_side):
        return said.order()
    if said.has("own"):
        return said.unknown() or PositionsQuestion(said.symbols)
    if said.has("quote", "ask") and (said.symbols or said.has("quote")):
        return said.quotes()
    return said.nothing()


def sentence(order: OrderIntent) -> str:
    """The order in words that `parse` reads back."""
    price = {
        "market": "at market",
        "limit": f"at limit {order.limit_price}",
        "stop": f"stop at {order.stop_price}",
        "stop_limit": f"stop {order.stop_price} limit {order.limit_price}",
    }[order.order_type]
    life = {
        "day": "good for the day",
        "gtc": "good till cancelled",
        "ioc": "immediate or cancel",
        "fok": "fill or kill",
    }[order.time_in_force]
    unit = "share" if order.quantity == 1 else "shares"
    return f"{order.side.capitalize()} {order.quantity} {unit} of {order.symbol} {price}, {life}"


# Meaning ----------------------------------------------------------------------------------------


@dataclass
class _Numerals:
    """The numbers of an order, by what they stand for."""

    quantities: list[Decimal] = field(default_factory=list)  # With "shares" after them.
    bare: list[Decimal] = field(default_factory=list)
    prices: list[Decimal] = field(default_factory=list)  # "at 225.10": of which kind, the rest must say.
    limits: list[Decimal] = field(default_factory=list)
    stops: list[Decimal] = field(default_factory=list)


class _Gap(Exception):  # noqa: N818 - it ends the reading of an order, and never leaves this module
    """What keeps the items from being an order."""


class _Said:
    """All that a text says, sorted."""

    def __init__(self, items: Sequence[Item], symbols: Symbols) -> None:
        self._items = items
        self._known = symbols
        self.symbols = tuple(self._values("symbol"))
        self.only_weak_side = not self.has("number") and all(i.text in WEAK_SIDES for i in items if i.kind == "side")

    def has(self, *kinds: str) -> bool:
        """Whether an item of one of these kinds was said."""
        return any(i.kind in kinds for i in self._items)

    def _values(self, kind: str) -> list[str]:
        """The different values of this kind, in order."""
        return list(dict.fromkeys(i.value for i in self._items if i.kind == kind))

    # Answers ------------------------------------------------------------------------------------

    def order(self) -> Intent:
        """An order, or what it lacks."""
        unknown = self.unknown()
        if unknown is not None:
            return unknown
        try:
            return self._order()
        except _Gap as gap:
            return self.unclear(str(gap))

    def quotes(self) -> Intent:
        """A question for quotes."""
        if not self.symbols:
            return self.unknown() or self.unclear("no symbol: say whose quote you want")
        return self.unknown() or QuoteQuestion(self.symbols)

    def cancel(self) -> Intent:
        """A wish to cancel something."""
        kinds = [i.kind for i in self._items]
        if "side" in kinds and "number" in kinds and kinds.index("side") < kinds.index("cancel"):
            return self.unclear("an order and a cancellation in one text: say one thing at a time")
        if any(i.value == "it says what not to do" for i in self._items):
            return self.unclear("it says what not to do: say what you want done")
        ids = self._named_ids()
        if len(ids) > 1:
            return self.unclear(f"more than one to cancel ({' and '.join(ids)}): cancel one at a time, or all orders")
        if ids:
            return CancelIntent("preview" if ids[0].startswith("prev-") else "order", ids[0])
        return self.unknown() or self._cancel_unnamed()

    def nothing(self) -> Intent:
        """A text that asks for nothing we know, or for what other messages are there for."""
        for item in self._items:
            if item.kind == "elsewhere":
                return self.unclear(item.value)
        if self.has("number") and (self.symbols or self.has("unit")):
            return self.unclear("no side: say whether to buy or to sell")
        if self.has("order", "all"):
            return self.unclear("orders cannot be asked for: each tells by Status messages how it stands")
        if self.symbols:
            return self.unclear(f"nothing is asked about {self.symbols[0]}: order it, or ask for its quote")
        return self.unclear("neither an order, nor a question about quotes or positions, nor a cancellation")

    def unclear(self, reason: str) -> Unclear:
        """The answer for this gap, with sentences near to what was said."""
        symbol = next(iter([*self.symbols, *self._known]), "AAPL")
        if self.has("cancel"):
            return Unclear(reason, (f"Cancel my {symbol} order", "Cancel order ord-789012", "Cancel all orders"))
        sides: list[Side] = ["sell", "buy"] if self._values("side") == ["sell"] else ["buy", "sell"]
        market = OrderIntent(sides[1], 100, symbol)
        limit = replace(market, side=sides[0], order_type="limit", limit_price=Decimal("225.10"))
        return Unclear(reason, (sentence(limit), sentence(market), f"What is {symbol} trading at?"))

    def unknown(self) -> UnknownSymbol | None:
        """The first word that must be meant as a symbol and is none that is known."""
        before = "filler"
        for item in self._items:
            if item.kind == "unknown":
                # A lower-case word is taken for a symbol only where one must stand.
                place = not self.symbols and before in BEFORE_SYMBOL
                if item.value == "capitals" or place:
                    return UnknownSymbol(item.text, _nearest(item.text, self._known))
            if item.kind != "filler":
                before = item.kind
        return None

    def _cancel_unnamed(self) -> Intent:
        """A cancellation that names no id: never of more than was said."""
        if len(self.symbols) > 1:
            return self.unclear("more than one symbol: cancel one order at a time, or all orders")
        symbol, sides = next(iter(self.symbols), None), self._values("side")
        side = cast(Side, sides[0]) if len(sides) == 1 else None
        if any(i.text in {"preview", "previews"} for i in self._items):
            if self.has("all") or any(i.text == "previews" for i in self._items):
                return self.unclear("more than one preview: cancel one at a time, or let them expire")
            return CancelIntent("preview", None, symbol)
        if self.has("all"):
            if self.has("type"):
                return self.unclear("a type of order: orders are cancelled by id, symbol or side, or all together")
            return CancelIntent("all_orders", None, symbol, side)
        if symbol or self.has("order", "type", "side"):
            return CancelIntent("order", None, symbol, side)
        if self.has("preview") or "preview" in self._values("cancel"):
            return CancelIntent("preview")
        return self.unclear("nothing to cancel is named: an order, all orders or the preview")

    def _named_ids(self) -> list[str]:
        ids = self._values("id")
        for before, item in pairwise(self._items):
            # "order 789012" names one; "the order for 200 AAPL" does not.
            if item.kind == "number" and item.text.isdigit() and before.kind in {"order", "preview"}:
                ids.append(("ord-" if before.kind == "order" else "prev-") + item.text)
        return ids

    # The order ----------------------------------------------------------------------------------

    def _order(self) -> OrderIntent:
        side = _one(self._values("side"), "more than one side: an order either buys or sells")
        numerals = self._numerals()
        kinds = {k for value in self._values("type") for k in value.split("_")}
        self._refuse(kinds, side)
        quantity = _quantity(numerals, kinds)
        if not self.symbols:
            raise _Gap("no symbol: say which stock")
        symbol = _one(self.symbols, "more than one symbol: place one order at a time")
        order_type, limit, stop = _prices(numerals, kinds)
        life = _one(self._values("tif") or ["day"], "more than one time in force: say day, GTC, IOC or FOK")
        return OrderIntent(cast(Side, side), quantity, symbol, order_type, limit, stop, cast(TimeInForce, life))

    def _refuse(self, kinds: set[str], side: str) -> None:
        for item in self._items:
            if item.text in WRONG_WAY[side]:
                bound = "from above" if side == "buy" else "from below"
                raise _Gap(f"{item.text!r}: a limit bounds the price of a {side} order {bound}")
            if item.kind == "unreadable":
                raise _Gap(f"{item.text!r} is no number: write 1500 or 1,500 for thousands, 225.10 for decimals")
            # "if it drops to 220" is the one condition that an order can keep: a stop.
            if item.kind == "refused" and not (item.text in {"if", "when", "once"} and "stop" in kinds):
                raise _Gap(f"{item.value} ({item.text!r})")

    def _numerals(self) -> _Numerals:
        result = _Numerals()
        for at, item in enumerate(self._items):
            if item.kind == "number":
                getattr(result, self._role(at)).append(item.number)
            elif item.kind == "one":
                result.quantities.append(Decimal(1))
        return result

    def _role(self, at: int) -> str:
        """What the number at this place stands for: its unit says it, or the word that leads to it."""
        after = self._items[at + 1].kind if at + 1 < len(self._items) else ""
        if after == "unit":
            return "quantities"
        led = False
        before = at - 1
        while before >= 0 and self._items[before].text in CONNECTIVES:
            led = led or self._items[before].kind == "at"
            before -= 1
        lead = self._items[before] if before >= 0 else Item("", "")
        # "limit order of 200" speaks of the order's size, "limit order at 200" and "limit of 200" of its price.
        if lead.kind == "type" and lead.value != "market" and (led or "order" not in lead.text):
            return "limits" if lead.value == "limit" else "stops"
        return "prices" if led or self._items[at].value == "money" or after in {"money", "each"} else "bare"


def _one(values: Sequence[str], complaint: str) -> str:
    if len(values) > 1:
        raise _Gap(f"{complaint} (found {' and '.join(values)})")
    return values[0]


def _quantity(numerals: _Numerals, kinds: set[str]) -> int:
    """The quantity. Of bare numbers the first is one; the others are prices where the type of order wants some."""
    found = list(numerals.quantities)
    bare = list(numerals.bare)
    if not found and bare:
        found.append(bare.pop(0))
    if kinds & {"limit", "stop"}:
        numerals.prices.extend(bare)
    else:
        found.extend(bare)
    if not found:
        hint = ", as a price or a sum of money does not tell" if numerals.prices else ""
        raise _Gap(f"no quantity: say how many shares{hint}")
    if len(found) > 1:
        raise _Gap(f"more than one quantity (found {' and '.join(map(str, found))}); say 'at' before a price")
    quantity = found[0]
    if quantity <= 0:
        raise _Gap(f"a quantity of {quantity}: it must be at least 1")
    if quantity != quantity.to_integral_value():
        raise _Gap(f"a quantity of {quantity}: only whole shares are traded")
    if quantity > MAX_QUANTITY:
        raise _Gap(f"the quantity is too large: it may be {MAX_QUANTITY:,} at most")
    return int(quantity)


def _prices(numerals: _Numerals, kinds: set[str]) -> tuple[OrderType, Decimal | None, Decimal | None]:
    """The order type, limit price and stop price."""
    limits, stops = list(numerals.limits), list(numerals.stops)
    for price in numerals.prices:
        # A price of no named kind is the stop of an order that lacks one, else the limit.
        (stops if "stop" in kinds and not stops else limits).append(price)
    if limits:
        kinds = {*kinds, "limit"}
    if "market" in kinds and len(kinds) > 1:
        raise _Gap("a market order has no price: say either 'at market' or the price")
    limit = _price("limit", limits, "limit" in kinds)
    stop = _price("stop", stops, "stop" in kinds)
    return cast(OrderType, "_".join(k for k in ("stop", "limit") if k in kinds) or "market"), limit, stop


def _price(kind: str, found: Sequence[Decimal], wanted: bool) -> Decimal | None:
    if not wanted:
        return None
    if not found:
        raise _Gap(f"no {kind} price: say '{kind} 225.10'")
    if len(found) > 1:
        raise _Gap(f"more than one {kind} price (found {' and '.join(map(str, found))})")
    if found[0] <= 0:
        raise _Gap(f"a {kind} price of {found[0]}: it must be above zero")
    if found[0] > MAX_PRICE:
        raise _Gap(f"the {kind} price is too high: it may be {MAX_PRICE:,} at most")
    return found[0]


def _nearest(word: str, symbols: Symbols) -> tuple[str, ...]:
    """Up to three symbols whose ticker or company name is most like `word`."""
    by_name = {name.lower(): ticker for ticker, names in symbols.items() for name in (ticker, *names)}
    close = difflib.get_close_matches(word.lower(), by_name, n=6, cutoff=0.5)
    return tuple(dict.fromkeys(by_name[name] for name in close))[:3]
