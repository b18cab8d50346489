"""Status: the course of an order, from its acknowledgement to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from harness.conformance.check import check, expect, given
from harness.core.conversation import Conversation
from harness.core.message import Message, field_of
from harness.protocols.skybit.checks.trades import (
    AVERAGE,
    CENT,
    FINAL,
    around,
    changes,
    courses,
    is_not_negative,
    is_number,
    is_positive,
    is_text,
    is_timestamp,
    is_word,
    members,
    moment,
    number,
    numbers,
    same_status,
    statuses,
)
from harness.protocols.skybit.lab import FILL_S, PARTS, SkybitLab, SkybitPeer

REST_S = 5.0  # How long an order that should rest is watched.

# The members of every Status ------------------------------------------------------------------------


@check("SKY-STAT-01")
def a_status_names_its_order(conversation: Conversation) -> Iterator[None]:
    """`order_id`."""
    yield from members(conversation, "Status", "data.order_id", is_text, "a non-empty string")


@check("SKY-STAT-02")
def a_status_has_the_clients_name_of_the_order(conversation: Conversation) -> Iterator[None]:
    """`client_order_id`."""
    yield from members(conversation, "Status", "data.client_order_id", is_text, "a non-empty string")


@check("SKY-STAT-03")
def a_status_says_how_the_order_stands(conversation: Conversation) -> Iterator[None]:
    """`status`; the spec lists no vocabulary."""
    yield from members(conversation, "Status", "data.status", is_word, "a word in lower case")


@check("SKY-STAT-04")
def a_status_has_a_symbol(conversation: Conversation) -> Iterator[None]:
    """`symbol`."""
    yield from members(conversation, "Status", "data.symbol", is_text, "a non-empty string")


@check("SKY-STAT-05")
def a_status_has_a_side(conversation: Conversation) -> Iterator[None]:
    """`side`."""
    yield from members(conversation, "Status", "data.side", is_word, "a word in lower case")


@check("SKY-STAT-06")
def a_status_has_a_quantity(conversation: Conversation) -> Iterator[None]:
    """`quantity`."""
    yield from members(conversation, "Status", "data.quantity", is_positive, "a number above 0")


@check("SKY-STAT-07")
def a_status_says_how_much_is_filled(conversation: Conversation) -> Iterator[None]:
    """`filled`."""
    yield from members(conversation, "Status", "data.filled", is_not_negative, "a number of at least 0")


@check("SKY-STAT-08")
def a_status_says_how_much_remains(conversation: Conversation) -> Iterator[None]:
    """`remaining`."""
    yield from members(conversation, "Status", "data.remaining", is_not_negative, "a number of at least 0")


@check("SKY-STAT-09")
def a_status_has_an_average_price(conversation: Conversation) -> Iterator[None]:
    """`avg_fill_price`, which is there even when it is null."""
    for status in conversation.received("Status"):
        data = status.get("data")
        value = data.get("avg_fill_price", "absent") if isinstance(data, dict) else "absent"
        yield expect(value is None or is_positive(value), "avg_fill_price to be a number above 0 or null", status)


# One Status by itself -------------------------------------------------------------------------------


@check("SKY-STAT-10")
def filled_and_remaining_add_up(conversation: Conversation) -> Iterator[None]:
    """Orders that ended early are left out: what then remains has several readings."""
    for status in conversation.received("Status"):
        found = numbers(status, "data.filled", "data.remaining", "data.quantity")
        if found is not None and field_of(status, "data.status") not in FINAL[1:]:
            filled, remaining, quantity = found
            yield expect(filled + remaining == quantity, f"filled + remaining to be {quantity:g}", status)


@check("SKY-STAT-11")
def nothing_filled_has_no_average(conversation: Conversation) -> Iterator[None]:
    """0 and null go together."""
    for status in conversation.received("Status"):
        if number(status, "data.filled") == 0:
            yield expect(field_of(status, "data.avg_fill_price") is None, "avg_fill_price to be null", status)


@check("SKY-STAT-12")
def something_filled_has_an_average(conversation: Conversation) -> Iterator[None]:
    """More than 0 has a price."""
    for status in conversation.received("Status"):
        if (number(status, "data.filled") or 0) > 0:
            yield expect(is_number(field_of(status, "data.avg_fill_price")), "avg_fill_price to be a number", status)


@check("SKY-STAT-13")
def an_acknowledged_order_is_not_filled(conversation: Conversation) -> Iterator[None]:
    """`acknowledged` comes before any fill."""
    for status in statuses(conversation, "acknowledged"):
        yield expect(number(status, "data.filled") in (0, None), "filled to be 0 when acknowledged", status)


@check("SKY-STAT-14")
def a_partial_fill_is_partial(conversation: Conversation) -> Iterator[None]:
    """Between nothing and everything."""
    for status in statuses(conversation, "partial_fill"):
        found = numbers(status, "data.filled", "data.quantity")
        if found is not None:
            yield expect(0 < found[0] < found[1], f"filled between 0 and {found[1]:g}", status)


@check("SKY-STAT-15")
def a_filled_order_is_filled(conversation: Conversation) -> Iterator[None]:
    """Everything, and nothing left."""
    for status in statuses(conversation, "filled"):
        found = numbers(status, "data.filled", "data.quantity", "data.remaining")
        if found is not None:
            filled, quantity, remaining = found
            yield expect(filled == quantity and remaining == 0, "all of the quantity filled, 0 remaining", status)


# The course of an order -----------------------------------------------------------------------------


@check("SKY-STAT-16")
def filled_never_falls(conversation: Conversation) -> Iterator[None]:
    """What is bought is bought."""
    for before, after in changes(conversation):
        had, has = number(before, "data.filled"), number(after, "data.filled")
        if had is not None and has is not None:
            yield expect(has >= had, f"filled of at least {had:g}", after)


@check("SKY-STAT-17")
def no_acknowledgement_follows_a_fill(conversation: Conversation) -> Iterator[None]:
    """First acknowledged, then filled."""
    for course in courses(conversation):
        begun = [i for i, status in enumerate(course) if (number(status, "data.filled") or 0) > 0]
        late = [s for s in course[begun[0] :] if field_of(s, "data.status") == "acknowledged"] if begun else []
        if begun:
            wanted = "no acknowledgement of an order that has begun to fill"
            yield expect(not late, wanted, late[0] if late else None)


@check("SKY-STAT-18")
def the_final_status_is_final(conversation: Conversation) -> Iterator[None]:
    """The same Status may come again: a repeated Approve is answered by it."""
    for course in courses(conversation):
        ends = [i for i, status in enumerate(course) if field_of(status, "data.status") in FINAL]
        for later in course[ends[0] :] if ends else ():
            yield expect(same_status(course[ends[0]], later), "no change after the final Status", later)


def _constant(conversation: Conversation, *names: str) -> Iterator[None]:
    for before, after in changes(conversation):
        for name in names:
            was = field_of(before, f"data.{name}")
            if was is not None:
                yield expect(field_of(after, f"data.{name}") == was, f"{name} to stay {was}", after)


@check("SKY-STAT-19")
def symbol_and_side_stay(conversation: Conversation) -> Iterator[None]:
    """An order is for one thing."""
    yield from _constant(conversation, "symbol", "side")


@check("SKY-STAT-20")
def the_quantity_stays(conversation: Conversation) -> Iterator[None]:
    """`quantity` is what was ordered, whatever is filled."""
    yield from _constant(conversation, "quantity")


@check("SKY-STAT-21")
def the_clients_name_of_the_order_stays(conversation: Conversation) -> Iterator[None]:
    """`client_order_id`."""
    yield from _constant(conversation, "client_order_id")


# What each kind of Status adds ----------------------------------------------------------------------


def _of_kind(
    conversation: Conversation, word: str, path: str, good: Callable[[Any], bool], wanted: str
) -> Iterator[None]:
    for status in statuses(conversation, word):
        yield expect(good(field_of(status, path)), f"{path} of the Status {word} to be {wanted}", around(status, path))


@check("SKY-STAT-22")
def an_acknowledgement_has_its_times(conversation: Conversation) -> Iterator[None]:
    """`timestamps`."""
    for name in ("created", "acknowledged"):
        path = f"data.timestamps.{name}"
        yield from _of_kind(conversation, "acknowledged", path, is_timestamp, "an RFC 3339 timestamp")


@check("SKY-STAT-23")
def an_order_is_created_before_it_is_acknowledged(conversation: Conversation) -> Iterator[None]:
    """Both are of the server's clock."""
    for status in statuses(conversation, "acknowledged"):
        created = moment(field_of(status, "data.timestamps.created"))
        acknowledged = moment(field_of(status, "data.timestamps.acknowledged"))
        if created is not None and acknowledged is not None:
            yield expect(created <= acknowledged, "created not after acknowledged", status["data"]["timestamps"])


@check("SKY-STAT-24")
def a_partial_fill_has_its_last_fill(conversation: Conversation) -> Iterator[None]:
    """`last_fill`."""
    for name in ("quantity", "price"):
        yield from _of_kind(conversation, "partial_fill", f"data.last_fill.{name}", is_positive, "a number above 0")
    path = "data.last_fill.timestamp"
    yield from _of_kind(conversation, "partial_fill", path, is_timestamp, "an RFC 3339 timestamp")


def _fills(conversation: Conversation) -> Iterator[tuple[Message, list[float]]]:
    """Each fill that a Status tells of: filled before, now, and the quantity of the last fill. Orders begin with 0."""
    for course in courses(conversation):
        had: float | None = 0.0
        for status in course:
            found = numbers(status, "data.filled", "data.last_fill.quantity")
            if had is not None and found is not None and found[0] > had:
                yield status, [had, *found]
            had = number(status, "data.filled")


@check("SKY-STAT-25")
def filled_grows_by_the_last_fill(conversation: Conversation) -> Iterator[None]:
    """By more, where one Status reports several fills."""
    for status, (had, has, last) in _fills(conversation):
        wanted = f"filled to grow from {had:g} by the last fill, {last:g}, not to {has:g}"
        yield expect(has - had >= last, wanted, status)


@check("SKY-STAT-26")
def the_average_is_that_of_the_fills(conversation: Conversation) -> Iterator[None]:
    """Judged where every fill is known; the final Status does not tell its last one."""
    averages: dict[Any, float] = {}
    for status, (had, has, last) in _fills(conversation):
        order_id = field_of(status, "data.order_id")
        price, average = number(status, "data.last_fill.price"), number(status, "data.avg_fill_price")
        if price is None or average is None or has - had != last or (had > 0 and order_id not in averages):
            continue
        wanted = (had * averages.get(order_id, 0.0) + last * price) / has
        yield expect(abs(average - wanted) <= AVERAGE, f"avg_fill_price to be {wanted:.4f}", status)
        averages[order_id] = average


@check("SKY-STAT-27")
def a_filled_order_has_its_commission(conversation: Conversation) -> Iterator[None]:
    """`total_commission`."""
    yield from _of_kind(conversation, "filled", "data.total_commission", is_not_negative, "a number of at least 0")


@check("SKY-STAT-28")
def a_filled_order_has_its_fees(conversation: Conversation) -> Iterator[None]:
    """`total_fees`."""
    yield from _of_kind(conversation, "filled", "data.total_fees", is_not_negative, "a number of at least 0")


@check("SKY-STAT-29")
def a_filled_order_has_its_net_amount(conversation: Conversation) -> Iterator[None]:
    """`net_amount`."""
    yield from _of_kind(conversation, "filled", "data.net_amount", is_number, "a number")


@check("SKY-STAT-30")
def the_net_amount_adds_up(conversation: Conversation) -> Iterator[None]:
    """200 x 225.095 + 1.00 + 0.47 = 45020.47. What a sale brings is left open, so purchases only."""
    names = ("filled", "avg_fill_price", "total_commission", "total_fees", "net_amount")
    for status in statuses(conversation, "filled"):
        found = numbers(status, *(f"data.{name}" for name in names))
        if found is not None and field_of(status, "data.side") == "buy":
            filled, average, commission, fees, net = found
            wanted = filled * average + commission + fees
            tolerance = CENT + filled * AVERAGE / 2  # The average may be rounded to three decimals.
            yield expect(abs(net - wanted) <= tolerance, f"net_amount to be {wanted:.2f}", status)


# What takes a trade to see --------------------------------------------------------------------------


@check("SKY-STAT-15", lasts_s=20)
async def an_order_in_parts_is_filled_in_the_end(trader: SkybitPeer, lab: SkybitLab) -> None:
    """The quantity of the spec's sample, at a price that the market takes. Much else is judged on what it brings."""
    with given("an order that the market fills"):
        status = await trader.execution(await trader.marketable(PARTS))
    expect(field_of(status, "data.filled") == field_of(status, "data.quantity"), "all of it filled in the end", status)


@check("SKY-STAT-31", lasts_s=8)
async def an_order_far_from_the_market_rests(trader: SkybitPeer, lab: SkybitLab) -> None:
    """Five dollars buy nothing."""
    with given("an order"):
        order_id = field_of(await trader.order(), "data.order_id")
    await trader.pause(REST_S)
    filled = [s for s in trader.conversation.received("Status") if (number(s, "data.filled") or 0) > 0]
    expect(not filled, f"nothing filled of the order {order_id}, far below the market", filled[0] if filled else None)


@check("SKY-STAT-32", lasts_s=8)
async def one_share_is_filled_at_once(trader: SkybitPeer, lab: SkybitLab) -> None:
    """One share has no parts."""
    with given("an order for one share that the market fills"):
        status = await trader.order(await trader.marketable(1))
        if field_of(status, "data.status") not in ("partial_fill", "filled"):
            order_id = field_of(status, "data.order_id")
            status = await trader.status(order_id, "partial_fill", "filled", within_s=FILL_S)
    expect(field_of(status, "data.status") == "filled", "no partial_fill of one share", status)


@check("SKY-STAT-33")
async def an_order_is_told_to_its_user_only(lab: SkybitLab) -> None:
    """Another user hears nothing of it, even one who asks for all orders."""
    tokens = await lab.borrow(2)
    with given("an order, and another user who listens"):
        other = await lab.trader(tokens[1])
        await other.say("Subscribe", channels=[{"type": "orders", "all": True}])
        trader = await lab.trader(tokens[0])
        order_id = field_of(await trader.order(), "data.order_id")
    await other.pause(lab.profile.quiet_s)
    heard = [s for s in other.conversation.received("Status") if field_of(s, "data.order_id") == order_id]
    expect(not heard, "no Status of another user's order", heard[0] if heard else None)


@check("SKY-STAT-34")
async def an_order_that_rests_is_acknowledged(trader: SkybitPeer) -> None:
    """The word is that of the sample."""
    with given("an order"):
        status = await trader.order()
    if field_of(status, "data.status") != "acknowledged":
        status = await trader.status(field_of(status, "data.order_id"), "acknowledged")
    expect(field_of(status, "data.status") == "acknowledged", "the Status acknowledged", status)
