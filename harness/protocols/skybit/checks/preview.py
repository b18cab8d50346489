"""Preview: the order, what it will cost, whether it is allowed, and for how long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from harness.conformance.check import Unobserved, check, expect, given
from harness.core.conversation import Conversation
from harness.core.message import Message, field_of
from harness.protocols.skybit.checks.trades import (
    AVERAGE,
    CENT,
    around,
    is_not_negative,
    is_number,
    is_positive,
    is_text,
    is_timestamp,
    is_word,
    limit_previews,
    members,
    moment,
    number,
    numbers,
    orders_of,
)
from harness.protocols.skybit.lab import SkybitLab, SkybitPeer

CLOCK_S = 1.0  # Timestamps may be cut to whole seconds.


@check("SKY-PREV-01")
def a_preview_has_an_id(conversation: Conversation) -> Iterator[None]:
    """data.preview_id."""
    yield from members(conversation, "Preview", "data.preview_id", is_text, "a non-empty string")


@check("SKY-PREV-02")
def preview_ids_are_unique(conversation: Conversation) -> Iterator[None]:
    """No id twice."""
    seen: set[Any] = set()
    for preview in conversation.received("Preview"):
        preview_id = field_of(preview, "data.preview_id")
        if is_text(preview_id):
            yield expect(preview_id not in seen, "a preview_id of its own for each Preview", preview)
            seen.add(preview_id)


@check("SKY-PREV-03")
def a_preview_has_a_headline(conversation: Conversation) -> Iterator[None]:
    """data.headline."""
    yield from members(conversation, "Preview", "data.headline", is_text, "a non-empty string")


@check("SKY-PREV-04")
def the_headline_names_the_order(conversation: Conversation) -> Iterator[None]:
    """As in "Buy 200 AAPL @ $225.10 (DAY)"; thousands may be separated."""
    for preview, order in limit_previews(conversation):
        headline = str(field_of(preview, "data.headline"))
        bare = headline.replace(",", "").upper()
        for name in ("side", "quantity", "symbol"):
            wanted = str(order.get(name)).upper().removesuffix(".0")  # 200.0 is the same number as 200.
            yield expect(wanted in bare, f"a headline that names the {name}, {wanted}", preview)


# Orders -----------------------------------------------------------------------------------------


@check("SKY-PREV-05")
def a_preview_lists_its_orders(conversation: Conversation) -> Iterator[None]:
    """data.orders."""
    for preview in conversation.received("Preview"):
        orders = field_of(preview, "data.orders")
        good = isinstance(orders, list) and orders and all(isinstance(o, dict) for o in orders)
        yield expect(good, "data.orders to be an array of at least one object", preview)


def _order_members(conversation: Conversation, name: str, good: Callable[[Any], bool], wanted: str) -> Iterator[None]:
    for preview in conversation.received("Preview"):
        for order in orders_of(preview):
            yield expect(good(order.get(name)), f"{name} of each order to be {wanted}", order)


@check("SKY-PREV-06")
def an_order_has_a_symbol(conversation: Conversation) -> Iterator[None]:
    """`symbol` of an order."""
    yield from _order_members(conversation, "symbol", is_text, "a non-empty string")


@check("SKY-PREV-07")
def an_order_has_a_side(conversation: Conversation) -> Iterator[None]:
    """`side` of an order."""
    yield from _order_members(conversation, "side", is_word, "a word in lower case")


@check("SKY-PREV-08")
def an_order_has_a_quantity(conversation: Conversation) -> Iterator[None]:
    """`quantity` of an order."""
    yield from _order_members(conversation, "quantity", is_positive, "a number above 0")


@check("SKY-PREV-09")
def an_order_has_a_type(conversation: Conversation) -> Iterator[None]:
    """`order_type` of an order."""
    yield from _order_members(conversation, "order_type", is_word, "a word in lower case")


@check("SKY-PREV-10")
def a_limit_order_has_a_limit_price(conversation: Conversation) -> Iterator[None]:
    """`limit_price` of an order."""
    for _, order in limit_previews(conversation):
        yield expect(is_positive(order.get("limit_price")), "limit_price to be a number above 0", order)


@check("SKY-PREV-11")
def an_order_has_a_time_in_force(conversation: Conversation) -> Iterator[None]:
    """`time_in_force` of an order."""
    yield from _order_members(conversation, "time_in_force", is_word, "a word in lower case")


@check("SKY-PREV-12")
def an_order_has_an_estimated_total(conversation: Conversation) -> Iterator[None]:
    """`estimated_total` of an order."""
    yield from _order_members(conversation, "estimated_total", is_positive, "a number above 0")


@check("SKY-PREV-13")
def the_estimated_total_is_quantity_times_limit(conversation: Conversation) -> Iterator[None]:
    """200 x 225.10 = 45020.00."""
    for _, order in limit_previews(conversation):
        found = numbers(order, "estimated_total", "quantity", "limit_price")
        if found is not None:
            total, quantity, price = found
            wanted = quantity * price
            yield expect(abs(total - wanted) <= CENT, f"estimated_total to be {quantity} x {price} = {wanted}", order)


# Impact -----------------------------------------------------------------------------------------


@check("SKY-PREV-14")
def the_impact_has_an_average_price(conversation: Conversation) -> Iterator[None]:
    """impact.avg_price."""
    yield from members(conversation, "Preview", "data.impact.avg_price", is_positive, "a number above 0")


@check("SKY-PREV-15")
def the_impact_has_a_total_value(conversation: Conversation) -> Iterator[None]:
    """impact.total_value."""
    yield from members(conversation, "Preview", "data.impact.total_value", is_positive, "a number above 0")


@check("SKY-PREV-16")
def the_impact_has_a_commission(conversation: Conversation) -> Iterator[None]:
    """impact.commission."""
    yield from members(conversation, "Preview", "data.impact.commission", is_not_negative, "a number of at least 0")


@check("SKY-PREV-17")
def the_impact_lists_the_fees(conversation: Conversation) -> Iterator[None]:
    """impact.fees."""
    wanted = "an array of objects with type and amount"
    yield from members(conversation, "Preview", "data.impact.fees", _are_fees, wanted)


def _are_fees(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(fee, dict) and is_text(fee.get("type")) and is_number(fee.get("amount")) for fee in value
    )


@check("SKY-PREV-18")
def the_impact_has_a_total_cost(conversation: Conversation) -> Iterator[None]:
    """impact.total_cost."""
    yield from members(conversation, "Preview", "data.impact.total_cost", is_number, "a number")


@check("SKY-PREV-19")
def the_impact_has_the_slippage(conversation: Conversation) -> Iterator[None]:
    """impact.slippage_bps."""
    yield from members(conversation, "Preview", "data.impact.slippage_bps", is_number, "a number")


@check("SKY-PREV-20")
def the_impact_has_the_effect_on_profit(conversation: Conversation) -> Iterator[None]:
    """impact.pnl_impact."""
    yield from members(conversation, "Preview", "data.impact.pnl_impact", is_number, "a number")


@check("SKY-PREV-21")
def the_total_value_is_quantity_times_average(conversation: Conversation) -> Iterator[None]:
    """The average may be rounded, so the tolerance grows with the quantity."""
    for preview, order in limit_previews(conversation):
        found = numbers(preview, "data.impact.total_value", "data.impact.avg_price")
        quantity = number(order, "quantity")
        if found is not None and quantity is not None:
            value, average = found
            expected = f"total_value to be {quantity} x {average}"
            yield expect(
                abs(value - quantity * average) <= CENT + quantity * AVERAGE, expected, preview["data"]["impact"]
            )


@check("SKY-PREV-22")
def the_total_value_is_the_estimated_total(conversation: Conversation) -> Iterator[None]:
    """One order, one total."""
    for preview, order in limit_previews(conversation):
        value, total = number(preview, "data.impact.total_value"), number(order, "estimated_total")
        if value is not None and total is not None:
            yield expect(
                abs(value - total) <= CENT, f"total_value to be the estimated_total, {total}", preview["data"]["impact"]
            )


@check("SKY-PREV-23")
def the_total_cost_adds_up(conversation: Conversation) -> Iterator[None]:
    """45020.00 + 1.00 + 0.46 + 0.01 = 45021.47. What a sale costs is left open, so purchases only."""
    for preview, order in limit_previews(conversation):
        impact = field_of(preview, "data.impact")
        found = numbers(preview, "data.impact.total_cost", "data.impact.total_value", "data.impact.commission")
        if order.get("side") == "buy" and found is not None and _are_fees(impact.get("fees")):
            cost, value, commission = found
            wanted = value + commission + sum(fee["amount"] for fee in impact["fees"])
            yield expect(
                abs(cost - wanted) <= CENT, f"total_cost to be {wanted:.2f}, value, commission and fees", impact
            )


@check("SKY-PREV-24")
def the_expected_price_keeps_the_limit(conversation: Conversation) -> Iterator[None]:
    """A purchase costs at most its limit."""
    for preview, order in limit_previews(conversation):
        average, limit = number(preview, "data.impact.avg_price"), number(order, "limit_price")
        if order.get("side") == "buy" and average is not None and limit is not None:
            yield expect(
                average <= limit + AVERAGE, f"avg_price to be at most the limit, {limit}", preview["data"]["impact"]
            )


# Policy -----------------------------------------------------------------------------------------


@check("SKY-PREV-25")
def the_policy_says_whether_it_passed(conversation: Conversation) -> Iterator[None]:
    """policy.passed."""
    yield from members(conversation, "Preview", "data.policy.passed", lambda v: isinstance(v, bool), "a boolean")


def _policy_checks(preview: Message) -> list[Message]:
    checks = field_of(preview, "data.policy.checks")
    return [c for c in checks if isinstance(c, dict)] if isinstance(checks, list) else []


@check("SKY-PREV-26")
def the_policy_lists_its_checks(conversation: Conversation) -> Iterator[None]:
    """policy.checks."""
    for preview in conversation.received("Preview"):
        checks = field_of(preview, "data.policy.checks")
        good = isinstance(checks, list) and all(isinstance(c, dict) for c in checks)
        yield expect(good, "data.policy.checks to be an array of objects", around(preview, "data.policy.checks"))


def _policy_members(conversation: Conversation, name: str, good: Callable[[Any], bool], wanted: str) -> Iterator[None]:
    for preview in conversation.received("Preview"):
        for one in _policy_checks(preview):
            yield expect(good(one.get(name)), f"{name} of each policy check to be {wanted}", one)


@check("SKY-PREV-27")
def a_policy_check_has_a_name(conversation: Conversation) -> Iterator[None]:
    """`name` of a policy check."""
    yield from _policy_members(conversation, "name", is_text, "a non-empty string")


@check("SKY-PREV-28")
def a_policy_check_has_a_status(conversation: Conversation) -> Iterator[None]:
    """`status` of a policy check."""
    yield from _policy_members(conversation, "status", is_word, "a word in lower case")


@check("SKY-PREV-29")
def a_policy_check_has_a_message(conversation: Conversation) -> Iterator[None]:
    """`message` of a policy check."""
    yield from _policy_members(conversation, "message", lambda v: isinstance(v, str), "a string")


@check("SKY-PREV-30")
def a_policy_with_a_failed_check_has_not_passed(conversation: Conversation) -> Iterator[None]:
    """passed, therefore no check says fail."""
    for preview in conversation.received("Preview"):
        words = [one.get("status") for one in _policy_checks(preview)]
        if field_of(preview, "data.policy.passed") is True and words:
            failed = [w for w in words if w in ("fail", "failed")]
            yield expect(not failed, "no failed check in a policy that has passed", preview["data"]["policy"])


@check("SKY-PREV-31")
def a_policy_whose_checks_pass_has_passed(conversation: Conversation) -> Iterator[None]:
    """Every check says pass, therefore passed."""
    for preview in conversation.received("Preview"):
        words = [one.get("status") for one in _policy_checks(preview)]
        if words and all(w == "pass" for w in words):
            passed = field_of(preview, "data.policy.passed")
            yield expect(passed is not False, "policy.passed, since all checks pass", preview["data"]["policy"])


@check("SKY-PREV-32")
async def an_order_above_the_position_limit_does_not_pass(trader: SkybitPeer, lab: SkybitLab) -> None:
    """The limit is the one that Auth announced; a server may as well refuse at once."""
    auth = trader.conversation.received("Auth")[-1]
    limit = number(auth, "data.limits.max_position_value")
    if limit is None:
        raise Unobserved("Auth announced no max_position_value")
    with given("a Preview"):
        small = await trader.obtain_preview()
    price = number(small, "data.quote.last") or number(small, "data.quote.ask")
    if price is None:
        raise Unobserved("the Preview has no quote")
    quantity = int(limit / price * 1.5) + 1
    words = f"Buy {quantity} shares of {lab.symbol} at limit {price:.2f}, good for the day"
    reply = await trader.chat(words, "Preview")
    passed = field_of(reply, "data.policy.passed") is True
    expect(reply["type"] == "Error" or not passed, f"a policy that does not pass more than {limit:g}", reply)


# Quote and expiry -------------------------------------------------------------------------------


@check("SKY-PREV-33")
def the_quote_has_a_time(conversation: Conversation) -> Iterator[None]:
    """quote.ts."""
    yield from members(conversation, "Preview", "data.quote.ts", is_timestamp, "an RFC 3339 timestamp")


@check("SKY-PREV-34")
def the_quote_has_a_source(conversation: Conversation) -> Iterator[None]:
    """quote.source; any text."""
    yield from members(conversation, "Preview", "data.quote.source", is_text, "a non-empty string")


@check("SKY-PREV-35")
def the_quote_has_prices(conversation: Conversation) -> Iterator[None]:
    """quote.bid, ask and last."""
    for name in ("bid", "ask", "last"):
        yield from members(conversation, "Preview", f"data.quote.{name}", is_positive, "a number above 0")


@check("SKY-PREV-36")
def the_quote_has_a_volume(conversation: Conversation) -> Iterator[None]:
    """quote.volume."""
    yield from members(conversation, "Preview", "data.quote.volume", is_not_negative, "a number of at least 0")


@check("SKY-PREV-37")
def the_bid_is_not_above_the_ask(conversation: Conversation) -> Iterator[None]:
    """225.05 and 225.15."""
    for preview in conversation.received("Preview"):
        found = numbers(preview, "data.quote.bid", "data.quote.ask")
        if found is not None:
            yield expect(found[0] <= found[1], "a bid that is not above the ask", preview["data"]["quote"])


@check("SKY-PREV-38")
def the_quote_is_not_from_the_future(conversation: Conversation) -> Iterator[None]:
    """quote.ts against ts, both of the server's clock."""
    for preview in conversation.received("Preview"):
        quoted, sent = moment(field_of(preview, "data.quote.ts")), moment(preview.get("ts"))
        if quoted is not None and sent is not None:
            yield expect(quoted <= sent + CLOCK_S, f"quote.ts not after {preview['ts']}", preview["data"]["quote"])


@check("SKY-PREV-39")
def a_preview_says_when_it_expires(conversation: Conversation) -> Iterator[None]:
    """`expires_at`."""
    yield from members(conversation, "Preview", "data.expires_at", is_timestamp, "an RFC 3339 timestamp")


@check("SKY-PREV-40")
def a_preview_expires_in_the_future(conversation: Conversation) -> Iterator[None]:
    """expires_at against ts, both of the server's clock."""
    for preview in conversation.received("Preview"):
        expires, sent = moment(field_of(preview, "data.expires_at")), moment(preview.get("ts"))
        if expires is not None and sent is not None:
            yield expect(expires > sent, f"expires_at after {preview['ts']}", preview)
