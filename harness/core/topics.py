"""Who wants to hear of what: the world publishes an event under a topic, the sessions that listen to it are told."""

from __future__ import annotations

from typing import Any, Protocol


class Listener(Protocol):
    """What can be told of an event; a Session is one."""

    def notice(self, topic: str, event: Any, now: float) -> None:
        """Take note that `event` happened at `now`."""


class Topics:
    """An index from topic (such as `quotes/AAPL`) to its listeners, in the order in which they came."""

    def __init__(self) -> None:
        self._listeners: dict[str, dict[Listener, None]] = {}

    def listen(self, topic: str, listener: Listener) -> None:
        """Tell `listener` of each event of `topic` from now on. Saying so twice changes nothing."""
        self._listeners.setdefault(topic, {})[listener] = None

    def leave(self, topic: str, listener: Listener) -> None:
        """Tell `listener` no more of `topic`, whether it listened or not."""
        listeners = self._listeners.get(topic)
        if listeners is not None:
            listeners.pop(listener, None)
            if not listeners:
                del self._listeners[topic]

    def leave_all(self, listener: Listener) -> None:
        """Tell `listener` no more of anything."""
        for topic in [t for t, listeners in self._listeners.items() if listener in listeners]:
            self.leave(topic, listener)

    def wanted(self, topic: str) -> bool:
        """Whether anyone listens to `topic`, so that what nobody wants need not be made."""
        return topic in self._listeners

    def publish(self, topic: str, event: Any, now: float) -> None:
        """Tell everyone who listens to `topic`."""
        for listener in list(self._listeners.get(topic, ())):
            listener.notice(topic, event, now)
