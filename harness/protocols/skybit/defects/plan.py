"""Servers whose plans are incomplete, or not what they do."""

from __future__ import annotations

from typing import Any

from harness.core.defect import in_session
from harness.core.edits import lacking, wrong
from harness.core.session import Effects
from harness.protocols.skybit.session import SkybitSession


def _renamed(tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**tool, "name": tool["name"].replace("trade.preview", "trade.draft")} for tool in tools]


def _one_more(tools: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    for tool in tools:
        if tool["name"] == name:
            tool["args"]["quantity"] += 1
    return tools


plan_without_intent = lacking("plan-without-intent", "SKY-PLAN-01", "Plan", "data.intent", also=("SKY-PLAN-07",))
plan_tools_by_name = wrong(
    "plan-tools-by-name",
    "SKY-PLAN-02",
    "Plan",
    "data.tools",
    lambda tools: {t["name"]: t for t in tools},
    also=("SKY-PLAN-08",),
)
tools_without_name = lacking("tools-without-name", "SKY-PLAN-03", "Plan", "data.tools.*.name", also=("SKY-PLAN-08",))
tools_without_args = lacking("tools-without-args", "SKY-PLAN-04", "Plan", "data.tools.*.args")
tools_without_purpose = lacking("tools-without-purpose", "SKY-PLAN-05", "Plan", "data.tools.*.purpose")


@in_session("SKY-PLAN-06", also=("SKY-PLAN-09", "SKY-PLAN-10"))
class PlansComeTooLate(SkybitSession):
    """The Plan is sent when the Preview is out."""

    def plan(self, data: dict[str, Any], now: float) -> Effects:
        """Plan."""
        self.after(2 * self.world.facts.think_s, now, lambda then: (self.say("Plan", data, then),))
        return ()


vague_intent = wrong("vague-intent", "SKY-PLAN-07", "Plan", "data.intent", lambda _: "Do what was asked")
preview_not_planned = wrong("preview-not-planned", "SKY-PLAN-08", "Plan", "data.tools", _renamed)
another_order_planned = wrong(
    "another-order-planned", "SKY-PLAN-09", "Plan", "data.tools", lambda tools: _one_more(tools, "trade.preview")
)
another_risk_checked = wrong(
    "another-risk-checked", "SKY-PLAN-10", "Plan", "data.tools", lambda tools: _one_more(tools, "risk.check")
)
plan_backwards = wrong("plan-backwards", "SKY-PLAN-11", "Plan", "data.tools", lambda tools: tools[::-1])
