"""The line between a link and its transport, with the faults of a bad network on it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.core.clock import Agenda
from harness.core.message import Frame
from harness.scenario.scenario import Network

if TYPE_CHECKING:
    from harness.scenario.stage import Transport


class Line:
    """Carries frames to a transport, in order, as late as the faults say."""

    def __init__(
        self, faults: Sequence[Network], agenda: Agenda, chance: random.Random, transport: Transport, now: float
    ) -> None:
        self._transport = transport

    def carry(self, frame: Frame, now: float) -> None:
        """Bring one frame to the other end."""
        self._transport.send(frame)

    def hang_up(self, now: float) -> None:
        """Cut the line, once what is under way has arrived."""
        self._transport.hang_up()
