"""What many defects are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from harness.core.defect import Defect, on_message
from harness.core.message import Message, Problem
from harness.core.session import Close, Effects, Session
from harness.protocols.brainstream.session import BrainStreamSession


def nth(session: Session[Any, Any], what: str) -> int:
    """How often this was asked of the session: 1 the first time."""
    counter: Counter[str] = vars(session).setdefault("counter", Counter())
    counter[what] += 1
    return counter[what]


def lacking(name: str, breaks: str, path: str, also: tuple[str, ...] = ()) -> Defect:
    """A server whose TELEMETRY lacks the member at a path of its data; `*` stands for each entry of a map or array."""

    def fault(message: Message, session: Any, now: float) -> Message:
        for parent, last in list(_places(message["data"], path)):
            del parent[last]
        return message

    return _named(name, f"A TELEMETRY lacks {path}.", on_message(breaks, "TELEMETRY", also=also)(fault))


def wrong(name: str, breaks: str, path: str, change: Callable[[Any], Any], also: tuple[str, ...] = ()) -> Defect:
    """A server whose packets have at a path of their data what `change` makes of the value there."""

    def fault(message: Message, session: Any, now: float) -> Message:
        for parent, last in list(_places(message["data"], path)):
            parent[last] = change(parent[last])
        return message

    return _named(name, f"{path} of a packet is wrong: {name.replace('-', ' ')}.", on_message(breaks, also=also)(fault))


def picky(name: str, breaks: str, text: str, what: Callable[[Problem], bool], also: tuple[str, ...] = ()) -> Defect:
    """A server that ends the connection for malformed input of one kind."""

    class Picky(BrainStreamSession):
        def refused(self, problem: Problem, now: float) -> Effects:
            return (Close(1003, "malformed"),) if what(problem) else super().refused(problem, now)

    return Defect(name, breaks, also, text, lambda protocol: replace(protocol, session=Picky))


def _named(name: str, text: str, defect: Defect) -> Defect:
    return replace(defect, name=name, text=text)


def _places(value: Any, path: str) -> Iterator[tuple[Any, Any]]:
    """Each (container, key) that `path` leads to and that is there."""
    first, _, rest = path.partition(".")
    every: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
    for key in every if first == "*" else [first]:
        if rest:
            yield from _places(value[key], rest)
        elif first == "*" or first in value:
            yield value, key


# What a server cannot keep whose connections end at once, or whose clients can be cut off by others.
CUT_OFF = (
    *("BRA-CONN-01", "BRA-CONN-04", "BRA-CONN-05", "BRA-CONN-06", "BRA-CONN-09"),
    *("BRA-SEC-01", "BRA-SEC-03", "BRA-WEL-03", "BRA-STREAM-02", "BRA-STREAM-04"),
    *(f"BRA-CMD-{number:02}" for number in range(1, 11)),
    *(f"BRA-MAL-{number:02}" for number in range(1, 15)),
    *("BRA-MANY-01", "BRA-MANY-02", "BRA-MANY-03"),
)
