"""What a scenario's script makes a session say, with the world following it, so that the books still balance."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from harness.core.message import Message, merged
from harness.protocols.skybit.account import Account, Preview
from harness.protocols.skybit.chat import OrderIntent, parse
from harness.protocols.skybit.credentials import SAMPLE_USER, user_of
from harness.protocols.skybit.errors import Refusal
from harness.protocols.skybit.matching import reference_price
from harness.protocols.skybit.money import exact
from harness.protocols.skybit.orders import Fill, Order, modified

if TYPE_CHECKING:
    from harness.protocols.skybit.session import SkybitSession

# The order of the samples: what a script speaks of where no order was placed.
SAMPLE_ORDER = OrderIntent("buy", 200, "AAPL", "limit", Decimal("225.10"), None, "day")


def message(
    session: SkybitSession, name: str, variant: str | None, changes: Message, trigger: Message | None, now: float
) -> Message:
    """The example in a fresh envelope, made true where the world knows better, with `changes`.

    Refusal when the trigger asks for what no order can have.
    """
    examples = session.context.examples[name]
    example = examples[next(iter(examples)) if variant is None else variant]["data"]
    data = {**example, **_truth(session, name, example, changes, trigger, now)}
    result = merged(session.enveloped(name, data, now), changes)
    if name == "Preview" and session.account is not None:
        _rename_preview(session.own, data["preview_id"], result["data"].get("preview_id"))
    return result


def _truth(
    session: SkybitSession, name: str, example: Message, changes: Message, trigger: Message | None, now: float
) -> Message:
    """The fields that the example cannot know."""
    kind = trigger["type"] if trigger else None
    match name:
        case "Auth":
            return _auth(session, trigger if kind == "Auth" else None, now)
        case "Error":
            return _error(session, example, trigger)
        case "Heartbeat":
            client_ts = trigger["data"]["client_ts"] if trigger and kind == "Heartbeat" else session.world.ts(now)
            return session.heartbeat_data(client_ts, now)
        case "MarketData":
            symbol = str(changes.get("data.symbol", example["symbol"]))
            known = symbol in session.world.market.listings
            return session.quote_data(session.world.market.quote(symbol, now)) if known else {}
    if session.account is None:
        return {}
    if name == "Status":
        return _status(session, session.own, example["status"], merged({}, changes).get("data", {}), trigger, now)
    terms = _order_in(trigger, session)
    if name == "Plan":
        return session.order_plan(terms, now) if terms else {}
    return session.order_preview(terms or SAMPLE_ORDER, now)


def _auth(session: SkybitSession, trigger: Message | None, now: float) -> Message:
    """A scripted confirmation admits the client, whatever its token; one that nobody asked for changes nothing."""
    user = session.account.user if session.account else SAMPLE_USER
    if trigger is not None:
        with contextlib.suppress(Refusal):
            user = user_of(trigger["data"]["token"], accept_any=True)
        session.admit(user, trigger["session"], now)
    return session.confirmation(user)


def _error(session: SkybitSession, example: Message, trigger: Message | None) -> Message:
    """A scripted Error answers its trigger; one that says so ends the session."""
    if example["code"] == "SESSION_EXPIRED":
        session.expire()
    return {"request_id": trigger["id"] if trigger else None}


def _order_in(trigger: Message | None, session: SkybitSession) -> OrderIntent | None:
    """The order that a Chat asks for, if it is one."""
    if trigger is None or trigger["type"] != "Chat":
        return None
    intent = parse(trigger["data"]["text"], session.world.market.names)
    return intent if isinstance(intent, OrderIntent) else None


def _rename_preview(account: Account, old: str, new: Any) -> None:
    """A script that gives a preview an id of its own can have it approved by that id."""
    if isinstance(new, str) and new != old:
        account.previews[new] = replace(account.previews.pop(old), id=new)


def _status(
    session: SkybitSession, account: Account, status: str, said: Message, trigger: Message | None, now: float
) -> Message:
    """Move the order as the script says, and tell how it stands then."""
    order = _order_of(session, account, trigger, now)
    session.world.hand_to_script(order)
    if order.is_open:
        _move(session, account, order, status, said, now)
        session.world.report(account, order, now, scripted=True)
    return order.status_data(session.world.ts, status)


def _order_of(session: SkybitSession, account: Account, trigger: Message | None, now: float) -> Order:
    """The order that an Approve places, that a Cancel names, or else the newest of this connection."""
    if trigger is not None and trigger["type"] == "Approve":
        return _placed(session, account, trigger, now)
    if trigger is not None and trigger["type"] == "Cancel" and trigger["data"].get("order_id") in account.orders:
        return account.orders[trigger["data"]["order_id"]]
    newest = next((o for o in reversed(account.orders.values()) if o.origin in session.own_ids), None)
    return newest or session.world.place(account, SAMPLE_ORDER, session.id, None, now)


def _placed(session: SkybitSession, account: Account, approve: Message, now: float) -> Order:
    """The order of this Approve: placed the first time, whatever has become of the preview."""
    placed = next((o for o in account.orders.values() if o.approve is approve), None)
    if placed is not None:
        return placed
    data = approve["data"]
    known = account.remembered(data.get("idem_key"), now, session.rules.idempotency_s)
    if known is not None:
        return known
    preview = account.previews.get(data["preview_id"]) or Preview(data["preview_id"], SAMPLE_ORDER, now)
    return session.place(preview, modified(preview.terms, data.get("modifications") or {}), approve, now)


def _move(session: SkybitSession, account: Account, order: Order, status: str, said: Message, now: float) -> None:
    """Bring an open order to `status`, executing what that takes."""
    match status:
        case "acknowledged":
            if order.status == "pending":
                order.acknowledge(now)
        case "partial_fill" | "filled":
            quantity = order.remaining if status == "filled" else _part(order, said, session.world.facts.liquidity)
            if quantity > 0:
                account.book(order, Fill(quantity, _price(session, order, said, now), now))
        case "cancelled":
            order.cancel(now)
        case _:
            order.status = status


def _part(order: Order, said: Message, liquidity: int) -> int:
    """How many shares a partial fill executes: up to `filled`, or `last_fill.quantity`, or what a quote gives."""
    filled, last = said.get("filled"), _last_fill(said).get("quantity")
    if isinstance(filled, int):
        return min(filled - order.filled, order.remaining)
    if isinstance(last, int):
        return min(last, order.remaining)
    # It shall remain partial, as far as the order can be parted.
    return min(liquidity, order.remaining - 1) or order.remaining


def _price(session: SkybitSession, order: Order, said: Message, now: float) -> Decimal:
    """The price of a scripted execution: as it says, else the order's own, else the quote's."""
    price = _last_fill(said).get("price")
    if isinstance(price, int | float) and price > 0:
        return exact(price)
    return reference_price(order.terms, session.world.market.quote(order.terms.symbol, now))


def _last_fill(said: Message) -> Message:
    last = said.get("last_fill")
    return last if isinstance(last, dict) else {}
