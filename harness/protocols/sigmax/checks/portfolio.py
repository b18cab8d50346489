"""Portfolio: what positions and totals tell, and that the figures agree with each other."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from harness.conformance.check import check, expect
from harness.core.conversation import Conversation
from harness.core.message import Message
from harness.protocols.sigmax.checks.seeing import figures, is_number, is_pair, is_positive, members, places, rows

KIND = "portfolio_update"
NUMBER = "a number"
CENT, PART = 0.0101, 0.0001001  # Figures may be rounded to the cent, or by a hundredth of a percent.
PRICE = 0.00501  # Prices may be rounded to the cent.
SMALL_PERCENT = 0.02  # Below, rounding may hide even the sign of a percentage.
SCALE = 10.0  # By how much a base may differ from those that are likely; a mere fraction is out by 100.
NEAR = 0.1  # How far a price may have moved, as a part of it, since it was told.
RECENT_S = 10.0


def near(found: float, expected: float, more: float = 0.0) -> bool:
    """Whether they agree to half a unit of the last digit shown, a cent, a hundredth of a percent, or `more`."""
    exponent = Decimal(str(found)).as_tuple().exponent
    shown = 0.5 * 10.0**exponent if isinstance(exponent, int) and exponent <= 0 else 0.5
    return abs(found - expected) <= max(shown * 1.001, CENT, PART * abs(expected)) + more


def positions(conversation: Conversation) -> Iterator[Message]:
    """All positions of all portfolio_updates, those that are objects."""
    for message in conversation.received(KIND):
        yield from rows(message, "data.positions")


# Members ----------------------------------------------------------------------------------------


@check("SIG-PF-01")
def the_total_value_is_told(conversation: Conversation) -> Iterator[None]:
    """Every portfolio_update."""
    yield from members(conversation, KIND, "data.total_value", is_number, NUMBER)


@check("SIG-PF-02")
def the_cash_is_told(conversation: Conversation) -> Iterator[None]:
    """Every portfolio_update."""
    yield from members(conversation, KIND, "data.available_cash", is_number, NUMBER)


@check("SIG-PF-03")
def the_positions_are_a_list(conversation: Conversation) -> Iterator[None]:
    """Every portfolio_update."""
    yield from members(conversation, KIND, "data.positions", lambda v: isinstance(v, list), "an array")


@check("SIG-PF-04")
def the_gain_is_told(conversation: Conversation) -> Iterator[None]:
    """Every portfolio_update."""
    yield from members(conversation, KIND, "data.total_pnl", is_number, NUMBER)


@check("SIG-PF-05")
def the_gain_is_told_in_percent(conversation: Conversation) -> Iterator[None]:
    """Every portfolio_update."""
    yield from members(conversation, KIND, "data.total_pnl_percent", is_number, NUMBER)


@check("SIG-PF-06")
def a_position_names_its_symbol(conversation: Conversation) -> Iterator[None]:
    """Every position."""
    yield from members(conversation, KIND, "data.positions.*.symbol", is_pair, "a symbol as BASE/QUOTE")


@check("SIG-PF-07")
def a_position_has_a_size(conversation: Conversation) -> Iterator[None]:
    """Every position; below 0 where a server sells short."""
    yield from members(conversation, KIND, "data.positions.*.size", is_number, NUMBER)


@check("SIG-PF-08")
def a_position_has_an_entry_price(conversation: Conversation) -> Iterator[None]:
    """Every position."""
    yield from members(conversation, KIND, "data.positions.*.entry_price", is_positive, "a number above 0")


@check("SIG-PF-09")
def a_position_has_a_current_price(conversation: Conversation) -> Iterator[None]:
    """Every position."""
    yield from members(conversation, KIND, "data.positions.*.current_price", is_positive, "a number above 0")


@check("SIG-PF-10")
def a_position_has_a_value(conversation: Conversation) -> Iterator[None]:
    """Every position."""
    yield from members(conversation, KIND, "data.positions.*.value", is_number, NUMBER)


@check("SIG-PF-11")
def a_position_has_a_gain(conversation: Conversation) -> Iterator[None]:
    """Every position."""
    yield from members(conversation, KIND, "data.positions.*.pnl", is_number, NUMBER)


@check("SIG-PF-12")
def a_position_has_a_gain_in_percent(conversation: Conversation) -> Iterator[None]:
    """Every position."""
    yield from members(conversation, KIND, "data.positions.*.pnl_percent", is_number, NUMBER)


@check("SIG-PF-13")
def each_symbol_has_one_position(conversation: Conversation) -> Iterator[None]:
    """Every portfolio_update."""
    for message in conversation.received(KIND):
        found = [str(row.get("symbol")) for row in rows(message, "data.positions")]
        yield expect(len(set(found)) == len(found), "one position for each symbol", message)


# Arithmetic -------------------------------------------------------------------------------------


@check("SIG-PF-14")
def the_value_is_size_times_price(conversation: Conversation) -> Iterator[None]:
    """Every position; where it is short, with either sign."""
    for position in positions(conversation):
        found = figures(position, "size", "current_price", "value")
        if found is not None:
            size, price, value = found
            good = any(near(value, each, abs(size) * PRICE) for each in (size * price, abs(size) * price))
            yield expect(good, f"value to be size times current_price, {size * price:.2f}", position)


@check("SIG-PF-15")
def the_gain_is_what_the_prices_say(conversation: Conversation) -> Iterator[None]:
    """Every position: size times (current_price - entry_price)."""
    for position in positions(conversation):
        found = figures(position, "size", "entry_price", "current_price", "pnl")
        if found is not None:
            size, entry, price, gain = found
            expected = size * (price - entry)
            good = near(gain, expected, 2 * abs(size) * PRICE)
            yield expect(good, f"pnl to be size times the rise of the price, {expected:.2f}", position)


@check("SIG-PF-16")
def the_percentage_is_of_the_cost(conversation: Conversation) -> Iterator[None]:
    """Every position: pnl as a part of size times entry_price."""
    for position in positions(conversation):
        found = figures(position, "size", "entry_price", "pnl", "pnl_percent")
        cost = 0.0 if found is None else abs(found[0] * found[1])
        if found is not None and cost:
            size, _, gain, percent = found
            rounding = 100 * (abs(size) * PRICE + CENT) / cost
            good = near(percent, 100 * gain / cost, rounding)
            yield expect(good, f"pnl_percent to be {100 * gain / cost:.2f}", position)


@check("SIG-PF-17")
def the_total_is_no_less_than_its_parts(conversation: Conversation) -> Iterator[None]:
    """Every portfolio_update: total_value against available_cash and the values of all positions."""
    for message in conversation.received(KIND):
        data = message.get("data")
        values = [value for _, value in places(message, "data.positions.*.value")]
        found = figures(data, "total_value", "available_cash") if isinstance(data, dict) else None
        if found is not None and all(is_number(value) for value in values):
            total, cash = found
            parts = cash + sum(values)
            good = total > parts or near(total, parts, CENT * len(values))
            yield expect(good, f"total_value to be at least cash and positions, {parts:.2f}", message)


@check("SIG-PF-18")
def the_percentage_of_the_whole_has_sign_and_scale(conversation: Conversation) -> Iterator[None]:
    """Every portfolio_update with a gain that counts; which base it is of, is open."""
    for message in conversation.received(KIND):
        data = message.get("data")
        found = figures(data, "total_value", "total_pnl", "total_pnl_percent") if isinstance(data, dict) else None
        if found is None:
            continue
        total, gain, percent = found
        costs = [figures(p, "size", "entry_price") for p in rows(message, "data.positions")]
        cost = sum(abs(each[0] * each[1]) for each in costs if each is not None)
        bases = [base for base in (total, total - gain, cost) if base > 0]
        if not bases or abs(100 * gain / max(bases)) < SMALL_PERCENT:
            continue
        least, most = 100 * abs(gain) / max(bases) / SCALE, 100 * abs(gain) / min(bases) * SCALE
        good = percent * gain > 0 and least - CENT <= abs(percent) <= most + CENT
        yield expect(good, f"total_pnl_percent to be {gain:.2f} in percent of the portfolio", message)


@check("SIG-PF-19")
def prices_agree_with_the_market(conversation: Conversation) -> Iterator[None]:
    """Every position whose symbol's price the market told within the last ten seconds."""
    prices: dict[str, tuple[float, float]] = {}
    for entry, message in conversation.messages("server", "market_update", KIND):
        for row in rows(message, "data"):
            if is_positive(row.get("price")):
                prices[str(row.get("symbol"))] = (entry.at_s, row["price"])
        for position in rows(message, "data.positions"):
            told_s, told = prices.get(str(position.get("symbol")), (0.0, 0.0))
            if told and is_number(position.get("current_price")) and entry.at_s - told_s <= RECENT_S:
                good = abs(position["current_price"] - told) <= NEAR * told
                yield expect(good, f"current_price to be near {told:g}, as market_update said", position)
