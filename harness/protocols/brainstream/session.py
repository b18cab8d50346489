"""One client's side of BrainStream: it listens."""

from __future__ import annotations

from typing import Any

from harness.core.message import Message, Problem
from harness.core.session import Effects, Send, Session
from harness.protocols.brainstream.rules import Rules
from harness.protocols.brainstream.world import TELEMETRY, BrainStreamWorld


class BrainStreamSession(Session[BrainStreamWorld, Rules]):
    """BrainStream, as it should be."""

    def opened(self, now: float) -> Effects:
        """The state at once, then every second."""
        self.listen(TELEMETRY)
        return (Send({"type": "WELCOME", "data": self.world.data}),) if self.rules.welcome else ()

    def unexpected(self, message: Message, now: float) -> Effects:
        """Nothing is answered."""
        return ()

    def refused(self, problem: Problem, now: float) -> Effects:
        """Nothing is answered."""
        return ()

    def noticed(self, topic: str, event: Any, now: float) -> Effects:
        """A new packet."""
        return (Send(event),)
