"""What many defects are made of: members that are missing or wrong, and counting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from harness.core.defect import Defect, on_message
from harness.core.message import Message
from harness.core.session import Session


def lacking(name: str, breaks: str, kind: str, path: str, also: tuple[str, ...] = ()) -> Defect:
    """A server whose messages of this kind lack the member at `path`; `*` stands for each entry of an array."""

    def fault(message: Message, session: Session[Any, Any], now: float) -> Message:
        for parent, last in list(_places(message, path)):
            del parent[last]
        return message

    return replace(on_message(breaks, kind, also=also)(fault), name=name, text=f"A {kind} lacks {path}.")


def wrong(
    name: str, breaks: str, kind: str, path: str, change: Callable[[Any], Any], also: tuple[str, ...] = ()
) -> Defect:
    """A server whose messages of this kind have at `path`, where it is there, what `change` makes of its value."""

    def fault(message: Message, session: Session[Any, Any], now: float) -> Message:
        for parent, last in list(_places(message, path)):
            parent[last] = change(parent[last])
        return message

    text = f"{path} of a {kind} is wrong: {name.replace('-', ' ')}."
    return replace(on_message(breaks, kind, also=also)(fault), name=name, text=text)


def nth(session: Session[Any, Any], what: str) -> int:
    """How often this was asked of the session: 1 the first time."""
    counter: Counter[str] = vars(session).setdefault("counter", Counter())
    counter[what] += 1
    return counter[what]


def _places(value: Any, path: str) -> Iterator[tuple[Any, Any]]:
    """Each (container, key) that `path` leads to and that is there."""
    first, _, rest = path.partition(".")
    keys: list[Any] = list(range(len(value))) if first == "*" else [first] if first in value else []
    for key in keys:
        if rest:
            yield from _places(value[key], rest)
        else:
            yield value, key
