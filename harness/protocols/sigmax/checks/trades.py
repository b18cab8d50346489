"""Proposals and trades: what single events tell, and the life of a proposal under one id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from harness.conformance.check import check, expect
from harness.core.conversation import Conversation
from harness.core.message import Message, field_of
from harness.protocols.sigmax.checks.seeing import (
    is_moment,
    is_not_negative,
    is_pair,
    is_positive,
    is_string,
    is_text,
    members,
    moment,
    optional,
)

CREATED, APPROVED, EXECUTED = "proposal_created", "proposal_approved", "trade_executed"
LIFE = (CREATED, APPROVED, EXECUTED)
PAIR, TEXT, ABOVE_0 = "a symbol as BASE/QUOTE", "a string that is not empty", "a number above 0"
PROMPT_S = 5.0  # Immediate topics: how long an event may be on its way to who tells of it.
RECENT = 20  # Events among which copies of one are looked for.
SAME = 1e-9  # Sizes are told as they are, but for binary fractions.


def is_action(value: Any) -> bool:
    """To buy or to sell."""
    return value in ("buy", "sell")


# Proposals --------------------------------------------------------------------------------------


@check("SIG-PROP-01")
def a_proposal_has_an_id(conversation: Conversation) -> Iterator[None]:
    """Every proposal_created."""
    yield from members(conversation, CREATED, "data.proposal_id", is_text, TEXT)


@check("SIG-PROP-02")
def a_proposal_names_its_symbol(conversation: Conversation) -> Iterator[None]:
    """Every proposal_created."""
    yield from members(conversation, CREATED, "data.symbol", is_pair, PAIR)


@check("SIG-PROP-03")
def a_proposal_has_an_action(conversation: Conversation) -> Iterator[None]:
    """Every proposal_created."""
    yield from members(conversation, CREATED, "data.action", is_text, "a word")


@check("SIG-PROP-04")
def the_action_proposed_is_to_buy_or_sell(conversation: Conversation) -> Iterator[None]:
    """Every proposal_created with an action."""
    yield from optional(conversation, CREATED, "data.action", is_action, "buy or sell")


@check("SIG-PROP-05")
def a_proposal_has_a_size(conversation: Conversation) -> Iterator[None]:
    """Every proposal_created."""
    yield from members(conversation, CREATED, "data.size", is_positive, ABOVE_0)


@check("SIG-PROP-06")
def a_proposal_says_why(conversation: Conversation) -> Iterator[None]:
    """Every proposal_created."""
    yield from members(conversation, CREATED, "data.reason", is_string, "a string")


@check("SIG-PROP-07")
def a_proposal_tells_when_it_was_made(conversation: Conversation) -> Iterator[None]:
    """Every proposal_created."""
    yield from members(conversation, CREATED, "data.created_at", is_moment, "ISO 8601 in UTC")


@check("SIG-PROP-08")
def a_proposal_is_told_at_once(conversation: Conversation) -> Iterator[None]:
    """Every proposal_created: its two times, no clock of ours."""
    yield from _prompt(conversation, CREATED, "created_at")


def _prompt(conversation: Conversation, kind: str, name: str) -> Iterator[None]:
    for message in conversation.received(kind):
        happened, told = moment(field_of(message, f"data.{name}")), moment(message.get("timestamp"))
        if happened is not None and told is not None:
            good = abs(told - happened) <= PROMPT_S
            yield expect(good, f"data.{name} and timestamp at most {PROMPT_S:g} s apart", message)


def _events(conversation: Conversation, *kinds: str) -> Iterator[tuple[str, Message, Message]]:
    """Id, message and data of each event in the life of a proposal; each once, however often it was sent."""
    seen: list[tuple[str, Message]] = []
    for message in conversation.received(*kinds):
        data = message.get("data")
        if not isinstance(data, dict) or not is_text(data.get("proposal_id")):
            continue
        event = (message["type"], data)
        if event not in seen[-RECENT:]:  # It may come by several subscriptions, as copies with other timestamps.
            seen.append(event)
            yield data["proposal_id"], message, data


@check("SIG-PROP-09")
def proposals_have_different_ids(conversation: Conversation) -> Iterator[None]:
    """All proposal_created of a connection."""
    known: set[str] = set()
    for id_, message, _ in _events(conversation, CREATED):
        yield expect(id_ not in known, "an id that no proposal before has", message)
        known.add(id_)


@check("SIG-PROP-10")
def an_approval_names_its_proposal(conversation: Conversation) -> Iterator[None]:
    """Every proposal_approved."""
    yield from members(conversation, APPROVED, "data.proposal_id", is_text, TEXT)


@check("SIG-PROP-11")
def the_life_of_a_proposal_has_an_order(conversation: Conversation) -> Iterator[None]:
    """No event of an earlier stage after one of a later, under one id: created, approved, executed."""
    stages: dict[str, int] = {}
    for id_, message, _ in _events(conversation, *LIFE):
        stage = LIFE.index(message["type"])
        yield expect(stage >= stages.get(id_, 0), "created, then approved, then executed", message)
        stages[id_] = stage


@check("SIG-PROP-12")
def an_approval_comes_once(conversation: Conversation) -> Iterator[None]:
    """Every proposal that was approved."""
    approvals: Counter[str] = Counter()
    for id_, message, _ in _events(conversation, APPROVED):
        approvals[id_] += 1
        yield expect(approvals[id_] == 1, "one approval of each proposal", message)


@check("SIG-PROP-13")
def an_approval_repeats_what_was_proposed(conversation: Conversation) -> Iterator[None]:
    """Symbol, action and size of each approval, where they are told, against the proposal of the same id."""
    proposals = {id_: data for id_, _, data in _events(conversation, CREATED)}
    for id_, message, data in _events(conversation, APPROVED):
        proposal = proposals.get(id_, {})
        for name in ("symbol", "action", "size"):
            if name in data and name in proposal:
                yield expect(data[name] == proposal[name], f"{name} to be {proposal[name]}, as was proposed", message)


# Trades -----------------------------------------------------------------------------------------


@check("SIG-EXE-01")
def a_trade_names_its_proposal(conversation: Conversation) -> Iterator[None]:
    """Every trade_executed."""
    yield from members(conversation, EXECUTED, "data.proposal_id", is_text, TEXT)


@check("SIG-EXE-02")
def a_trade_names_its_symbol(conversation: Conversation) -> Iterator[None]:
    """Every trade_executed."""
    yield from members(conversation, EXECUTED, "data.symbol", is_pair, PAIR)


@check("SIG-EXE-03")
def a_trade_has_an_action(conversation: Conversation) -> Iterator[None]:
    """Every trade_executed."""
    yield from members(conversation, EXECUTED, "data.action", is_text, "a word")


@check("SIG-EXE-04")
def the_action_executed_is_to_buy_or_sell(conversation: Conversation) -> Iterator[None]:
    """Every trade_executed with an action."""
    yield from optional(conversation, EXECUTED, "data.action", is_action, "buy or sell")


@check("SIG-EXE-05")
def a_trade_has_a_size(conversation: Conversation) -> Iterator[None]:
    """Every trade_executed."""
    yield from members(conversation, EXECUTED, "data.size", is_not_negative, "a number, 0 or more")


@check("SIG-EXE-06")
def a_trade_has_a_price(conversation: Conversation) -> Iterator[None]:
    """Every trade_executed that was filled."""
    for _, message, data in _events(conversation, EXECUTED):
        if data.get("status") == "filled":
            yield expect(is_positive(data.get("filled_price")), "filled_price to be a number above 0", message)


@check("SIG-EXE-07")
def a_trade_has_an_order(conversation: Conversation) -> Iterator[None]:
    """Every trade_executed."""
    yield from members(conversation, EXECUTED, "data.order_id", is_text, TEXT)


@check("SIG-EXE-08")
def a_trade_has_a_status(conversation: Conversation) -> Iterator[None]:
    """Every trade_executed."""
    yield from members(conversation, EXECUTED, "data.status", is_text, "a word")


@check("SIG-EXE-09")
def a_trade_has_a_fee(conversation: Conversation) -> Iterator[None]:
    """Every trade_executed; at what rate, is nowhere said."""
    yield from members(conversation, EXECUTED, "data.fee", is_not_negative, "a number, 0 or more")


@check("SIG-EXE-10")
def a_trade_tells_its_time(conversation: Conversation) -> Iterator[None]:
    """Every trade_executed."""
    yield from members(conversation, EXECUTED, "data.timestamp", is_moment, "ISO 8601 in UTC")


@check("SIG-EXE-11")
def a_trade_is_told_at_once(conversation: Conversation) -> Iterator[None]:
    """Every trade_executed: its two times, no clock of ours."""
    yield from _prompt(conversation, EXECUTED, "timestamp")


@check("SIG-EXE-12")
def the_status_of_a_trade_is_a_word_in_lower_case(conversation: Conversation) -> Iterator[None]:
    """Every trade_executed with a status."""

    def good(value: Any) -> bool:
        return bool(value == str(value).lower())

    yield from optional(conversation, EXECUTED, "data.status", good, "in lower case")


@check("SIG-EXE-13")
def an_order_is_filled_once(conversation: Conversation) -> Iterator[None]:
    """All trades of a connection that are filled."""
    filled: set[str] = set()
    for _, message, data in _events(conversation, EXECUTED):
        if data.get("status") == "filled" and is_text(data.get("order_id")):
            yield expect(data["order_id"] not in filled, "an order_id that was not filled before", message)
            filled.add(data["order_id"])


def _with_proposals(conversation: Conversation) -> Iterator[tuple[str, Message, Message, Message]]:
    """Id, message and data of each trade whose proposal was told, and the data of that."""
    proposals = {id_: data for id_, _, data in _events(conversation, CREATED)}
    for id_, message, data in _events(conversation, EXECUTED):
        if id_ in proposals:
            yield id_, message, data, proposals[id_]


@check("SIG-EXE-14")
def a_trade_is_what_was_proposed(conversation: Conversation) -> Iterator[None]:
    """Symbol and action of each trade, against its proposal."""
    for _, message, data, proposal in _with_proposals(conversation):
        for name in ("symbol", "action"):
            if name in data and name in proposal:
                yield expect(data[name] == proposal[name], f"{name} to be {proposal[name]}, as was proposed", message)


@check("SIG-EXE-15")
def a_trade_is_as_large_as_was_proposed(conversation: Conversation) -> Iterator[None]:
    """The size of each trade that is filled, where it is the only one of its proposal."""
    count = Counter(id_ for id_, _, _ in _events(conversation, EXECUTED))
    for id_, message, data, proposal in _with_proposals(conversation):
        filled: Any = data.get("size")
        proposed: Any = proposal.get("size")
        if data.get("status") == "filled" and count[id_] == 1 and is_positive(filled) and is_positive(proposed):
            good = abs(filled - proposed) <= SAME * proposed
            yield expect(good, f"size to be {proposed}, as was proposed", message)
