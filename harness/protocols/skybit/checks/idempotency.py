"""Idempotency: an order is not duplicated, however often its approval is sent.

Only `data.idem_key` is tested as the key, and it varies together with client_order_id, since the spec leaves open
which of the two decides; one check is about that very point.
"""

from __future__ import annotations

from typing import Any

from harness.conformance.check import check, expect, given
from harness.core.message import Message, field_of, uuid4
from harness.protocols.skybit.checks.trades import is_text, order_ids
from harness.protocols.skybit.lab import SkybitLab, SkybitPeer, unless_closed

LATER_S = 61.0


def _names(lab: SkybitLab) -> dict[str, str]:
    """A client_order_id and a key that nobody has used."""
    unique = uuid4(lab.chance)
    return {"client_order_id": f"cli-{unique}", "idem_key": f"idem-{unique}"}


async def _ordered(trader: SkybitPeer, names: dict[str, str]) -> tuple[Message, Any]:
    """An approved Preview and the id of its order, once there is no more news of it: it rests."""
    with given("an order"):
        preview = await trader.obtain_preview()
        status = await trader.approve(preview, **names)
        expect(status["type"] == "Status", "a Status of the order", status)
    await trader.pause(trader.lab.profile.quiet_s)
    return preview, field_of(status, "data.order_id")


@check("SKY-IDEM-01")
async def the_clients_name_of_the_order_comes_back(trader: SkybitPeer, lab: SkybitLab) -> None:
    """`client_order_id`."""
    names = _names(lab)
    with given("an order"):
        status = await trader.order(**names)
    wanted = names["client_order_id"]
    expect(field_of(status, "data.client_order_id") == wanted, f"client_order_id to be {wanted}", status)


@check("SKY-IDEM-02")
async def a_repetition_is_answered_by_the_original(trader: SkybitPeer, lab: SkybitLab) -> None:
    """The same order_id, in whatever state it is."""
    names = _names(lab)
    preview, order_id = await _ordered(trader, names)
    reply = await trader.approve(preview, repeat_of=order_id, **names)
    expect(field_of(reply, "data.order_id") == order_id, f"a Status of the order {order_id}", reply)


@check("SKY-IDEM-03")
async def a_repetition_places_no_second_order(trader: SkybitPeer, lab: SkybitLab) -> None:
    """Sent three times in all."""
    names = _names(lab)
    preview, order_id = await _ordered(trader, names)
    for _ in range(2):
        with given("an answer to the repetition"):
            await trader.approve(preview, repeat_of=order_id, **names)
    await trader.pause(2 * lab.profile.quiet_s)
    found = order_ids(trader.conversation)
    expect(found == {order_id}, f"no order but {order_id}", sorted(map(str, found)))


@check("SKY-IDEM-04")
async def two_approvals_at_once_place_one_order(trader: SkybitPeer, lab: SkybitLab) -> None:
    """The second does not wait for the answer to the first."""
    with given("a Preview"):
        preview = await trader.obtain_preview()
    terms = {"preview_id": field_of(preview, "data.preview_id"), **_names(lab)}
    for _ in range(2):
        await trader.say("Approve", **terms)
    with given("an order"):
        await trader.receive("Status")
    await trader.pause(lab.profile.quiet_s)
    found = order_ids(trader.conversation)
    expect(len(found) == 1, "one order", sorted(map(str, found)))


@check("SKY-IDEM-05")
async def a_repetition_over_a_new_connection_is_recognised(trader: SkybitPeer, lab: SkybitLab) -> None:
    """The same user comes back and is not sure whether the order went out."""
    names = _names(lab)
    preview, order_id = await _ordered(trader, names)
    await trader.close()
    with given("a new connection"):
        again = await lab.trader()
    reply = await again.approve(preview, repeat_of=order_id, **names)
    expect(field_of(reply, "data.order_id") == order_id, f"a Status of the order {order_id}", reply)


@check("SKY-IDEM-06", lasts_s=70)
async def a_repetition_is_recognised_a_minute_later(trader: SkybitPeer, lab: SkybitLab) -> None:
    """A day is promised; a minute is what a run can wait for."""
    names = _names(lab)
    preview, order_id = await _ordered(trader, names)
    await trader.stay(LATER_S)
    reply = await trader.approve(preview, repeat_of=order_id, **names)
    expect(field_of(reply, "data.order_id") == order_id, f"a Status of the order {order_id}", reply)


@check("SKY-IDEM-08")
async def the_key_alone_decides(trader: SkybitPeer, lab: SkybitLab) -> None:
    """Another Preview and client_order_id under the same key: the original order, or an Error."""
    names = _names(lab)
    _, order_id = await _ordered(trader, names)
    with given("another Preview"):
        preview = await trader.obtain_preview()
    changed = {**names, "client_order_id": _names(lab)["client_order_id"]}
    reply = await trader.approve(preview, repeat_of=order_id, **changed)
    good = reply["type"] == "Error" or field_of(reply, "data.order_id") == order_id
    expect(good, f"a Status of the order {order_id}, or an Error", reply)


@check("SKY-IDEM-09")
async def other_keys_place_other_orders(trader: SkybitPeer, lab: SkybitLab) -> None:
    """The same words twice are two orders, if they are approved under two keys."""
    _, first = await _ordered(trader, _names(lab))
    with given("another Preview"):
        preview = await trader.obtain_preview()
    reply = await trader.approve(preview, repeat_of=first, **_names(lab))
    good = reply["type"] == "Status" and field_of(reply, "data.order_id") != first
    expect(good, f"a Status of a second order beside {first}", reply)


@check("SKY-IDEM-10")
async def an_approve_without_names_is_carried_out(trader: SkybitPeer, lab: SkybitLab) -> None:
    """As in the first sample of an Approve; the server names the order itself."""
    with given("a Preview"):
        preview = await trader.obtain_preview()
    preview_id = field_of(preview, "data.preview_id")
    reply = unless_closed(await trader.ask("Approve", "Status", preview_id=preview_id, modifications=None))
    expect(reply["type"] == "Status", "a Status of the order", reply)
    expect(is_text(field_of(reply, "data.client_order_id")), "a client_order_id made by the server", reply)
