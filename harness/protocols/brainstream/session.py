"""One client's side of BrainStream: it listens, and is not answered."""

from __future__ import annotations

import logging
from typing import Any

from harness.core.message import Message, Problem
from harness.core.session import Close, Context, Effects, HangUp, Send, Session
from harness.protocols.brainstream.credentials import refusal_of
from harness.protocols.brainstream.rules import Rules
from harness.protocols.brainstream.world import GONE, TELEMETRY, BrainStreamWorld

log = logging.getLogger("harness.brainstream")

STREAMING = "streaming"


class BrainStreamSession(Session[BrainStreamWorld, Rules]):
    """BrainStream, as it should be."""

    MOVES = {
        (STREAMING, "PING"): "keep",
        (STREAMING, "SUBSCRIBE"): "subscribe",
        (STREAMING, "HALT"): "halt",
    }

    def __init__(self, context: Context[BrainStreamWorld, Rules]) -> None:
        super().__init__(context)
        self.state = STREAMING
        self.counts = False  # Whether this is one of its address's connections.

    # What the stage calls -----------------------------------------------------------------------

    def opened(self, now: float) -> Effects:
        """1.2: the state at once, and then whatever the world tells; unless the client may not listen."""
        refusal = self.refusal(now)
        if refusal is not None:
            log.warning("🧠 BrainStream: Connection Closed (%s)", refusal.reason)
            return (refusal,)
        log.info("🧠 BrainStream: Client Connected")
        self.world.connections[self.context.request.remote] += 1
        self.counts = True
        self.listen(TELEMETRY)
        self.listen(GONE)
        return (Send(self.world.packet("WELCOME")),) if self.rules.welcome else ()

    def arrived(self, message: Message | Problem, now: float) -> None:
        """5.2: whatever comes is logged."""
        log.debug("🧠 BrainStream: Received %.1000s", message)

    def refused(self, problem: Problem, now: float) -> Effects:
        """5.2: ignored."""
        return ()

    def noticed(self, topic: str, event: Any, now: float) -> Effects:
        """A new packet, or the end of the backend (5.1)."""
        if topic == GONE:
            log.warning("🧠 BrainStream: Connection Closed (Connection reset by peer)")
            return (HangUp(),)
        return (Send(event),)

    def scripted(
        self, name: str, variant: str | None, changes: Message, trigger: Message | None, now: float
    ) -> Effects:
        """A packet for this client alone."""
        return (Send(self.world.script(name, variant, changes, now)),)

    def closed(self, now: float) -> None:
        """5.3: the client is gone, and another of its address may come."""
        super().closed(now)
        if self.counts:
            log.info("🧠 BrainStream: Client Disconnected")
            self.world.connections[self.context.request.remote] -= 1

    # Who may listen -----------------------------------------------------------------------------

    def refusal(self, now: float) -> Close | None:
        """Why the client may not listen; None when it may."""
        request = self.context.request
        if self.world.facts.feed == "down":
            return Close(1013, "backend unavailable")
        if self.rules.token == "required":  # noqa: S105 - the word that demands one
            why = refusal_of(request.headers, self.context.clock.wall_s(now))
            if why is not None:
                return Close(1008, why)
        limit = self.rules.connections_per_ip
        if limit and self.world.connections[request.remote] >= limit:
            return Close(1013, f"{limit} connections from one address are allowed")
        return None

    # Commands -----------------------------------------------------------------------------------

    def keep(self, message: Message, now: float) -> Effects:
        """PING (2.2): nothing is answered; the connection stays anyway."""
        return ()

    def subscribe(self, message: Message, now: float) -> Effects:
        """SUBSCRIBE (2.2), once it is served: the active symbol changes, for everybody."""
        if self.rules.commands == "served" and not self.world.subscribe(message["symbol"], now):
            log.debug("🧠 BrainStream: %r is no symbol that is known here", message["symbol"])
        return ()

    def halt(self, message: Message, now: float) -> Effects:
        """HALT (2.2), once it is served: trading stops, for everybody."""
        if self.rules.commands == "served":
            self.world.halt(now)
        return ()
