"""What many defects are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.core.change import nth as nth
from harness.core.defect import Defect
from harness.core.message import Message, Problem, uuid4
from harness.core.session import Effects, Session
from harness.protocols.skybit.session import SkybitSession


def copied(message: Message, session: Session[Any, Any]) -> Message:
    """The same message once more, with an id of its own."""
    return {**message, "id": uuid4(session.context.chance)}


def code(message: Message) -> str:
    """The code of an Error."""
    return str(message["data"]["code"])


# What a server breaks that says nothing about malformed input.
MALFORMED = ("SKY-ERR-21", "SKY-ERR-22")


def overlooks(
    name: str, breaks: str, text: str, what: Callable[[Problem], bool], also: tuple[str, ...] = MALFORMED
) -> Defect:
    """A server that says nothing about malformed input of one kind."""

    class Careless(SkybitSession):
        def refused(self, problem: Problem, now: float) -> Effects:
            return () if what(problem) else super().refused(problem, now)

    return Defect(name, breaks, also, text, lambda protocol: replace(protocol, session=Careless))


def kind_of(problem: Problem) -> str:
    """The type of the message that a problem is about."""
    return str((problem.message or {}).get("type"))
