"""EventBus's load users: listeners, a kind for each of the four channels."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from harness.core.message import Message
from harness.load.behaviour import Behaviour
from harness.load.dial import Dial
from harness.load.targets import Pace
from harness.protocols.eventbus.bus import endpoint

ROWS = {
    "connect": "TCP and opening handshake; a connection that ends is an error here",
    "ping": "ping frame to pong frame, since no message of a client is defined",
    "fanout": "an event's arrival at the first user of this process to that at this one, known by channel, id and ts",
    "delay": "the ts of an event, a whole one plus a second, to its arrival; only where both clocks are one machine's",
}


class _Listener(Behaviour):
    """One who listens to a channel. Nobody promises a rate of events, so silence is no error."""

    PACES = {"ping_s": Pace(20.0, 0.1)}
    ONE_CLOCK_ROWS = frozenset({"delay"})
    TARGETS = Path(__file__).with_name("targets.toml")
    CHANNEL: ClassVar[str]

    def dial(self, url: str) -> Dial:
        """The four channels lie side by side, and the URL is that of one of them, or of what they have in common."""
        return Dial(endpoint(url, self.CHANNEL))

    def opened(self, now_s: float) -> None:
        """Listen."""
        self.last_s: float | None = None
        self.every("ping_s", self.ping)

    def received(self, message: Message, arrived_s: float, size: int) -> None:
        """Time an event."""
        gap_ms = None if self.last_s is None else (arrived_s - self.last_s) * 1000
        self.last_s = arrived_s
        self.shell.measure(self.CHANNEL, gap_ms, size)
        self.delay("delay", message["ts"], arrived_s, size)
        if "id" in message:  # A legacy stream has none.
            self.spread("fanout", (message["channel"], message["id"], message["ts"]), arrived_s, size)


class PredictionListener(_Listener):
    """A listener to `prediction`, where each prediction says when it will be resolved."""

    CHANNEL = "prediction"
    ROWS = {
        **ROWS,
        "prediction": "an event of the channel prediction to the next one",
        "resolved": "a prediction's ts_target to its prediction.resolved; only where both clocks are one machine's",
    }
    ONE_CLOCK_ROWS = frozenset({"delay", "resolved"})

    def received(self, message: Message, arrived_s: float, size: int) -> None:
        """Time an event; a resolution by the moment that it was promised for, too."""
        super().received(message, arrived_s, size)
        if message.get("type") == "prediction.resolved" and self.shell.same_clock:
            late_s = self.shell.wall_s(arrived_s) - message["payload"]["ts_target"]
            self.shell.measure("resolved", max(0.0, late_s * 1000), size)


class AutomationListener(_Listener):
    """A listener to `automation`."""

    CHANNEL = "automation"
    ROWS = {**ROWS, "automation": "an event of the channel automation to the next one"}


class TrainingListener(_Listener):
    """A listener to `training`."""

    CHANNEL = "training"
    ROWS = {**ROWS, "training": "an event of the channel training to the next one"}


class HftListener(_Listener):
    """A listener to `hft`."""

    CHANNEL = "hft"
    ROWS = {**ROWS, "hft": "an event of the channel hft to the next one"}
