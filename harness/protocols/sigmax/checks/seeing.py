"""What invariants look at: values in messages, and predicates on them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from harness.conformance.check import expect
from harness.core.conversation import Conversation
from harness.core.message import Message, epoch_s

_UTC = re.compile(r"(Z|z|[+-]00:?00)$")
_PAIR = re.compile(r"[^/:\s]+/[^/:\s]+")

# Predicates -------------------------------------------------------------------------------------


def is_text(value: Any) -> bool:
    """A string that is not empty."""
    return isinstance(value, str) and value != ""


def is_string(value: Any) -> bool:
    """A string."""
    return isinstance(value, str)


def is_number(value: Any) -> bool:
    """A JSON number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_positive(value: Any) -> bool:
    """A number above 0."""
    return is_number(value) and value > 0


def is_not_negative(value: Any) -> bool:
    """A number of at least 0."""
    return is_number(value) and value >= 0


def is_percent(value: Any) -> bool:
    """A number from 0 to 100."""
    return is_number(value) and 0 <= value <= 100


def is_pair(value: Any) -> bool:
    """A symbol as BASE/QUOTE."""
    return isinstance(value, str) and _PAIR.fullmatch(value) is not None


def is_moment(value: Any) -> bool:
    """A timestamp by ISO 8601 in UTC."""
    return moment(value) is not None


def moment(value: Any) -> float | None:
    """Epoch seconds of a timestamp by ISO 8601 that says that it is in UTC, with any fraction; None for all else."""
    if not isinstance(value, str) or not _UTC.search(value):
        return None
    try:
        return epoch_s(_UTC.sub("Z", value))
    except ValueError:
        return None


# Looking ----------------------------------------------------------------------------------------


def places(value: Any, path: str) -> Iterator[tuple[Any, Any]]:
    """Each (holder, value) at a dotted path, where `*` stands for each entry of a list; None for what is not there."""
    name, _, rest = path.partition(".")
    if name == "*":
        children = value if isinstance(value, list) else []
    else:
        children = [value.get(name) if isinstance(value, dict) else None]
    for child in children:
        if not rest:
            yield value, child
        elif rest.startswith("*") or isinstance(child, dict | list):
            yield from places(child, rest)
        else:
            yield value, None


def members(
    conversation: Conversation, kind: str, path: str, good: Callable[[Any], bool], wanted: str
) -> Iterator[None]:
    """Demand that each message of this kind has a good value at each place of `path`."""
    for message in conversation.received(kind):
        for holder, value in places(message, path):
            evidence = holder if isinstance(holder, dict) else message
            yield expect(good(value), f"{path} of each {kind} to be {wanted}", evidence)


def optional(
    conversation: Conversation, kind: str, path: str, good: Callable[[Any], bool], wanted: str
) -> Iterator[None]:
    """As `members`, where the member is there and of a type that another requirement demands."""
    for message in conversation.received(kind):
        for holder, value in places(message, path):
            if value is not None:
                yield expect(good(value), f"{path} of each {kind} to be {wanted}", holder)


def rows(message: Message, path: str) -> list[Message]:
    """The objects in the list at `path`; none where there is no list."""
    return [value for _, value in places(message, f"{path}.*") if isinstance(value, dict)]


def figures(holder: Message, *names: str) -> list[float] | None:
    """The numbers of these names; None when one of them is missing."""
    found: list[Any] = [holder.get(name) for name in names]
    return found if all(is_number(n) for n in found) else None
