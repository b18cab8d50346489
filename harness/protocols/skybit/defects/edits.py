"""Edits of outgoing messages, from which many defects are made: a member that is missing or wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.core.defect import Defect, on_message
from harness.core.message import Message, places

Where = Callable[[Message], object]


def always(message: Message) -> bool:
    """Every message."""
    return True


def says(*words: str) -> Where:
    """Status messages whose `status` is one of these."""
    return lambda message: message["data"].get("status") in words


def lacking(name: str, breaks: str, kind: str, path: str, also: tuple[str, ...] = ()) -> Defect:
    """A server whose messages of this kind lack the member at `path`; `*` stands for each entry of an array."""

    def fault(message: Message, session: Any, now: float) -> Message:
        for parent, last in list(places(message, path)):
            parent.pop(last, None)
        return message

    return _named(name, f"A {kind} lacks {path}.", on_message(breaks, kind, also=also)(fault))


def wrong(
    name: str,
    breaks: str,
    kind: str,
    path: str,
    change: Callable[[Any], Any],
    also: tuple[str, ...] = (),
    where: Where = always,
) -> Defect:
    """A server whose messages of this kind have at `path`, where it is there, what `change` makes of its value."""

    def fault(message: Message, session: Any, now: float) -> Message:
        if where(message):
            for parent, last in list(places(message, path)):
                parent[last] = change(parent[last])
        return message

    return _named(
        name, f"{path} of a {kind} is wrong: {name.replace('-', ' ')}.", on_message(breaks, kind, also=also)(fault)
    )


def _named(name: str, text: str, defect: Defect) -> Defect:
    return replace(defect, name=name, text=text)
