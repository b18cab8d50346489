"""What many defects are made of: members that are missing or wrong, and counting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.core.change import nth as nth
from harness.core.defect import Defect, on_message
from harness.core.message import Message, places
from harness.core.session import Session


def lacking(name: str, breaks: str, kind: str, path: str, also: tuple[str, ...] = ()) -> Defect:
    """A server whose messages of this kind lack the member at `path`; `*` stands for each entry of an array."""

    def fault(message: Message, session: Session[Any, Any], now: float) -> Message:
        for parent, last in list(places(message, path)):
            del parent[last]
        return message

    return replace(on_message(breaks, kind, also=also)(fault), name=name, text=f"A {kind} lacks {path}.")


def wrong(
    name: str, breaks: str, kind: str, path: str, change: Callable[[Any], Any], also: tuple[str, ...] = ()
) -> Defect:
    """A server whose messages of this kind have at `path`, where it is there, what `change` makes of its value."""

    def fault(message: Message, session: Session[Any, Any], now: float) -> Message:
        for parent, last in list(places(message, path)):
            parent[last] = change(parent[last])
        return message

    text = f"{path} of a {kind} is wrong: {name.replace('-', ' ')}."
    return replace(on_message(breaks, kind, also=also)(fault), name=name, text=text)
