"""Plan: what the server means to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from harness.conformance.check import check, expect
from harness.core.conversation import Conversation
from harness.core.message import Message, field_of
from harness.protocols.skybit.checks.trades import Request, is_text, members, requests, the_order


@check("SKY-PLAN-01")
def a_plan_has_an_intent(conversation: Conversation) -> Iterator[None]:
    """data.intent."""
    yield from members(conversation, "Plan", "data.intent", is_text, "a non-empty string")


@check("SKY-PLAN-02")
def a_plan_lists_its_tools(conversation: Conversation) -> Iterator[None]:
    """data.tools; only a Plan of an order has to have some."""
    yield from members(conversation, "Plan", "data.tools", lambda v: isinstance(v, list), "an array")
    for plan, _ in _planned(conversation):
        yield expect(field_of(plan, "data.tools"), "at least one tool in the Plan of an order", plan)


def _tools(plan: Message) -> list[Message]:
    tools = field_of(plan, "data.tools")
    return [t if isinstance(t, dict) else {} for t in tools] if isinstance(tools, list) else []


def _tool_members(conversation: Conversation, name: str, good: Callable[[Any], bool], wanted: str) -> Iterator[None]:
    for plan in conversation.received("Plan"):
        for tool in _tools(plan):
            yield expect(good(tool.get(name)), f"{name} of each tool to be {wanted}", tool)


@check("SKY-PLAN-03")
def a_tool_has_a_name(conversation: Conversation) -> Iterator[None]:
    """`name` of a tool."""
    yield from _tool_members(conversation, "name", is_text, "a non-empty string")


@check("SKY-PLAN-04")
def a_tool_has_args(conversation: Conversation) -> Iterator[None]:
    """`args` of a tool."""
    yield from _tool_members(conversation, "args", lambda v: isinstance(v, dict), "an object")


@check("SKY-PLAN-05")
def a_tool_has_a_purpose(conversation: Conversation) -> Iterator[None]:
    """`purpose` of a tool."""
    yield from _tool_members(conversation, "purpose", is_text, "a non-empty string")


@check("SKY-PLAN-06")
def the_plan_comes_before_the_preview(conversation: Conversation) -> Iterator[None]:
    """Chat, Plan, Preview."""
    for request in requests(conversation):
        yield expect(request.plan is not None, "a Plan between the Chat and the Preview", request.preview)


def _planned(conversation: Conversation) -> Iterator[tuple[Message, Request]]:
    """The Plan of each order in words that was previewed."""
    for request in requests(conversation):
        if request.plan is not None:
            yield request.plan, request


@check("SKY-PLAN-07")
def the_intent_names_the_symbol(conversation: Conversation) -> Iterator[None]:
    """As in "Place limit buy order for AAPL"."""
    for plan, request in _planned(conversation):
        intent = field_of(plan, "data.intent")
        yield expect(request.symbol in str(intent).upper(), f"an intent that names {request.symbol}", plan["data"])


@check("SKY-PLAN-08")
def the_plan_makes_a_preview(conversation: Conversation) -> Iterator[None]:
    """trade.preview is among the tools."""
    for plan, _ in _planned(conversation):
        names = [tool.get("name") for tool in _tools(plan)]
        yield expect("trade.preview" in names, "a tool named trade.preview", plan["data"])


def _handed_over(conversation: Conversation, tool_name: str, members_of: dict[str, str]) -> Iterator[None]:
    """Demand that args of the tool agree with the previewed order, by `members_of`: arg -> member of the order."""
    for plan, request in _planned(conversation):
        order = the_order(request.preview or {}) or {}
        for tool in _tools(plan):
            args = tool.get("args")
            if tool.get("name") != tool_name or not isinstance(args, dict):
                continue
            for arg, member in members_of.items():
                if arg in args and member in order:
                    wanted = order[member]
                    yield expect(args[arg] == wanted, f"{arg} of {tool_name} to be {wanted}, as previewed", args)


@check("SKY-PLAN-09")
def the_planned_order_is_the_previewed_one(conversation: Conversation) -> Iterator[None]:
    """`args` of trade.preview."""
    names = ("symbol", "quantity", "side", "order_type", "limit_price", "time_in_force")
    yield from _handed_over(conversation, "trade.preview", {name: name for name in names})


@check("SKY-PLAN-10")
def the_risk_checked_is_that_of_the_order(conversation: Conversation) -> Iterator[None]:
    """`args` of risk.check, where the price is called price."""
    names = {"symbol": "symbol", "quantity": "quantity", "side": "side", "price": "limit_price"}
    yield from _handed_over(conversation, "risk.check", names)


@check("SKY-PLAN-11")
def the_preview_is_made_last(conversation: Conversation) -> Iterator[None]:
    """First data, then risk, then the preview."""
    for plan, _ in _planned(conversation):
        names = [tool.get("name") for tool in _tools(plan)]
        if "trade.preview" in names:
            after = [n for n in names[names.index("trade.preview") :] if n in ("data.snapshot", "risk.check")]
            yield expect(not after, "data.snapshot and risk.check before trade.preview", plan["data"])
