"""The bus: it numbers the events of all channels together, and gives each to the sessions of its channel."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from harness.core.clock import Clock
from harness.core.message import Message
from harness.core.topics import Topics

# The first word of a type of event -> its channel (Channels).
_CHANNELS = {
    "predictor": "prediction",
    "prediction": "prediction",
    "automation_run": "automation",
    "training": "training",
    "hft": "hft",
}
CHANNELS = tuple(dict.fromkeys(_CHANNELS.values()))


class Bus:
    """Events with one counter for all channels, so that ids grow along each stream, with gaps. Topics are channels."""

    def __init__(self, clock: Clock, topics: Topics) -> None:
        self._clock = clock
        self._topics = topics
        self._last_id = 0
        self.latest_s = 0  # The `ts` of the newest event.

    def publish(self, kind: str, payload: Message, now: float) -> None:
        """Tell all sessions of the event's channel, at once: an event that waits could be overtaken by a later id."""
        event = self.event(kind, payload, now)
        self._topics.publish(event["channel"], event, now)

    def event(self, kind: str, payload: Message, now: float) -> Message:
        """The next event, in its envelope. It must not change once it is out: sessions share its bytes."""
        self._last_id += 1
        self.latest_s = self.ts(now)
        return {
            "id": self._last_id,
            "channel": channel_of(kind),
            "type": kind,
            "payload": payload,
            "ts": self.latest_s,
        }

    def ts(self, now: float) -> int:
        """A stage time in whole epoch seconds, as the spec's sample has them."""
        # A bar's close must not fall into the second before it by a rounding.
        return int(self._clock.wall_s(now) + 1e-6)

    def due(self, ts: int) -> float:
        """The stage time of an epoch second."""
        return ts - self._clock.wall_s(0.0)


def channel_of(kind: str) -> str:
    """The channel of a type of event.

    >>> channel_of("predictor.cycle"), channel_of("automation_run.updated")
    ('prediction', 'automation')
    """
    return _CHANNELS[kind.partition(".")[0]]


def endpoint(target: str, channel: str) -> str:
    """The URL of a channel. The target is the base of all, or one of them.

    >>> endpoint("ws://host/api/ws", "hft"), endpoint("ws://host/api/ws/training?stage=a", "hft")
    ('ws://host/api/ws/hft', 'ws://host/api/ws/hft?stage=a')
    """
    parts = urlsplit(target)
    base, _, last = parts.path.rstrip("/").rpartition("/")
    base = base if last in CHANNELS else f"{base}/{last}"
    return urlunsplit(parts._replace(path=f"{base.rstrip('/')}/{channel}"))
