"""What the tests of connections ask of a protocol: how one is let in, how many are, and how it is seen to be served.

A protocol's `seats.py` makes a `SEATS`. All of it is pure: lines are given, and so are chance and the time of day.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from harness.core.message import Message
from harness.load.dial import Dial

CUT = 1006  # RFC 6455, 7.1.5: the code of a connection that ended without a close frame.


class Cause(Enum):
    """Whose doing it was that a connection did not come to be served."""

    SERVER = "server"  # It said no, or ended the connection.
    UNREACHABLE = "unreachable"  # Not even TCP was answered, or it was reset: nobody listens, or something in between.
    SILENCE = "silence"  # No answer came in time.
    GENERATOR = "generator"  # This very process can open no more.


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a connection was turned away, or how it ended: what is known of it, and all of that in words.

    `status` is that of the handshake, `error` the code in a message that says so, `code` that of the close, which is
    1006 for a connection that was cut.
    """

    words: str
    status: int | None = None
    error: str | None = None
    code: int | None = None
    cause: Cause = Cause.SERVER

    def __str__(self) -> str:
        return self.words

    @property
    def is_clear(self) -> bool:
        """Whether the client could tell that it was turned away, by whatever it was: not by silence."""
        return self.cause in (Cause.SERVER, Cause.UNREACHABLE)


class Line(Protocol):
    """A connection that is talked to in turns: send, then receive."""

    ending: Refusal | None  # How the connection ended, when it has.
    session: str  # For the protocol's own use.
    chance: random.Random

    def wall_s(self) -> float:
        """The time of day, in epoch seconds."""

    def send(self, message: Message) -> None:
        """Send a message; nothing happens when the connection is over, `receive` then says so."""

    def receive(self, *types: str) -> Message | None:
        """The next message of one of these types; None when the connection ends, or nothing comes in time."""

    def ping(self) -> bool:
        """Whether a ping is answered in time (RFC 6455, 5.5.3)."""

    def ended(self, within_s: float) -> bool:
        """Whether the connection ends within that time, or has ended."""

    def listen(self) -> None:
        """Keep what comes from now on for `receive`, as a new line does from the beginning."""

    def rest(self) -> None:
        """Keep nothing of what comes, until told to listen again: many lines would need much room."""

    def close(self) -> None:
        """Close in good order."""

    def cut(self) -> None:
        """Reset the TCP connection, as a crash does."""


def _no_credentials(chance: random.Random) -> str:
    return ""


def _as_it_is(url: str, token: str) -> Dial:
    return Dial(url)


@dataclass(frozen=True)
class Seats:
    """How a protocol lets connections in, and how it limits them; a protocol's `seats.py` calls it SEATS.

    `admit(line, token)` waits until a new line is served, and says why it is not, or None. `is_served(line)` says
    whether it still is. `keep(line)` says a word for no more than staying connected. `dial(url, token)` is how to
    connect to the server that was named, with these credentials, or with none; `new_token(chance)` names a new user of
    the mock, or nobody.

    `limit` is the spec's, None where it names none, `why` says so in words; `scope` says what it is counted by.
    `is_binding` is false for a recommendation. `documents(refusal)` is whether a connection too many may be turned
    away like this; `manner` says so in words.
    """

    admit: Callable[[Line, str], Refusal | None]
    is_served: Callable[[Line], bool]
    keep: Callable[[Line], object]
    dial: Callable[[str, str], Dial] = _as_it_is
    new_token: Callable[[random.Random], str] = _no_credentials
    limit: int | None = None
    why: str = ""
    scope: str = "in all"  # Or "of one user", "from one address".
    is_binding: bool = True
    documents: Callable[[Refusal], bool] = lambda refusal: refusal.is_clear
    manner: str = "by a status of the handshake, a message, or the end of the connection"


def answers_a_ping(line: Line) -> bool:
    """How a line is seen to be served, and kept, where the protocol has no cheap question (RFC 6455, 5.5.2)."""
    return line.ping()


LET_GO_S = 0.2  # So long a close may take that follows a message of refusal.


def turned_away(line: Line, error: str | None, awaited: str) -> Refusal:
    """Why this line is not served: the error that it was told, or how it ended; else `awaited` did not come."""
    ended = line.ended(LET_GO_S if error is not None else 0.0)
    ending = line.ending if ended else None
    if error is None:
        return ending or Refusal(f"no {awaited} came", cause=Cause.SILENCE)
    words = f"the error {error}" + (f", {ending.words}" if ending else "")
    return Refusal(words, error=error, code=ending.code if ending else None)


def tokens_in(path: Path) -> list[str]:
    """The credentials in a file, one a line. ValueError when it cannot be read, or has none."""
    try:
        found = path.read_text(encoding="utf-8").split()
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: expected text in UTF-8, found an error: {error}") from error
    if not found:
        raise ValueError(f"{path}: expected credentials, one a line, found none")
    return found
