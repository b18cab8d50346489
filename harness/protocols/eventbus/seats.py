"""How EventBus lets connections in: by the handshake alone, and as many as come."""

from __future__ import annotations

from harness.load.dial import Dial
from harness.load.seats import Line, Refusal, Seats, answers_a_ping, turned_away
from harness.protocols.eventbus.bus import endpoint


def _dial(url: str, token: str) -> Dial:
    """The base of the channels will do: all are alike in who may come."""
    return Dial(endpoint(url, "hft"))


def _admit(line: Line, token: str) -> Refusal | None:
    """Nothing is said at once, and a silent channel is no failure; so a ping has to be answered (RFC 6455, 5.5.2)."""
    return None if line.ping() else turned_away(line, None, "pong")


SEATS = Seats(
    admit=_admit,
    is_served=answers_a_ping,
    keep=answers_a_ping,
    dial=_dial,
    why="the spec says nothing of how many connections there may be",
)
