"""What many defects are made of: edits of outgoing messages, and copies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.core.defect import Defect, on_message
from harness.core.message import Message
from harness.core.session import Session


def copied(message: Message, session: Session[Any, Any]) -> Message:
    """The same message once more, with an id of its own."""
    return {**message, "id": session.world.number("msg")}


def lacking(name: str, breaks: str, kind: str, member: str, also: tuple[str, ...] = ()) -> Defect:
    """A server whose messages of this kind lack a member of their payload."""

    def fault(message: Message, session: Any, now: float) -> Message:
        return {**message, "payload": {k: v for k, v in message["payload"].items() if k != member}}

    return _named(name, f"A {kind} lacks payload.{member}.", on_message(breaks, kind, also=also)(fault))


def wrong(
    name: str, breaks: str, kind: str, member: str, change: Callable[[Any], Any], also: tuple[str, ...] = ()
) -> Defect:
    """A server whose messages of this kind have in their payload what `change` makes of the right value."""

    def fault(message: Message, session: Any, now: float) -> Message:
        payload = message["payload"]
        return {**message, "payload": {**payload, member: change(payload[member])} if member in payload else payload}

    text = f"payload.{member} of a {kind} is wrong: {name.replace('-', ' ')}."
    return _named(name, text, on_message(breaks, kind, also=also)(fault))


def _named(name: str, text: str, defect: Defect) -> Defect:
    return replace(defect, name=name, text=text)
