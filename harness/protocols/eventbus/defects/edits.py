"""What many defects of EventBus are made of: a member of a payload that is missing or wrong, and memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.core import edits
from harness.core.defect import Defect
from harness.core.message import Message


def lacking(breaks: str, kind: str, member: str, also: tuple[str, ...] = ()) -> Defect:
    """A server whose events of this type lack a member."""
    return edits.lacking(_kebab(f"no-{member}-in-{kind}"), breaks, kind, f"payload.{member}", also)


def wrong(
    breaks: str, kind: str, member: str, how: str, change: Callable[[Any], Any], also: tuple[str, ...] = ()
) -> Defect:
    """A server whose events of this type have in a member, where it is there, what `change` makes of its value."""
    name = _kebab(f"{member}-of-{kind}-{how}")
    defect = edits.wrong(name, breaks, kind, f"payload.{member}", change, also)
    return replace(defect, text=f"{member} of {kind} is {how}.")


def _kebab(words: str) -> str:
    return words.translate(str.maketrans(" ._", "---"))


def said(event: Message, **changes: Any) -> Message:
    """The event with these members of its payload changed."""
    return {**event, "payload": {**event["payload"], **changes}}
