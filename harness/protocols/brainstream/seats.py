"""How BrainStream lets connections in: whoever connects gets the stream (1.2), ten from one address for sure (7.2)."""

from __future__ import annotations

from harness.load.dial import Dial
from harness.load.seats import Line, Refusal, Seats, turned_away
from harness.protocols.brainstream.credentials import SUBPROTOCOL

PER_ADDRESS = 10  # 7.2, as a recommendation: one more may be taken in, or turned away as the server likes.
PACKETS = ("WELCOME", "TELEMETRY")  # WELCOME is missing from the chapter on messages.


def _dial(url: str, token: str) -> Dial:
    """7.1: nobody has to sign in; a JWT, once it is demanded, is offered as the second subprotocol."""
    return Dial(url, subprotocols=(SUBPROTOCOL, token) if token else ())


def _admit(line: Line, token: str) -> Refusal | None:
    """Who is let in gets a packet, at once or within a second."""
    return None if line.receive(*PACKETS) else turned_away(line, None, "packet")


def _keep(line: Line) -> None:
    """2.2: PING is for keeping the connection, and is not answered."""
    line.send({"type": "PING"})


def _is_served(line: Line) -> bool:
    return line.receive("TELEMETRY") is not None


SEATS = Seats(
    admit=_admit,
    is_served=_is_served,
    keep=_keep,
    dial=_dial,
    limit=PER_ADDRESS,
    scope="from one address",
    is_binding=False,
)
