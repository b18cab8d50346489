"""Broken servers, at one malformed thing among many."""

from __future__ import annotations

from harness.core.message import Problem, field_of
from harness.protocols.megabot.defects.errors import deafened, overlooks


def _is_object(problem: Problem) -> bool:
    return isinstance(field_of(problem.message or {}, "payload.content"), dict)


def _joins_nothing(problem: Problem) -> bool:
    message = problem.message or {}
    return message.get("type") == "session_join" and "payload" not in message


content_as_object = overlooks(
    "overlooks-content-as-object", "MEG-VAL-11", "Says nothing to a chat whose content is an object.", _is_object, ()
)
deaf_to_joining_nothing = deafened(
    "deaf-after-joining-nothing", "MEG-VAL-11", "Is deaf after a session_join without payload.", _joins_nothing
)
