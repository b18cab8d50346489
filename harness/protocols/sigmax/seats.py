"""How SIGMAX lets connections in: by `connected`, and so many in all (Configuration: WS_MAX_CONNECTIONS)."""

from __future__ import annotations

from harness.core.message import field_of
from harness.load.dial import Dial, with_query
from harness.load.seats import Line, Refusal, Seats, turned_away
from harness.protocols.sigmax.rules import Rules

FULL = "MAX_CONNECTIONS_EXCEEDED"
FULL_STATUS = (503, 429)


def _dial(url: str, token: str) -> Dial:
    """Authentication: the API key, where there is one, goes into the query."""
    return Dial(with_query(url, api_key=token) if token else url)


def _admit(line: Line, token: str) -> Refusal | None:
    """Connection Flow: `connected` comes first, or the error in its place."""
    reply = line.receive("connected", "error")
    if reply is None:
        return turned_away(line, None, "connected")
    return turned_away(line, str(field_of(reply, "data.code")), "connected") if reply["type"] == "error" else None


def _keep(line: Line) -> None:
    """Heartbeat: who says nothing for a minute is closed."""
    line.send({"type": "ping", "data": {}})


def _is_served(line: Line) -> bool:
    _keep(line)
    return line.receive("pong") is not None


def _documents(refusal: Refusal) -> bool:
    """Common Error Codes; that it may come as a status of the handshake is a fair reading. The close code is free."""
    return refusal.status in FULL_STATUS or refusal.error == FULL


SEATS = Seats(
    admit=_admit,
    is_served=_is_served,
    keep=_keep,
    dial=_dial,
    limit=Rules().max_connections,
    documents=_documents,
    manner=f"by the error {FULL}, or by status 503 or 429 of the handshake",
)
