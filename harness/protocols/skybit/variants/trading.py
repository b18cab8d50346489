"""Otherwise: what is understood, previewed, approved and reported of orders."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.core.message import Message
from harness.core.session import Effects
from harness.core.variant import in_facts, in_member, in_rules, in_session, on_message
from harness.protocols.skybit.account import Preview
from harness.protocols.skybit.chat import OrderIntent
from harness.protocols.skybit.defects.breaking import copied
from harness.protocols.skybit.errors import Refusal
from harness.protocols.skybit.orders import Order
from harness.protocols.skybit.session import SkybitSession

WORDS = "the vocabulary of status is never listed"
CANCELS = "name and figures of the status after a Cancel are open"
NUMBERS = "it is open whether shares are whole, and how many decimals averages have"
CHARGES = "which charges there are, and whether they add to a sale, is open"
TIMES = "timestamps have any precision and zone of RFC 3339"
LIMITS = "INSUFFICIENT_FUNDS and POSITION_LIMIT: at Chat or at Approve"
SALES = "it is open whether what is not held can be sold"
PRICES = "fields of market and stop orders are not shown"

# Chat, Plan, Preview ----------------------------------------------------------------------------


@in_session("text without an order is answered by a Plan or an Error")
class NothingButOrders(SkybitSession):
    """A question is refused."""

    def chat(self, message: Message, now: float) -> Effects:
        """Look at its last sign."""
        if message["data"]["text"].endswith("?"):
            raise Refusal("INVALID_REQUEST", "Orders only")
        return super().chat(message, now)


@in_session(SALES, unseen=("SKY-CHAT-08", "SKY-APPR-16"))
class NoShortSales(SkybitSession):
    """What is not held cannot even be previewed for sale."""

    def order_preview(self, terms: OrderIntent, now: float) -> dict[str, Any]:
        """Nothing is held, ever."""
        if terms.side == "sell":
            raise Refusal("ORDER_REJECTED", "Nothing to sell")
        return super().order_preview(terms, now)


@in_session(SALES)
class SellsOnlyWhatIsHeld(SkybitSession):
    """What is held can be sold, and nothing else."""

    def order_preview(self, terms: OrderIntent, now: float) -> dict[str, Any]:
        """Look at the position."""
        if terms.side == "sell" and self.own.position(terms.symbol).quantity < terms.quantity:
            raise Refusal("ORDER_REJECTED", "Nothing to sell")
        return super().order_preview(terms, now)


@in_session(LIMITS)
class LimitsAtChat(SkybitSession):
    """What is above a limit is refused before any Plan."""

    def order_plan(self, terms: OrderIntent, now: float) -> dict[str, Any]:
        """Look at the limit."""
        self.look_at_limit(terms)
        return super().order_plan(terms, now)

    def order_preview(self, terms: OrderIntent, now: float) -> dict[str, Any]:
        """The Plan was refused; so is this."""
        self.look_at_limit(terms)
        return super().order_preview(terms, now)

    def look_at_limit(self, terms: OrderIntent) -> None:
        """So many shares are too much of any."""
        if terms.quantity > 300:
            raise Refusal("POSITION_LIMIT", "Too much")


@in_session("an unknown symbol may be refused before or after the Plan")
class PlansFirst(SkybitSession):
    """Plans an order for whatever symbol, and refuses it then."""

    def chat(self, message: Message, now: float) -> Effects:
        """A Plan, and the Error."""
        try:
            return super().chat(message, now)
        except Refusal as refusal:
            is_planned = refusal.code == "SYMBOL_NOT_FOUND"
            plan = [self.say("Plan", {"intent": "Place an order", "tools": []}, now)] if is_planned else []
            return [*plan, *self.refuse(refusal, message, now)]


@on_message(CHARGES, "Preview")
def no_charges(message: Message, session: Any, now: float) -> Message:
    """Takes no commission and no fees."""
    impact = message["data"]["impact"]
    impact.update(commission=0, fees=[], total_cost=impact["total_value"])
    return message


@on_message(CHARGES, "Preview")
def charges_come_off_sales(message: Message, session: Any, now: float) -> Message:
    """Tells of a sale what is left once charges are taken off."""
    impact = message["data"]["impact"]
    if message["data"]["orders"][0]["side"] == "sell":
        impact["total_cost"] = round(2 * impact["total_value"] - impact["total_cost"], 2)
    return message


@on_message("policy is shown by one example", "Preview", unseen=tuple(f"SKY-PREV-{number}" for number in range(27, 32)))
def policy_without_words(message: Message, session: Any, now: float) -> Message:
    """Names no checks of its policy."""
    message["data"]["policy"]["checks"] = []
    return message


@on_message(PRICES, "Preview", "Plan")
def nulls_for_prices(message: Message, session: Any, now: float) -> Message:
    """Says null for the prices that an order has not."""
    for order in message["data"].get("orders", ()):
        order.update({name: order.get(name) for name in ("limit_price", "stop_price")})
    return message


whole_seconds_in_quotes = in_member(
    "whole-seconds-in-quotes",
    TIMES,
    "Dates the quotes of Previews in whole seconds.",
    "data.quote.ts",
    lambda ts: ts[:19] + "Z",
    "Preview",
)
offsets = in_member("offsets", TIMES, "Says +00:00 for Z.", "data.expires_at", lambda ts: ts[:-1] + "+00:00", "Preview")
fractions_in_previews = in_member(
    "fractions-in-previews", NUMBERS, "Previews 2.0 shares.", "data.orders.*.quantity", float, "Preview"
)
no_risk_check = in_member(
    "no-risk-check",
    "the tools of a Plan are shown by one example",
    "Plans without risk.check.",
    "data.tools",
    lambda tools: [tool for tool in tools if tool["name"] != "risk.check"],
    "Plan",
    lacks=("risk_check",),
)
short_previews = in_rules(
    "short-previews", "the life of a Preview is shown by a sample", "Has Previews of 20 s.", preview_life_s=20.0
)
thinks = in_facts("thinks", "no rhythm is promised", "Takes a second for each step of a trade.", think_s=1.0)

# Approve, Cancel --------------------------------------------------------------------------------


@in_session("error codes for previews and orders that cannot be used are open")
class OtherCodes(SkybitSession):
    """What cannot be approved or cancelled is rejected by the broker."""

    def refuse(self, refusal: Refusal, about: Message | None, now: float) -> Effects:
        """By one code; what is malformed stays a bad request."""
        is_malformed = "found" in (refusal.details or {})
        if (
            (about or {}).get("type") in ("Approve", "Cancel")
            and refusal.code == "INVALID_REQUEST"
            and not is_malformed
        ):
            refusal = Refusal("ORDER_REJECTED", refusal.text)
        return super().refuse(refusal, about, now)


@in_session("it is open whether a new Preview follows a modification")
class PreviewsAgain(SkybitSession):
    """Shows an order that was modified by another Preview, and places it."""

    def approve(self, message: Message, now: float) -> Effects:
        """The Preview comes first."""
        effects = list(super().approve(message, now))
        order = self.own.remembered(message["data"].get("idem_key"), now, self.rules.idempotency_s)
        if order is None or not message["data"].get("modifications"):
            return effects
        return [self.say("Preview", self.order_preview(order.terms, now), now), *effects]


@in_session("the scope of all_orders is open")
class AllOrdersOfTheConnection(SkybitSession):
    """Cancels by all_orders what was placed on this connection."""

    def find(self, target: str, target_id: str | None, now: float) -> Preview | list[Order]:
        """All others stay."""
        found = super().find(target, target_id, now)
        own = [order for order in found if order.origin in self.own_ids] if isinstance(found, list) else []
        return own if target == "all_orders" else found


@in_session("it is open what a repeat with other contents brings")
class ChangedRepetitionsAreErrors(SkybitSession):
    """A key comes back with other contents: the server complains."""

    def approve(self, message: Message, now: float) -> Effects:
        """Look at the key first."""
        order = self.own.remembered(message["data"].get("idem_key"), now, self.rules.idempotency_s)
        if order is not None and order.client_order_id != message["data"].get("client_order_id"):
            raise Refusal("INVALID_REQUEST", "The key was used for another order")
        return super().approve(message, now)


@in_session("the answer to the Cancel of a preview is open")
class CancelsArePolite(SkybitSession):
    """The Cancel of a preview is confirmed by a Plan, as of any command."""

    def withdraw(self, target: str, target_id: str | None, now: float) -> Effects:
        """The Plan comes last."""
        effects = super().withdraw(target, target_id, now)
        return [*effects, self.say("Plan", {"intent": "Cancel", "tools": []}, now)] if target == "preview" else effects


# Status -----------------------------------------------------------------------------------------


@on_message(CANCELS, "Status")
def american_cancels(message: Message, session: Any, now: float) -> Message:
    """Says canceled, of which nothing remains that anybody wants."""
    if message["data"]["status"] == "cancelled":
        message["data"].update(status="canceled", remaining=0)
    return message


@on_message(NUMBERS, "Status")
def averages_of_three_decimals(message: Message, session: Any, now: float) -> Message:
    """Rounds average prices."""
    if message["data"]["avg_fill_price"] is not None:
        message["data"]["avg_fill_price"] = round(message["data"]["avg_fill_price"], 3)
    return message


@on_message(WORDS, "Status")
def further_words_before_the_acknowledgement(message: Message, session: Any, now: float) -> Iterable[Message]:
    """Tells of an order before the broker has acknowledged it."""
    if message["data"]["status"] != "acknowledged":
        return (message,)
    return {**copied(message, session), "data": {**message["data"], "status": "pending_new"}}, message


@on_message(WORDS, "Status", lacks=("partial_fills",))
def more_words(message: Message, session: Any, now: float) -> Message:
    """Has another word for fills in parts."""
    if message["data"]["status"] == "partial_fill":
        message["data"]["status"] = "partial_fill_by_venue"
    return message


fractions = in_member("fractions", NUMBERS, "Reports 2.0 shares.", "data.quantity", float, "Status")
endless_liquidity = in_facts(
    "endless-liquidity",
    "when an order fills is up to the market",
    "Fills every order at once.",
    lacks=("partial_fills",),
    liquidity=1_000_000,
)
