"""Servers that talk nonsense of trades: every check comes to a verdict, and none stumbles."""

from functools import cache

import pytest

from harness import protocols
from harness.conformance import suite
from harness.conformance.proof import prove
from harness.conformance.rehearsal import rehearse
from harness.conformance.runner import Options
from harness.core.conversation import Conversation
from harness.core.defect import defects_in, on_message
from harness.core.edits import lacking, wrong
from harness.core.message import Frame, Opcode
from harness.protocols.skybit.checks import trades
from harness.protocols.skybit.defects.edits import says
from harness.wire.codec import encode

TRADE = ("SKY-CHAT", "SKY-PLAN", "SKY-PREV", "SKY-APPR", "SKY-CANC", "SKY-STAT-", "SKY-IDEM")

load = cache(suite.load)


def strings(value):
    """The same with every number as a string."""
    if isinstance(value, dict):
        return {name: strings(child) for name, child in value.items()}
    if isinstance(value, list):
        return [strings(child) for child in value]
    return str(value) if isinstance(value, int | float) else value


@on_message("", "Status")
def an_acknowledgement_for_ever(message, session, now):
    """No order ever gets any further."""
    return message if message["data"]["status"] in ("acknowledged", "cancelled") else None


@on_message("", "Status")
def orders_that_are_filled_unseen(message, session, now):
    """The first that is heard of an order is that it is filled."""
    return message if message["data"]["status"] in ("filled", "cancelled") else None


@on_message("", "Plan")
def orders_without_a_plan(message, session, now):
    """A Preview is all that comes of an order in words."""


@on_message("", "Preview")
def other_orders(message, session, now):
    """A Preview of many things, of which nothing can be compared with its Plan."""
    message["data"]["orders"] = [{"venue": "XNAS"}]
    return message


NONSENSE = [
    *(wrong(f"{kind}-empty", "", kind, "data", lambda _: {}) for kind in ("Plan", "Preview", "Status")),
    *(wrong(f"{kind}-of-strings", "", kind, "data", strings) for kind in ("Plan", "Preview", "Status")),
    *(wrong(f"{kind}-a-list", "", kind, "data", lambda data: [data]) for kind in ("Plan", "Preview", "Status")),
    wrong("tools-of-words", "", "Plan", "data.tools", lambda tools: [tool["name"] for tool in tools]),
    wrong("args-of-words", "", "Plan", "data.tools.*.args", lambda _: "all"),
    wrong("orders-by-name", "", "Preview", "data.orders", lambda orders: {"first": orders[0]}),
    wrong("two-orders", "", "Preview", "data.orders", lambda orders: orders * 2),
    wrong("sales-only", "", "Preview", "data.orders.*.side", lambda _: "sell"),
    wrong("limits-in-words", "", "Preview", "data.orders.*.limit_price", lambda _: "five"),
    lacking("no-quote", "", "Preview", "data.quote"),
    lacking("no-last", "", "Preview", "data.quote.last"),
    lacking("no-limits", "", "Auth", "data.limits"),
    wrong("expires-whenever", "", "Preview", "data.expires_at", lambda _: "tomorrow"),
    wrong("expires-late", "", "Preview", "data.expires_at", lambda ts: ts.replace("2024", "2034")),
    wrong("sold-in-the-end", "", "Status", "data.side", lambda _: "sell", where=says("filled")),
    wrong("fills-without-price", "", "Status", "data.last_fill.price", lambda _: "cheap"),
    wrong("filled-somehow", "", "Status", "data.filled", lambda _: "some"),
    lacking("no-timestamps", "", "Status", "data.timestamps"),
    lacking("no-symbol", "", "Status", "data.symbol"),
    an_acknowledgement_for_ever,
    orders_that_are_filled_unseen,
    other_orders,
    orders_without_a_plan,
]

# Those that alone make the checks go another way. To measure the others would find no more, and takes thrice as long.
REACHING = {
    *("Preview-empty", "Preview-of-strings", "Plan-empty", "expires-whenever", "no-symbol"),
    *("orders-that-are-filled-unseen", "orders-without-a-plan"),
}
SERVERS = [pytest.param(d, id=d.name, marks=() if d.name in REACHING else pytest.mark.no_cover) for d in NONSENSE]


@pytest.mark.parametrize("nonsense", SERVERS)
def test_no_check_stumbles_over_nonsense(nonsense):
    report = rehearse(load("skybit"), nonsense.apply(protocols.load("skybit")), Options(TRADE))
    assert report.broken == []
    assert report.of("failed") or report.of("not-observed")


# Defects that spoil some requests only: all checks show that others are served as ever.
NARROW = [
    *("null-is-no-modification", "limits-are-not-kept", "previews-are-shared", "impossible-modifications-are-dropped"),
    *("all-previews-are-cancelled", "all-is-one", "all-is-everybodys", "market-orders-get-a-limit"),
    *("one-form-of-words-only", "questions-are-orders", "names-are-required", "average-of-nothing"),
    *("unknown-orders-are-dropped", "modifies-without-limits"),
]


@pytest.mark.parametrize("name", NARROW)
def test_a_defect_breaks_nothing_but_what_it_says(name):
    (defect,) = (d for d in defects_in("harness.protocols.skybit.defects") if d.name == name)
    proof = prove(load("skybit"), protocols.load("skybit"), defect, whole=True)
    assert proof.holds
    assert set(proof.others) <= set(defect.also)


def conversation(*messages):
    """A conversation of these: (sender, type, data)."""
    result = Conversation()
    for at_s, (sender, kind, data) in enumerate(messages):
        result.note(at_s, sender, Frame(Opcode.TEXT, encode({"type": kind, "data": data})))
    return result


ORDER = {"text": "Buy 2 shares of AAPL at limit 5.00, good for the day"}


def test_a_preview_belongs_to_the_order_in_words_before_it():
    (request,) = trades.requests(
        conversation(("client", "Chat", ORDER), ("server", "Plan", {}), ("server", "Preview", {"preview_id": "p"}))
    )
    assert (request.side, request.quantity, request.symbol, request.limit) == ("buy", 2, "AAPL", 5.0)
    assert request.plan is not None
    assert request.preview["data"] == {"preview_id": "p"}


def test_orders_in_words_are_told_apart_only_while_one_at_a_time_is_sent():
    chat, preview = ("client", "Chat", ORDER), ("server", "Preview", {})
    assert len([*trades.requests(conversation(chat, preview, chat, preview))]) == 2
    assert len([*trades.requests(conversation(chat, preview, chat, chat, preview, preview))]) == 1
    assert len([*trades.requests(conversation(chat, ("server", "Error", {}), preview))]) == 0
    assert len([*trades.requests(conversation(("client", "Chat", {"text": "Hello"}), preview))]) == 0


def test_a_modification_changes_the_terms_that_were_previewed():
    preview = {"preview_id": "p", "orders": [{"quantity": 3, "limit_price": 5.0}]}
    approve = {"preview_id": "p", "client_order_id": "c", "modifications": {"quantity": 2}}
    status = {"client_order_id": "c", "quantity": 2}
    (found,) = trades.placed(
        conversation(("server", "Preview", preview), ("client", "Approve", approve), ("server", "Status", status))
    )
    assert found.terms == {"quantity": 2, "limit_price": 5.0}
    assert [s["data"] for s in found.statuses] == [status]


def test_an_approval_that_is_repeated_under_one_name_tells_nothing_of_its_terms():
    approve = ("client", "Approve", {"preview_id": "p", "client_order_id": "c", "modifications": "none"})
    preview = ("server", "Preview", {"preview_id": "p", "orders": [{"quantity": 3}]})
    assert len([*trades.placed(conversation(preview, approve))]) == 1
    assert len([*trades.placed(conversation(preview, approve, approve))]) == 0
