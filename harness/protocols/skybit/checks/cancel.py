"""Cancel: of a Preview, of an order, of all orders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.conformance.check import check, expect, given
from harness.core.conversation import Conversation
from harness.core.message import Message, field_of
from harness.protocols.skybit.checks.trades import CANCELLED, number, numbers, statuses
from harness.protocols.skybit.lab import FILL_S, PARTS, SkybitLab, SkybitPeer

UNKNOWN_ORDER = "ord-0-unknown"


async def _refusal(peer: SkybitPeer, **data: Any) -> Message:
    """The Error that answers a Cancel; a Status that says cancelled, if that comes instead."""
    request = await peer.say("Cancel", **data)

    def fits(message: Message) -> bool:
        if message["type"] == "Error":
            return bool(field_of(message, "data.request_id") == request["id"])
        return field_of(message, "data.status") in CANCELLED

    return await peer.receive("Error", "Status", where=fits)


async def _resting(peer: SkybitPeer) -> Any:
    """The id of a new order that rests."""
    with given("an order at rest"):
        return field_of(await peer.order(), "data.order_id")


def _cancelled(conversation: Conversation) -> set[Any]:
    return {field_of(status, "data.order_id") for status in statuses(conversation, *CANCELLED)}


@check("SKY-CANC-01")
async def a_cancelled_preview_cannot_be_approved(trader: SkybitPeer) -> None:
    """A Cancel of a Preview has no answer of its own."""
    with given("a Preview"):
        preview = await trader.obtain_preview()
    await trader.say("Cancel", target="preview", preview_id=field_of(preview, "data.preview_id"))
    reply = await trader.approve(preview)
    expect(reply["type"] == "Error", "an Error about a cancelled Preview", reply)


@check("SKY-CANC-02")
async def other_previews_stay(trader: SkybitPeer) -> None:
    """The second of two Previews outlives the first."""
    with given("two Previews"):
        first, second = await trader.obtain_preview(), await trader.obtain_preview()
    await trader.say("Cancel", target="preview", preview_id=field_of(first, "data.preview_id"))
    reply = await trader.approve(second)
    expect(reply["type"] == "Status", "a Status of the Preview that was not cancelled", reply)


@check("SKY-CANC-03")
async def a_cancelled_order_is_reported(trader: SkybitPeer) -> None:
    """Either spelling."""
    order_id = await _resting(trader)
    await trader.say("Cancel", target="order", order_id=order_id)
    status = await trader.status(order_id, *CANCELLED)
    expect(field_of(status, "data.order_id") == order_id, "a Status cancelled of the order", status)


@check("SKY-CANC-04")
def a_cancelled_order_keeps_its_books(conversation: Conversation) -> Iterator[None]:
    """What remains is the rest, or 0 because nothing more is wanted."""
    for status in statuses(conversation, *CANCELLED):
        found = numbers(status, "data.filled", "data.remaining", "data.quantity")
        if found is not None:
            filled, remaining, quantity = found
            good = filled < quantity and remaining in (quantity - filled, 0)
            yield expect(good, f"remaining to be {quantity - filled:g} or 0, and not all filled", status)


@check("SKY-CANC-04", lasts_s=10)
async def what_was_filled_stays_filled(trader: SkybitPeer) -> None:
    """Cancel an order as soon as a part of it is filled; the market may be faster."""
    with given("an order that is filled in part and then cancelled"):
        status = await trader.order(await trader.marketable(PARTS))
        order_id = field_of(status, "data.order_id")
        if not number(status, "data.filled"):
            await trader.status(order_id, "partial_fill", within_s=FILL_S)
        await trader.say("Cancel", target="order", order_id=order_id)
        status = await trader.status(order_id, *CANCELLED)
    filled = [number(s, "data.filled") or 0.0 for s in trader.conversation.received("Status")]
    expect(number(status, "data.filled") == max(filled), f"filled to stay {max(filled):g}", status)


@check("SKY-CANC-05")
async def other_orders_stay(trader: SkybitPeer, lab: SkybitLab) -> None:
    """One of two."""
    first, second = await _resting(trader), await _resting(trader)
    with given("a cancelled order"):
        await trader.say("Cancel", target="order", order_id=first)
        await trader.status(first, *CANCELLED)
    await trader.pause(lab.profile.quiet_s)
    gone = _cancelled(trader.conversation)
    expect(second not in gone, f"the order {second} left as it was", gone)


@check("SKY-CANC-06")
async def all_orders_are_cancelled(trader: SkybitPeer) -> None:
    """Both of two."""
    order_ids = [await _resting(trader), await _resting(trader)]
    await trader.say("Cancel", target="all_orders")
    for order_id in order_ids:
        status = await trader.status(order_id, *CANCELLED)
        expect(field_of(status, "data.order_id") == order_id, "a Status cancelled of each order", status)


@check("SKY-CANC-07")
async def orders_of_others_stay(lab: SkybitLab) -> None:
    """All orders are all of one user."""
    tokens = await lab.borrow(2)
    with given("two traders"):
        trader, other = await lab.trader(tokens[0]), await lab.trader(tokens[1])
    theirs, own = await _resting(other), await _resting(trader)
    with given("the Cancel of all orders"):
        await trader.say("Cancel", target="all_orders")
        await trader.status(own, *CANCELLED)
    await other.pause(lab.profile.quiet_s)
    gone = _cancelled(other.conversation)
    expect(theirs not in gone, f"the other user's order {theirs} left as it was", gone)


@check("SKY-CANC-08")
async def an_unknown_order_is_refused(trader: SkybitPeer) -> None:
    """An Error with the request's id; any code."""
    reply = await _refusal(trader, target="order", order_id=UNKNOWN_ORDER)
    expect(reply["type"] == "Error", "an Error about an unknown order", reply)


@check("SKY-CANC-09", lasts_s=8)
async def a_finished_order_is_refused(trader: SkybitPeer) -> None:
    """What is filled cannot be cancelled; any code."""
    with given("a filled order"):
        order_id = field_of(await trader.execution(await trader.marketable(1)), "data.order_id")
    reply = await _refusal(trader, target="order", order_id=order_id)
    expect(reply["type"] == "Error", "an Error about a filled order", reply)


@check("SKY-CANC-10")
async def an_order_is_cancelled_by_its_own_user(lab: SkybitLab) -> None:
    """To another user it is unknown."""
    tokens = await lab.borrow(2)
    with given("two traders"):
        trader, other = await lab.trader(tokens[0]), await lab.trader(tokens[1])
    order_id = await _resting(trader)
    await other.say("Cancel", target="order", order_id=order_id)
    await trader.pause(lab.profile.quiet_s)
    gone = _cancelled(trader.conversation) | _cancelled(other.conversation)
    expect(order_id not in gone, f"the order {order_id} left as it was", gone)


@check("SKY-CANC-11")
async def an_unknown_target_is_refused(trader: SkybitPeer) -> None:
    """An Error with the request's id."""
    reply = await _refusal(trader, target="everything")
    expect(reply["type"] == "Error", "an Error about an unknown target", reply)


@check("SKY-CANC-12")
async def a_cancel_of_no_preview_is_refused(trader: SkybitPeer) -> None:
    """An Error with the request's id."""
    reply = await _refusal(trader, target="preview")
    expect(reply["type"] == "Error", "an Error about the missing preview_id", reply)


@check("SKY-CANC-13")
async def a_cancel_of_no_order_is_refused(trader: SkybitPeer) -> None:
    """An Error with the request's id."""
    reply = await _refusal(trader, target="order")
    expect(reply["type"] == "Error", "an Error about the missing order_id", reply)
