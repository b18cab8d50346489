"""Edits of outgoing events, from which many defects are made: a member of a payload that is missing or wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.core.change import kept as kept
from harness.core.change import nth as nth
from harness.core.defect import Defect, on_message
from harness.core.message import Message


def lacking(breaks: str, kind: str, member: str, also: tuple[str, ...] = ()) -> Defect:
    """A server whose events of this type lack a member."""

    def fault(event: Message, session: Any, now: float) -> Message:
        return {**event, "payload": {k: v for k, v in event["payload"].items() if k != member}}

    return _named(f"no-{member}-in-{kind}", f"{kind} lacks {member}.", on_message(breaks, kind, also=also)(fault))


def wrong(
    breaks: str, kind: str, member: str, how: str, change: Callable[[Any], Any], also: tuple[str, ...] = ()
) -> Defect:
    """A server whose events of this type have in a member, where it is there, what `change` makes of its value."""

    def fault(event: Message, session: Any, now: float) -> Message:
        payload = event["payload"]
        return {**event, "payload": {**payload, member: change(payload[member])}} if member in payload else event

    name = f"{member}-of-{kind}-{how}".replace(" ", "-")
    return _named(name, f"{member} of {kind} is {how}.", on_message(breaks, kind, also=also)(fault))


def _named(name: str, text: str, defect: Defect) -> Defect:
    return replace(defect, name=name.replace(".", "-").replace("_", "-"), text=text)


def said(event: Message, **changes: Any) -> Message:
    """The event with these members of its payload changed."""
    return {**event, "payload": {**event["payload"], **changes}}
