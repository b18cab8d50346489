"""One client's side of Skybit, as a transition table."""

from __future__ import annotations

from enum import Enum
from typing import Any

from harness.core.message import Message, Problem, epoch_s, rfc3339, uuid4
from harness.core.session import Close, Context, Effects, Ping, Send, Session
from harness.protocols.skybit.rules import Rules
from harness.protocols.skybit.world import SkybitWorld


class State(Enum):
    """The server's view of the spec's "Connection States"."""

    AUTHENTICATING = "authenticating"
    READY = "ready"
    DISCONNECTED = "disconnected"


class SkybitSession(Session[SkybitWorld, Rules]):
    """Skybit, as it should be."""

    MOVES = {
        (State.AUTHENTICATING, "Auth"): "authenticate",
        (State.READY, "Heartbeat"): "heartbeat",
    }

    def __init__(self, context: Context[SkybitWorld, Rules]) -> None:
        super().__init__(context)
        self.state = State.AUTHENTICATING
        self.id = uuid4(context.chance)

    def opened(self, now: float) -> Effects:
        """Start the timers: pings every 30 s, an end after 60 s of silence (Connection Parameters)."""
        self.heard_at = now
        self.every(self.rules.ping_every_s, now, lambda then: (Ping(),))
        self.when_idle(self.rules.idle_timeout_s, now, lambda then: (Close(1001, "no heartbeat"),))
        return ()

    def authenticate(self, message: Message, now: float) -> Effects:
        """Auth."""
        self.state = State.READY
        user = {"id": "user-123", "email": "trader@example.com"}
        data = {"status": "authenticated", "user": user, "features": ["equities"], "limits": {}}
        return (self.say("Auth", data, now),)

    def heartbeat(self, message: Message, now: float) -> Effects:
        """Heartbeat: the client's time comes back with the server's own."""
        client_ts = message["data"]["client_ts"]
        wall_s = self.context.clock.wall_s(now)
        latency_ms = max(0, round((wall_s - epoch_s(client_ts)) * 1000))
        data = {"client_ts": client_ts, "server_ts": rfc3339(wall_s), "latency_ms": latency_ms}
        return (self.say("Heartbeat", data, now),)

    def refused(self, problem: Problem, now: float) -> Effects:
        """Malformed input."""
        return (self.error("INVALID_REQUEST", str(problem), problem.message, now),)

    def unexpected(self, message: Message, now: float) -> Effects:
        """Not now."""
        return (self.error("INVALID_REQUEST", "not now", message, now),)

    def say(self, kind: str, data: dict[str, Any], now: float) -> Send:
        """A message in its envelope."""
        return Send(
            {
                "type": kind,
                "id": uuid4(self.context.chance),
                "ts": rfc3339(self.context.clock.wall_s(now)),
                "session": self.id,
                "data": data,
            }
        )

    def error(self, code: str, text: str, about: Message | None, now: float) -> Send:
        """An Error that answers `about`."""
        data = {"code": code, "message": text, "request_id": (about or {}).get("id"), "recoverable": True}
        return self.say("Error", data, now)
