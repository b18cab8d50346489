"""The script of a scenario, on one connection: when a message comes, what is answered in place of the protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.core.clock import Agenda
from harness.core.message import Message
from harness.core.session import Effects, Session
from harness.scenario.scenario import Step


class Script:
    """The steps of a scenario, followed on one connection."""

    def __init__(self, steps: Sequence[Step], session: Session[Any, Any], agenda: Agenda) -> None:
        self._steps = steps
        self._session = session
        self._agenda = agenda

    def opened(self, now: float) -> Effects:
        """What the script says as soon as the connection stands."""
        return ()

    def answer(self, message: Message, now: float) -> Effects:
        """The effects of the step for this message; the session's own where no step speaks of it."""
        return self._session.received(message, now)
