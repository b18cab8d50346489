"""Defects by the dozen: a member of an outgoing message that is missing or wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.core.defect import Defect, on_message
from harness.core.message import Message, places, put

Where = Callable[[Message], object]


def always(message: Message) -> bool:
    """Every message."""
    return True


def lacking(name: str, breaks: str, kind: str, path: str, also: tuple[str, ...] = ()) -> Defect:
    """A server whose messages of this type lack the member at `path` (see `message.places`)."""

    def fault(message: Message, session: Any, now: float) -> Message:
        for parent, last in list(places(message, path)):
            del parent[last]
        return message

    return replace(on_message(breaks, kind, also=also)(fault), name=name, text=f"A {kind} lacks {path}.")


def wrong(
    name: str,
    breaks: str,
    kind: str,
    path: str,
    change: Callable[[Any], Any],
    also: tuple[str, ...] = (),
    where: Where = always,
) -> Defect:
    """A server whose messages of this type (empty: of all) have at `path` what `change` makes of the right value.

    Only those are changed for which `where` holds, and in which the member is there.
    """

    def fault(message: Message, session: Any, now: float) -> Message:
        return put(message, path, change) if where(message) else message

    text = f"{path} of a {kind or 'message'} is wrong: {name.replace('-', ' ')}."
    return replace(on_message(breaks, *filter(None, [kind]), also=also)(fault), name=name, text=text)
