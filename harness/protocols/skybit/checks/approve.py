"""Approve: from a Preview to an order."""

from __future__ import annotations

from collections.abc import Iterator

from harness.conformance.check import Unobserved, check, expect, given
from harness.core.conversation import Conversation
from harness.core.message import field_of
from harness.protocols.skybit.checks.trades import AVERAGE, is_number, moment, number, order_ids, placed, the_order
from harness.protocols.skybit.lab import SkybitLab, SkybitPeer

UNKNOWN_PREVIEW = "prev-0-unknown"
FILL_S = 5.0  # Within this time the market would fill what it can.
LIFE_S = 100.0  # A Preview that lives longer is not waited for.
EARLY_S = 5.0  # Before the announced end of a Preview, with room for the time that its own exchange takes.
MARGIN_S = 2.0


@check("SKY-APPR-01")
async def an_approved_preview_becomes_an_order(trader: SkybitPeer) -> None:
    """Approve, Status."""
    with given("a Preview"):
        preview = await trader.obtain_preview()
    reply = await trader.approve(preview)
    expect(reply["type"] == "Status", "a Status of the approved order", reply)


@check("SKY-APPR-01")
async def an_approved_market_order_becomes_an_order(trader: SkybitPeer, lab: SkybitLab) -> None:
    """As a limit order does."""
    with given("a Preview of a market order"):
        preview = await trader.obtain_preview(lab.marketable_order)
    reply = await trader.approve(preview)
    expect(reply["type"] == "Status", "a Status of the approved market order", reply)


def _agreed(conversation: Conversation, name: str) -> Iterator[None]:
    """Each Status has the member `name` that was agreed on."""
    for order in placed(conversation):
        wanted = order.terms.get(name)
        for status in order.statuses if wanted is not None else ():
            yield expect(field_of(status, f"data.{name}") == wanted, f"{name} of the order to be {wanted}", status)


@check("SKY-APPR-02")
def the_order_has_the_previewed_symbol(conversation: Conversation) -> Iterator[None]:
    """`symbol`."""
    yield from _agreed(conversation, "symbol")


@check("SKY-APPR-03")
def the_order_has_the_previewed_side(conversation: Conversation) -> Iterator[None]:
    """`side`."""
    yield from _agreed(conversation, "side")


@check("SKY-APPR-04")
def the_order_has_the_agreed_quantity(conversation: Conversation) -> Iterator[None]:
    """`quantity`, modifications included."""
    yield from _agreed(conversation, "quantity")


@check("SKY-APPR-05")
async def null_modifications_modify_nothing(trader: SkybitPeer, lab: SkybitLab) -> None:
    """As in the sample of the spec."""
    with given("a Preview"):
        preview = await trader.obtain_preview(f"Buy 3 shares of {lab.symbol} at limit 5.00, good for the day")
    quantity = (the_order(preview) or {}).get("quantity")
    reply = await trader.approve(preview, modifications=None)
    good = reply["type"] == "Status" and field_of(reply, "data.quantity") == quantity
    expect(good, f"a Status of the order as previewed, for {quantity} shares", reply)


@check("SKY-APPR-06")
async def a_modified_quantity_is_taken_over(trader: SkybitPeer, lab: SkybitLab) -> None:
    """3 become 2."""
    with given("a Preview"):
        preview = await trader.obtain_preview(f"Buy 3 shares of {lab.symbol} at limit 5.00, good for the day")
    reply = await trader.approve(preview, modifications={"quantity": 2})
    expect(field_of(reply, "data.quantity") == 2, "a Status of the order as modified, for 2 shares", reply)


@check("SKY-APPR-07", lasts_s=8)
async def a_modified_limit_is_taken_over(trader: SkybitPeer, lab: SkybitLab) -> None:
    """A limit that the market fills becomes one that it does not."""
    with given("a Preview of an order that the market would fill"):
        preview = await trader.obtain_preview(await trader.marketable(2))
    reply = await trader.approve(preview, modifications={"limit_price": 5.00})
    expect(reply["type"] == "Status", "a Status of the order as modified", reply)
    await trader.pause(FILL_S)
    dear = [s for s in trader.conversation.received("Status") if (number(s, "data.avg_fill_price") or 0) > 5 + AVERAGE]
    expect(not dear, "no fill above the modified limit of 5.00", dear[0] if dear else None)


@check("SKY-APPR-08")
def no_purchase_is_filled_above_its_limit(conversation: Conversation) -> Iterator[None]:
    """Neither the average nor the last fill."""
    for order in placed(conversation):
        limit = order.terms.get("limit_price")
        if order.terms.get("order_type") != "limit" or order.terms.get("side") != "buy" or not is_number(limit):
            continue
        for status in order.statuses:
            for path in ("data.avg_fill_price", "data.last_fill.price"):
                price = number(status, path)
                if price is not None and limit is not None:
                    yield expect(price <= limit + AVERAGE, f"{path} to be at most the limit, {limit}", status)


@check("SKY-APPR-09")
async def an_unknown_preview_is_refused(trader: SkybitPeer) -> None:
    """An Error with the request's id; any code."""
    reply = await trader.approve({"data": {"preview_id": UNKNOWN_PREVIEW}})
    expect(reply["type"] == "Error", "an Error about an unknown preview_id", reply)


@check("SKY-APPR-10")
async def an_unknown_preview_places_no_order(trader: SkybitPeer, lab: SkybitLab) -> None:
    """No Status of a new order. The Error shows that the server has dealt with it."""
    with given("an answer"):
        await trader.approve({"data": {"preview_id": UNKNOWN_PREVIEW}})
    await trader.pause(lab.profile.quiet_s)
    orders = trader.conversation.received("Status")
    expect(not orders, "no Status of an order without a Preview", orders[0] if orders else None)


@check("SKY-APPR-11")
async def a_preview_gives_one_order(trader: SkybitPeer, lab: SkybitLab) -> None:
    """Approved again under other names, it is refused, or answered by the order that there is."""
    with given("an order"):
        preview = await trader.obtain_preview()
        order_id = field_of(await trader.approve(preview), "data.order_id")
    reply = await trader.approve(preview, repeat_of=order_id)
    good = reply["type"] == "Error" or field_of(reply, "data.order_id") == order_id
    expect(good, f"an Error, or a Status of the order {order_id}", reply)
    await trader.pause(lab.profile.quiet_s)
    expect(order_ids(trader.conversation) == {order_id}, "one order of one Preview", order_ids(trader.conversation))


@check("SKY-APPR-12", lasts_s=70)
async def a_preview_expires_when_it_says(trader: SkybitPeer) -> None:
    """One of two Previews is approved shortly before its announced end, the other after it."""
    with given("two Previews"):
        first, second = await trader.obtain_preview(), await trader.obtain_preview()
    expires, sent = moment(field_of(second, "data.expires_at")), moment(second.get("ts"))
    if expires is None or sent is None or expires - sent > LIFE_S:
        raise Unobserved(f"the Preview announces no end within {LIFE_S:g} s")
    await trader.stay(expires - sent - EARLY_S)
    reply = await trader.approve(first)
    expect(reply["type"] == "Status", f"a Status of a Preview approved some {EARLY_S:g} s before it expires", reply)
    await trader.stay(EARLY_S + MARGIN_S)
    reply = await trader.approve(second)
    expect(reply["type"] == "Error", f"an Error about a Preview that expired at {second['data']['expires_at']}", reply)


@check("SKY-APPR-13")
async def a_preview_is_approved_by_its_own_user(lab: SkybitLab) -> None:
    """To another user it is unknown."""
    tokens = await lab.borrow(2)
    with given("a Preview, and another user"):
        preview = await (await lab.trader(tokens[0])).obtain_preview()
        other = await lab.trader(tokens[1])
    reply = await other.approve(preview)
    expect(reply["type"] == "Error", "an Error about another user's Preview", reply)


@check("SKY-APPR-14")
async def an_approve_without_preview_is_refused(trader: SkybitPeer) -> None:
    """An Error with the request's id."""
    request = await trader.say("Approve", modifications=None)
    reply = await trader.receive("Error", where=lambda m: field_of(m, "data.request_id") == request["id"])
    expect(reply["type"] == "Error", "an Error about the missing preview_id", reply)


@check("SKY-APPR-15")
async def an_order_for_nothing_is_refused(trader: SkybitPeer) -> None:
    """Quantity 0."""
    with given("a Preview"):
        preview = await trader.obtain_preview()
    reply = await trader.approve(preview, modifications={"quantity": 0})
    expect(reply["type"] == "Error", "an Error about an order for no shares", reply)


@check("SKY-APPR-16", lasts_s=20)
async def no_sale_is_filled_below_its_limit(trader: SkybitPeer, lab: SkybitLab) -> None:
    """Buy a share, and sell it at a limit that the market takes."""
    with given("a share that is sold"):
        await trader.execution(await trader.marketable(1))
        bid = field_of(await trader.obtain_preview(), "data.quote.bid")
        expect(is_number(bid), "data.quote.bid in a Preview", bid)
        limit = round(bid * 0.98, 2)
        text = f"Sell 1 share of {lab.symbol} at limit {limit:.2f}, good for the day"
        status = await trader.execution(text)
    price = number(status, "data.avg_fill_price")
    expect(price is not None and price >= limit - AVERAGE, f"avg_fill_price to be at least the limit, {limit}", status)


@check("SKY-APPR-17")
async def other_previews_stay_approvable(trader: SkybitPeer) -> None:
    """Two Previews at once, approved one after the other."""
    with given("two Previews, and an order of one of them"):
        first, second = await trader.obtain_preview(), await trader.obtain_preview()
        status = await trader.approve(first)
        expect(status["type"] == "Status", "a Status of the order", status)
    reply = await trader.approve(second)
    expect(reply["type"] == "Status", "a Status of a second order, of the other Preview", reply)
