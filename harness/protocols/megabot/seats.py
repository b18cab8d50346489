"""How MegaBot lets connections in: by `connection_established`, and as many as come."""

from __future__ import annotations

from harness.core.message import field_of
from harness.load.dial import Dial, with_query
from harness.load.seats import Line, Refusal, Seats, answers_a_ping, turned_away


def _dial(url: str, token: str) -> Dial:
    return Dial(with_query(url, token=token) if token else url)


def _admit(line: Line, token: str) -> Refusal | None:
    """Connection Messages: the greeting, or a connection_error in its place."""
    reply = line.receive("connection_established", "connection_error")
    if reply is None:
        return turned_away(line, None, "connection_established")
    if reply["type"] == "connection_error":
        return turned_away(line, str(field_of(reply, "payload.error")), "connection_established")
    return None


SEATS = Seats(
    admit=_admit,
    is_served=answers_a_ping,  # The spec has no ping of its own, and a chat would keep an assistant busy.
    keep=answers_a_ping,
    dial=_dial,
    why="the spec limits the rate and the size of messages, not how many connections there are",
)
