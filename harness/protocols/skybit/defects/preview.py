"""Servers whose previews are incomplete, or do not add up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from harness.core.defect import in_world, on_message
from harness.core.edits import lacking, wrong
from harness.core.message import Message
from harness.protocols.skybit.session import SkybitSession
from harness.protocols.skybit.world import SkybitWorld

ORDERS, IMPACT, POLICY, QUOTE = "data.orders", "data.impact", "data.policy", "data.quote"

preview_without_id = lacking("preview-without-id", "SKY-PREV-01", "Preview", "data.preview_id", also=("SKY-ERR-14",))


@in_world("SKY-PREV-02", also=("SKY-CANC-02", "SKY-APPR-03", "SKY-APPR-17"))
class OnePreviewIdForAll(SkybitWorld):
    """All Previews have the same id; the newest is meant."""

    def number(self, prefix: str) -> str:
        """A new id, but for Previews."""
        return "prev-123456" if prefix == "prev" else super().number(prefix)


preview_without_headline = lacking(
    "preview-without-headline", "SKY-PREV-03", "Preview", "data.headline", also=("SKY-PREV-04",)
)
vague_headline = wrong("vague-headline", "SKY-PREV-04", "Preview", "data.headline", lambda _: "Your order")
preview_of_nothing = wrong(
    "preview-of-nothing",
    "SKY-PREV-05",
    "Preview",
    ORDERS,
    lambda _: [],
    also=("SKY-APPR-05", "SKY-CHAT-08", "SKY-CHAT-09", "SKY-CHAT-10"),
)
order_without_symbol = lacking(
    "order-without-symbol",
    "SKY-PREV-06",
    "Preview",
    f"{ORDERS}.*.symbol",
    also=("SKY-CHAT-04", "SKY-CHAT-10", "SKY-PREV-04"),
)
loud_side = wrong(
    "loud-side",
    "SKY-PREV-07",
    "Preview",
    f"{ORDERS}.*.side",
    str.upper,
    also=("SKY-APPR-03", "SKY-CHAT-03", "SKY-CHAT-08", "SKY-CHAT-10", "SKY-PLAN-09", "SKY-PLAN-10"),
)
order_without_quantity = lacking(
    "order-without-quantity",
    "SKY-PREV-08",
    "Preview",
    f"{ORDERS}.*.quantity",
    also=("SKY-APPR-05", "SKY-CHAT-05", "SKY-CHAT-10", "SKY-PREV-04"),
)
order_without_type = lacking(
    "order-without-type", "SKY-PREV-09", "Preview", f"{ORDERS}.*.order_type", also=("SKY-CHAT-06", "SKY-CHAT-09")
)
limit_order_without_limit = lacking(
    "limit-order-without-limit",
    "SKY-PREV-10",
    "Preview",
    f"{ORDERS}.*.limit_price",
    also=("SKY-CHAT-06", "SKY-CHAT-10"),
)
order_without_time_in_force = lacking(
    "order-without-time-in-force", "SKY-PREV-11", "Preview", f"{ORDERS}.*.time_in_force", also=("SKY-CHAT-07",)
)
order_without_total = lacking("order-without-total", "SKY-PREV-12", "Preview", f"{ORDERS}.*.estimated_total")
estimate_off_by_a_dollar = wrong(
    "estimate-off-by-a-dollar",
    "SKY-PREV-13",
    "Preview",
    f"{ORDERS}.*.estimated_total",
    lambda total: total + 1,
    also=("SKY-PREV-22",),
)

impact_without_average = lacking("impact-without-average", "SKY-PREV-14", "Preview", f"{IMPACT}.avg_price")
impact_without_value = lacking("impact-without-value", "SKY-PREV-15", "Preview", f"{IMPACT}.total_value")
impact_without_commission = lacking("impact-without-commission", "SKY-PREV-16", "Preview", f"{IMPACT}.commission")
fees_in_one_number = wrong(
    "fees-in-one-number", "SKY-PREV-17", "Preview", f"{IMPACT}.fees", lambda fees: sum(fee["amount"] for fee in fees)
)
impact_without_cost = lacking("impact-without-cost", "SKY-PREV-18", "Preview", f"{IMPACT}.total_cost")
impact_without_slippage = lacking("impact-without-slippage", "SKY-PREV-19", "Preview", f"{IMPACT}.slippage_bps")
impact_without_profit = lacking("impact-without-profit", "SKY-PREV-20", "Preview", f"{IMPACT}.pnl_impact")
average_too_low = wrong("average-too-low", "SKY-PREV-21", "Preview", f"{IMPACT}.avg_price", lambda price: price * 0.9)


def _scaled(impact: dict[str, Any], factor: float) -> dict[str, Any]:
    """The impact of the same order at another price; the charges stay."""
    more = impact["total_value"] * (factor - 1)
    changes = {"avg_price": impact["avg_price"] * factor, "total_value": impact["total_value"] + more}
    return {**impact, **changes, "total_cost": impact["total_cost"] + more}


impact_of_another_price = wrong(
    "impact-of-another-price", "SKY-PREV-22", "Preview", IMPACT, lambda impact: _scaled(impact, 0.9)
)
cost_without_charges = wrong(
    "cost-without-charges", "SKY-PREV-23", "Preview", IMPACT, lambda i: {**i, "total_cost": i["total_value"]}
)
expects_to_pay_more_than_the_limit = wrong(
    "expects-to-pay-more-than-the-limit",
    "SKY-PREV-24",
    "Preview",
    IMPACT,
    lambda impact: _scaled(impact, 1.1),
    also=("SKY-PREV-22",),
)

policy_without_result = lacking("policy-without-result", "SKY-PREV-25", "Preview", f"{POLICY}.passed")
policy_without_checks = lacking("policy-without-checks", "SKY-PREV-26", "Preview", f"{POLICY}.checks")
policy_checks_without_name = lacking("policy-checks-without-name", "SKY-PREV-27", "Preview", f"{POLICY}.checks.*.name")
policy_checks_without_status = lacking(
    "policy-checks-without-status", "SKY-PREV-28", "Preview", f"{POLICY}.checks.*.status"
)
policy_checks_without_message = lacking(
    "policy-checks-without-message", "SKY-PREV-29", "Preview", f"{POLICY}.checks.*.message"
)
passes_with_a_failed_check = wrong(
    "passes-with-a-failed-check", "SKY-PREV-30", "Preview", f"{POLICY}.checks.*.status", lambda _: "fail"
)
policy_never_passes = wrong("policy-never-passes", "SKY-PREV-31", "Preview", f"{POLICY}.passed", lambda _: False)


@on_message("SKY-PREV-32", "Preview")
def policy_always_passes(message: Message, session: SkybitSession, now: float) -> Message:
    """The policy has no objection to any order."""
    policy = message["data"]["policy"]
    policy["passed"] = True
    for one in policy["checks"]:
        one["status"] = "pass"
    return message


def _later(timestamp: str) -> str:
    return (datetime.fromisoformat(timestamp) + timedelta(minutes=1)).isoformat()


quote_without_time = lacking("quote-without-time", "SKY-PREV-33", "Preview", f"{QUOTE}.ts")
quote_without_source = lacking("quote-without-source", "SKY-PREV-34", "Preview", f"{QUOTE}.source")
quote_without_last = lacking("quote-without-last", "SKY-PREV-35", "Preview", f"{QUOTE}.last")
quote_without_volume = lacking("quote-without-volume", "SKY-PREV-36", "Preview", f"{QUOTE}.volume")
crossed_quote = wrong(
    "crossed-quote", "SKY-PREV-37", "Preview", QUOTE, lambda q: {**q, "bid": q["ask"], "ask": q["bid"]}
)
quote_from_the_future = wrong("quote-from-the-future", "SKY-PREV-38", "Preview", f"{QUOTE}.ts", _later)
preview_without_end = lacking("preview-without-end", "SKY-PREV-39", "Preview", "data.expires_at")


@on_message("SKY-PREV-40", "Preview", also=("SKY-APPR-12",))
def stale_preview(message: Message, session: SkybitSession, now: float) -> Message:
    """A Preview expires at the moment at which it is sent."""
    message["data"]["expires_at"] = message["ts"]
    return message
