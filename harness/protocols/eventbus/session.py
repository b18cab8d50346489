"""One client's side of EventBus: it listens to the channel of its path, and says nothing that anyone must hear."""

from __future__ import annotations

from typing import Any

from harness.core.message import Message, Problem
from harness.core.session import Context, Effects, Ping, Send, Session
from harness.protocols.eventbus.bus import channel_of
from harness.protocols.eventbus.rules import Rules
from harness.protocols.eventbus.world import EventBusWorld


class EventBusSession(Session[EventBusWorld, Rules]):
    """A subscriber of one channel. It gets the events from now on; earlier ones are not repeated."""

    def __init__(self, context: Context[EventBusWorld, Rules]) -> None:
        super().__init__(context)
        self._held: list[Message] | None = None  # What is published while the world makes a scripted event.

    @property
    def channel(self) -> str:
        """The channel that the path names (Channels)."""
        return self.context.request.path.rpartition("/")[2]

    def opened(self, now: float) -> Effects:
        """Listen, and keep the connection known to be alive."""
        self.listen(self.channel)
        self.every(self.rules.ping_every_s, now, lambda then: (Ping(),))
        return ()

    def refused(self, problem: Problem, now: float) -> Effects:
        """The streams are one-way and define no message of clients: whatever one says is ignored."""
        return ()

    def noticed(self, topic: str, event: Any, now: float) -> Effects:
        """An event of the channel: the very object that all its sessions send."""
        if self._held is not None:
            self._held.append(event)
            return ()
        return (Send(event),)

    def scripted(
        self, name: str, variant: str | None, changes: Message, trigger: Message | None, now: float
    ) -> Effects:
        """An event for this client alone, with the world following it; nothing where it is of another channel."""
        if channel_of(name) != self.channel:
            return ()
        # Of a script's actions at one moment, all are made before any is sent. What the world publishes meanwhile, such
        # as the exits of a flatten, has to keep its place among them, or ids would fall.
        held = self._held = []
        try:
            event = self.world.happen(name, variant, changes, now)
        finally:
            self._held = None
        return (*map(Send, held), Send(event))
