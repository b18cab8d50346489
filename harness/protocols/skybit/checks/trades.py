"""What a conversation says of trades: the pairs and groups that invariants look at, and predicates on values."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.conformance.check import expect
from harness.core.conversation import Conversation
from harness.core.message import Message, epoch_s, field_of

CENT = 0.0101  # Money is compared to the cent; the rest is for binary fractions.
AVERAGE = 0.00101  # Averages may be rounded to three decimals.
FINAL = ("filled", "cancelled", "canceled", "rejected", "expired")  # An order changes no more after these.
CANCELLED = ("cancelled", "canceled")  # The spec never names it, and both are English.

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)

# The sentence of the spec's sample Chat: the one form of words that every server has to understand.
_ORDER = re.compile(
    r"(?P<side>buy|sell) (?P<quantity>\d+) shares? of (?P<symbol>[A-Z.]+) "
    r"at limit (?P<limit>\d+(\.\d+)?), good for the day",
    re.IGNORECASE,
)

# Predicates -------------------------------------------------------------------------------------


def is_text(value: Any) -> bool:
    """A string that is not empty."""
    return isinstance(value, str) and value != ""


def is_word(value: Any) -> bool:
    """A word in lower case, such as `partial_fill`."""
    return isinstance(value, str) and re.fullmatch(r"[a-z][a-z0-9_-]*", value) is not None


def is_number(value: Any) -> bool:
    """A JSON number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_positive(value: Any) -> bool:
    """A number above 0."""
    return is_number(value) and value > 0


def is_not_negative(value: Any) -> bool:
    """A number of at least 0."""
    return is_number(value) and value >= 0


def is_timestamp(value: Any) -> bool:
    """An RFC 3339 timestamp."""
    return moment(value) is not None


def moment(value: Any) -> float | None:
    """Epoch seconds of a timestamp; None when it is none."""
    # ISO 8601, which the library reads, knows many more forms than RFC 3339.
    if not isinstance(value, str) or _RFC3339.fullmatch(value) is None:
        return None
    try:
        return epoch_s(value.upper())
    except ValueError:
        return None


def number(message: Message, path: str) -> float | None:
    """The number at a dotted path; None when there is none."""
    value = field_of(message, path)
    return value if is_number(value) else None


def numbers(message: Message, *paths: str) -> list[float] | None:
    """The numbers at these paths; None when one of them is missing."""
    found = [number(message, path) for path in paths]
    return [n for n in found if n is not None] if None not in found else None


# Judging ----------------------------------------------------------------------------------------


def members(
    conversation: Conversation, kind: str, path: str, good: Callable[[Any], bool], wanted: str
) -> Iterator[None]:
    """Demand that each message of this kind has a good value at `path`."""
    for message in conversation.received(kind):
        yield expect(good(field_of(message, path)), f"{path} of each {kind} to be {wanted}", around(message, path))


def around(message: Message, path: str) -> Message:
    """The innermost object on the way to `path`, as evidence that shows what is there instead."""
    parent, _, _ = path.rpartition(".")
    value = field_of(message, parent)
    if isinstance(value, dict):
        return value
    return around(message, parent) if parent else message


# Previews ---------------------------------------------------------------------------------------


def orders_of(preview: Message) -> list[Message]:
    """The orders of a Preview, those that are objects."""
    orders = field_of(preview, "data.orders")
    return [o for o in orders if isinstance(o, dict)] if isinstance(orders, list) else []


def the_order(preview: Message) -> Message | None:
    """The one order of a Preview; None when it has several or none."""
    orders = orders_of(preview)
    return orders[0] if len(orders) == 1 else None


def limit_previews(conversation: Conversation) -> Iterator[tuple[Message, Message]]:
    """Each Preview of one limit order, with the order."""
    for preview in conversation.received("Preview"):
        order = the_order(preview)
        if order is not None and order.get("order_type") == "limit":
            yield preview, order


@dataclass
class Request:
    """An order in words, and what the server made of it."""

    side: str
    quantity: int
    symbol: str
    limit: float
    plan: Message | None = None
    preview: Message | None = None


def requests(conversation: Conversation) -> Iterator[Request]:
    """Each order in the words of the sample that was previewed.

    A Preview does not name its Chat, so this holds as long as one Chat at a time is sent, and ends when that ends.
    """
    pending: Request | None = None
    for entry, message in conversation.messages(None, "Chat", "Plan", "Preview", "Error"):
        if entry.sender == "client":
            if pending is not None:
                return
            pending = _request(message)
        elif pending is not None and message["type"] == "Plan":
            pending.plan = message
        elif pending is not None and message["type"] == "Preview":
            pending.preview = message
            yield pending
            pending = None
        elif message["type"] == "Error":
            pending = None


def _request(chat: Message) -> Request | None:
    said = _ORDER.fullmatch(str(field_of(chat, "data.text")))
    if said is None:
        return None
    return Request(said["side"].lower(), int(said["quantity"]), said["symbol"].upper(), float(said["limit"]))


# Orders -----------------------------------------------------------------------------------------


def courses(conversation: Conversation) -> Iterator[list[Message]]:
    """The Status messages of each order, in the order in which they came."""
    orders: dict[str, list[Message]] = {}
    for status in conversation.received("Status"):
        order_id = field_of(status, "data.order_id")
        if is_text(order_id):
            orders.setdefault(order_id, []).append(status)
    yield from orders.values()


def changes(conversation: Conversation) -> Iterator[tuple[Message, Message]]:
    """Each two successive Status messages of one order."""
    for course in courses(conversation):
        yield from itertools.pairwise(course)


def statuses(conversation: Conversation, *words: str) -> Iterator[Message]:
    """Status messages whose `status` is one of `words`."""
    for status in conversation.received("Status"):
        if field_of(status, "data.status") in words:
            yield status


@dataclass
class Placed:
    """An approved Preview of one order: the terms that were agreed, and the Status messages of its client_order_id."""

    preview: Message
    terms: Message
    statuses: list[Message] = field(default_factory=list)


def placed(conversation: Conversation) -> Iterator[Placed]:
    """Each Approve that named a client_order_id of its own, with what came of it."""
    previews = {str(field_of(p, "data.preview_id")): p for p in conversation.received("Preview")}
    approves = conversation.sent("Approve")
    names = [field_of(a, "data.client_order_id") for a in approves]
    for approve, name in zip(approves, names, strict=True):
        preview = previews.get(str(field_of(approve, "data.preview_id")))
        order = the_order(preview) if preview is not None else None
        if preview is None or order is None or not is_text(name) or names.count(name) > 1:
            continue
        modifications = field_of(approve, "data.modifications")
        terms = {**order, **(modifications if isinstance(modifications, dict) else {})}
        found = [s for s in conversation.received("Status") if field_of(s, "data.client_order_id") == name]
        yield Placed(preview, terms, found)


def order_ids(conversation: Conversation) -> set[Any]:
    """The ids of all orders that the server has told of."""
    return {field_of(status, "data.order_id") for status in conversation.received("Status")}


def same_status(one: Message, other: Message) -> bool:
    """Whether two Status messages tell the same of an order."""
    paths = ("data.status", "data.filled", "data.remaining", "data.avg_fill_price")
    return all(field_of(one, path) == field_of(other, path) for path in paths)
