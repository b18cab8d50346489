"""Servers that read the open points of Skybit's spec otherwise than our mock. No check of a trade may fail them."""

from dataclasses import replace
from functools import cache

import pytest

from harness import protocols
from harness.conformance import suite
from harness.conformance.rehearsal import rehearse
from harness.conformance.runner import Options
from harness.core.defect import in_rules, in_session, in_world, on_message
from harness.protocols.skybit.defects.edits import says, wrong
from harness.protocols.skybit.errors import Refusal
from harness.protocols.skybit.session import SkybitSession
from harness.protocols.skybit.world import SkybitWorld

TRADE = ("SKY-CHAT", "SKY-PLAN", "SKY-PREV", "SKY-APPR", "SKY-CANC", "SKY-STAT-", "SKY-IDEM")

READINGS = {}
load = cache(suite.load)


def reading(defect):
    """Another reading is made as a defect is: out of the good mock."""
    READINGS[defect.name] = defect
    return defect


@reading
@on_message("", "Status")
def american_cancels(message, session, now):
    """The other spelling, and nothing remains of what nobody wants any more."""
    if message["data"]["status"] == "cancelled":
        message["data"].update(status="canceled", remaining=0)
    return message


@reading
@on_message("", "Status")
def averages_of_three_decimals(message, session, now):
    if message["data"]["avg_fill_price"] is not None:
        message["data"]["avg_fill_price"] = round(message["data"]["avg_fill_price"], 3)
    return message


@reading
@on_message("", "Status")
def further_words_before_the_acknowledgement(message, session, now):
    if message["data"]["status"] != "acknowledged":
        return message
    pending = {**message, "data": {**message["data"], "status": "pending_new"}}
    return [pending, message]


@reading
@on_message("", "Status", "Preview", "Plan")
def members_of_its_own(message, session, now):
    message["data"]["venue"] = {"name": "XNAS"}
    return message


@reading
@on_message("", "Preview")
def no_charges(message, session, now):
    impact = message["data"]["impact"]
    impact.update(commission=0, fees=[], total_cost=impact["total_value"])
    return message


@reading
@on_message("", "Preview")
def policy_without_words(message, session, now):
    message["data"]["policy"]["checks"] = []
    return message


reading(wrong("whole-seconds", "", "Preview", "data.quote.ts", lambda ts: ts[:19] + "Z"))
reading(wrong("offsets", "", "Preview", "data.expires_at", lambda ts: ts[:-1] + "+00:00"))
reading(wrong("fractions", "", "Status", "data.quantity", float))
reading(wrong("fractions-in-previews", "", "Preview", "data.orders.*.quantity", float))
reading(wrong("no-risk-check", "", "Plan", "data.tools", lambda tools: [t for t in tools if t["name"] != "risk.check"]))
reading(wrong("more-words", "", "Status", "data.status", lambda word: f"{word}_by_venue", where=says("partial_fill")))
reading(in_rules("short-previews", "", "Previews live for 20 seconds.", preview_life_s=20.0))


@reading
@in_world("")
class EndlessLiquidity(SkybitWorld):
    """Every order is filled at once."""

    def __init__(self, facts, *rest):
        super().__init__(replace(facts, liquidity=1_000_000), *rest)


@reading
@in_session("")
class OtherCodes(SkybitSession):
    """What cannot be approved or cancelled is rejected by the broker."""

    def refuse(self, refusal, about, now):
        if (about or {}).get("type") in ("Approve", "Cancel"):
            refusal = Refusal("ORDER_REJECTED", refusal.text)
        return super().refuse(refusal, about, now)


@reading
@in_session("")
class NoShortSales(SkybitSession):
    """What is not held cannot even be previewed for sale."""

    def order_preview(self, terms, now):
        if terms.side == "sell":
            raise Refusal("ORDER_REJECTED", "Nothing to sell")
        return super().order_preview(terms, now)


@reading
@in_session("")
class SellsOnlyWhatIsHeld(SkybitSession):
    """What is held can be sold, and nothing else."""

    def order_preview(self, terms, now):
        if terms.side == "sell" and self.own.position(terms.symbol).quantity < terms.quantity:
            raise Refusal("ORDER_REJECTED", "Nothing to sell")
        return super().order_preview(terms, now)


@reading
@in_session("")
class NothingButOrders(SkybitSession):
    """A question is refused."""

    def chat(self, message, now):
        if message["data"]["text"].endswith("?"):
            raise Refusal("INVALID_REQUEST", "Orders only")
        return super().chat(message, now)


@reading
@in_session("")
class LimitsAtChat(SkybitSession):
    """What is above a limit is refused before any Plan."""

    def order_plan(self, terms, now):
        if terms.quantity > 300:
            raise Refusal("POSITION_LIMIT", "Too much")
        return super().order_plan(terms, now)

    def order_preview(self, terms, now):
        if terms.quantity > 300:
            raise Refusal("POSITION_LIMIT", "Too much")
        return super().order_preview(terms, now)


@reading
@in_session("")
class ChangedRepetitionsAreErrors(SkybitSession):
    """A key comes back with other contents: the server complains."""

    def approve(self, message, now):
        order = self.own.remembered(message["data"].get("idem_key"), now, 86400.0)
        if order is not None and order.client_order_id != message["data"].get("client_order_id"):
            raise Refusal("INVALID_REQUEST", "The key was used for another order")
        return super().approve(message, now)


@reading
@in_session("")
class CancelsArePolite(SkybitSession):
    """The Cancel of a preview is confirmed by a Plan, as of any command."""

    def withdraw(self, target, target_id, now):
        effects = super().withdraw(target, target_id, now)
        return [*effects, self.say("Plan", {"intent": "Cancel", "tools": []}, now)] if target == "preview" else effects


@pytest.mark.parametrize("name", READINGS)
def test_another_reading_fails_no_check_of_a_trade(name):
    report = rehearse(load("skybit"), READINGS[name].apply(protocols.load("skybit")), Options(TRADE))
    assert [(v.id, v.reason) for v in report.of("failed")] == []
    assert report.broken == []
    assert len(report.of("passed")) > 120


def test_a_sale_is_seen_where_only_what_is_held_is_sold():
    report = rehearse(
        load("skybit"), READINGS["sells-only-what-is-held"].apply(protocols.load("skybit")), Options(("SKY-CHAT-08",))
    )
    assert report["SKY-CHAT-08"].verdict == "passed"
