"""What many defects of MegaBot are made of."""

from __future__ import annotations

from typing import Any

from harness.core.message import Message
from harness.core.session import Session


def copied(message: Message, session: Session[Any, Any]) -> Message:
    """The same message once more, with an id of its own."""
    return {**message, "id": session.world.number("msg")}
