"""How Skybit lets connections in: by Auth, and so many of one user (Rate Limits)."""

from __future__ import annotations

import random
from typing import Any

from harness.core.message import Message, field_of, rfc3339, uuid4
from harness.load.seats import Line, Refusal, Seats, turned_away
from harness.protocols.skybit.rules import Rules

# It is not said how one too many is refused, nor when; only that Auth tells whose it is.
REFUSALS = ("RATE_LIMIT", "CONNECTION_ERROR", "AUTH_FAILED")


def new_token(chance: random.Random) -> str:
    """Credentials of a user of the mock that no other trader, of this run or an earlier one, is likely to be."""
    return f"demo-user-{chance.randrange(100_000, 999_999_999)}"


def envelope(kind: str, session: str, data: Message, wall_s: float, chance: random.Random) -> Message:
    """A message of a client."""
    return {"type": kind, "id": uuid4(chance), "ts": rfc3339(wall_s), "session": session, "data": data}


def _say(line: Line, kind: str, **data: Any) -> None:
    line.send(envelope(kind, line.session or "new", data, line.wall_s(), line.chance))


def _admit(line: Line, token: str) -> Refusal | None:
    """Auth tells whether there is room for one more; the Error, or how the connection ended, is the refusal."""
    _say(line, "Auth", token=token, version="1.0.0", platform="linux")
    reply = line.receive("Auth", "Error")
    if reply is None:
        return turned_away(line, None, "answer to Auth")
    if reply["type"] == "Error":
        return turned_away(line, str(field_of(reply, "data.code")), "Auth")
    line.session = str(reply.get("session") or "new")
    return None


def _keep(line: Line) -> None:
    """Connection Parameters: a connection that says nothing for a minute is closed."""
    _say(line, "Heartbeat", client_ts=rfc3339(line.wall_s()))


def _is_served(line: Line) -> bool:
    _keep(line)
    return line.receive("Heartbeat") is not None


def _documents(refusal: Refusal) -> bool:
    return refusal.is_clear if refusal.error is None else refusal.error in REFUSALS


SEATS = Seats(
    admit=_admit,
    is_served=_is_served,
    keep=_keep,
    new_token=new_token,
    limit=Rules().connections_per_user,
    scope="of one user",
    documents=_documents,
    manner=f"by an Error {', '.join(REFUSALS)}, by a close, or by a refused handshake",
)
