"""Chat: orders in words, and what the server makes of them."""

from __future__ import annotations

from collections.abc import Iterator

from harness.conformance.check import Unobserved, check, expect, given
from harness.core.conversation import Conversation
from harness.core.message import field_of
from harness.protocols.skybit.checks.trades import AVERAGE, Request, is_number, requests, the_order
from harness.protocols.skybit.lab import SkybitLab, SkybitPeer

FAR_ABOVE = "5000.00"  # A limit at which nobody buys, so that an order to sell rests.


@check("SKY-CHAT-01")
async def an_order_in_words_gets_a_plan(trader: SkybitPeer, lab: SkybitLab) -> None:
    """Chat, Plan."""
    reply = await trader.chat(lab.resting_order, "Plan")
    expect(reply["type"] == "Plan", "a Plan in answer to an order", reply)


@check("SKY-CHAT-02")
async def an_order_in_words_gets_a_preview(trader: SkybitPeer, lab: SkybitLab) -> None:
    """Chat, Preview."""
    reply = await trader.chat(lab.resting_order, "Preview")
    expect(reply["type"] == "Preview", "a Preview in answer to an order", reply)


def _understood(conversation: Conversation, name: str, said: str) -> Iterator[None]:
    """The member `name` of each previewed order is what the words `said` (a member of Request)."""
    for request in requests(conversation):
        order = the_order(request.preview or {})
        if order is not None:
            wanted = getattr(request, said)
            yield expect(order.get(name) == wanted, f"{name} of the previewed order to be {wanted}", order)


@check("SKY-CHAT-03")
def the_side_is_understood(conversation: Conversation) -> Iterator[None]:
    """Buy is buy."""
    yield from _understood(conversation, "side", "side")


@check("SKY-CHAT-04")
def the_symbol_is_understood(conversation: Conversation) -> Iterator[None]:
    """AAPL is AAPL."""
    yield from _understood(conversation, "symbol", "symbol")


@check("SKY-CHAT-05")
def the_quantity_is_understood(conversation: Conversation) -> Iterator[None]:
    """200 shares are 200."""
    yield from _understood(conversation, "quantity", "quantity")


@check("SKY-CHAT-06")
def the_limit_is_understood(conversation: Conversation) -> Iterator[None]:
    """At limit 225.10 is a limit order of 225.10."""
    for request in requests(conversation):
        order = the_order(request.preview or {})
        if order is not None:
            expected = f"a limit order with limit_price {request.limit}"
            yield expect(order.get("order_type") == "limit" and _is_limit(order, request), expected, order)


def _is_limit(order: dict[str, object], request: Request) -> bool:
    price = order.get("limit_price")
    return isinstance(price, int | float) and is_number(price) and abs(price - request.limit) < AVERAGE


@check("SKY-CHAT-07")
def good_for_the_day_is_understood(conversation: Conversation) -> Iterator[None]:
    """Good for the day is `day`."""
    for request in requests(conversation):
        order = the_order(request.preview or {})
        if order is not None:
            yield expect(order.get("time_in_force") == "day", "time_in_force to be 'day'", order)


@check("SKY-CHAT-08")
async def a_sale_is_understood(trader: SkybitPeer, lab: SkybitLab) -> None:
    """Sell is sell. A server may refuse to sell what the account does not hold; then some is bought first."""
    text = f"Sell 1 share of {lab.symbol} at limit {FAR_ABOVE}, good for the day"
    reply = await trader.chat(text, "Preview")
    if reply["type"] == "Error":
        with given("something to sell"):
            await trader.execution(await trader.marketable(1))
        reply = await trader.chat(text, "Preview")
    if reply["type"] == "Error":
        raise Unobserved(f"the sale was refused: {field_of(reply, 'data.code')}")
    side = str((the_order(reply) or {}).get("side"))
    expect(side.startswith("sell"), "side of the previewed order to be 'sell'", reply)


@check("SKY-CHAT-09")
async def a_market_order_is_understood(trader: SkybitPeer, lab: SkybitLab) -> None:
    """At market is a market order."""
    reply = await trader.chat(lab.marketable_order, "Preview")
    expect(reply["type"] == "Preview", "a Preview of a market order", reply)
    order = the_order(reply) or {}
    expect(order.get("order_type") == "market", "order_type of the previewed order to be 'market'", order)


@check("SKY-CHAT-10")
async def other_words_mean_the_same_order(trader: SkybitPeer, lab: SkybitLab) -> None:
    """The same order, less formally."""
    reply = await trader.chat(f"Please buy 3 {lab.symbol} shares with a limit of 5.25, day order", "Preview")
    expect(reply["type"] == "Preview", "a Preview of the order", reply)
    order = the_order(reply) or {}
    found = [order.get(name) for name in ("side", "quantity", "symbol", "limit_price")]
    expect(found == ["buy", 3, lab.symbol, 5.25], f"an order to buy 3 {lab.symbol} at 5.25", order)


@check("SKY-CHAT-11")
async def a_question_is_answered(trader: SkybitPeer, lab: SkybitLab) -> None:
    """A question gets a Plan or an Error."""
    reply = await trader.chat(f"What is the price of {lab.symbol}?", "Plan")
    expect(reply["type"] in ("Plan", "Error"), "a Plan or an Error in answer to a question", reply)


@check("SKY-CHAT-12")
async def a_question_is_no_order(trader: SkybitPeer, lab: SkybitLab) -> None:
    """A question gets no Preview."""
    with given("an answer to a question"):
        await trader.chat(f"What is the price of {lab.symbol}?", "Plan", "Preview")
    await trader.pause(lab.profile.quiet_s)
    previews = trader.conversation.received("Preview")
    expect(not previews, "no Preview in answer to a question", previews[0] if previews else None)


@check("SKY-CHAT-13")
async def nothing_is_ordered_without_approval(trader: SkybitPeer, lab: SkybitLab) -> None:
    """A Preview alone gives no Status. The quantity tells the order from earlier ones of the same user."""
    with given("a Preview"):
        await trader.obtain_preview(f"Buy 7 shares of {lab.symbol} at limit 5.00, good for the day")
    await trader.pause(lab.profile.quiet_s)
    orders = [s for s in trader.conversation.received("Status") if field_of(s, "data.quantity") == 7]
    expect(not orders, "no Status of an order that was not approved", orders[0] if orders else None)


@check("SKY-CHAT-14")
async def one_command_gives_one_preview(trader: SkybitPeer, lab: SkybitLab) -> None:
    """One order, one Preview."""
    with given("a Preview"):
        await trader.obtain_preview()
    await trader.pause(lab.profile.quiet_s)
    previews = trader.conversation.received("Preview")
    expect(len(previews) == 1, "one Preview for one order", previews[-1])


@check("SKY-CHAT-15")
async def a_chat_without_text_is_refused(trader: SkybitPeer, lab: SkybitLab) -> None:
    """An Error with the request's id, and no Plan."""
    request = await trader.say("Chat", context={"positions": True, "recent_orders": True})
    await trader.receive("Error", where=lambda m: field_of(m, "data.request_id") == request["id"])
    await trader.pause(lab.profile.quiet_s)
    plans = trader.conversation.received("Plan", "Preview")
    expect(not plans, "no Plan for a Chat without text", plans[0] if plans else None)
