"""BrainStream's load users: watchers, who look at the telemetry as it comes."""

from __future__ import annotations

from pathlib import Path

from harness.core.message import Message
from harness.load.behaviour import Behaviour
from harness.load.dial import Dial
from harness.load.targets import Pace
from harness.protocols.brainstream.rules import Facts
from harness.protocols.brainstream.seats import SEATS

PERIOD_S = Facts().tick_every_s  # 2.1


class BrainStreamWatcher(Behaviour):
    """A page that shows the state of the engine."""

    PACES = {
        "keepalive_s": Pace(30.0, 0.1),  # 8.1
        "ping_s": Pace(5.0, 0.1),
    }
    ROWS = {
        "connect": "TCP and opening handshake; a connection that ends is an error here",
        "first": "the end of the handshake to the first packet, a WELCOME",
        "tick": "a TELEMETRY to the next one",
        "jitter": "by how much a tick was longer or shorter than the second that it should be",
        "update": "the timestamp of a TELEMETRY to its arrival; only where both clocks are one machine's",
        "ping": "ping frame to pong frame, since no message of a client is answered",
    }
    ONE_CLOCK_ROWS = frozenset({"update"})
    TARGETS = Path(__file__).with_name("targets.toml")

    def dial(self, url: str) -> Dial:
        """With credentials only where some were given."""
        return SEATS.dial(url, self.shell.chance.choice(self.shell.tokens or ("",)))

    def opened(self, now_s: float) -> None:
        """Wait for the stream, and keep the connection alive."""
        self.expect("first", None, "", now_s)
        self.watch("tick", PERIOD_S, now_s)
        self.every("keepalive_s", lambda due_s: self.shell.send({"type": "PING"}))
        self.every("ping_s", self.ping)

    def received(self, message: Message, arrived_s: float, size: int) -> None:
        """Time a packet. That a server has no WELCOME is none of a load test's business."""
        self.settle("first", None, arrived_s, size)
        if message.get("type") != "TELEMETRY":
            return
        gap_s = self.tick("tick", arrived_s, size)
        if gap_s is not None:
            self.shell.measure("jitter", abs(gap_s - PERIOD_S) * 1000, size)
        self.delay("update", message["data"]["timestamp"], arrived_s, size)
