"""What the connection-limit test asks of a protocol, and credentials from a file."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.core.message import Message


class Line(Protocol):
    """A connection that is talked to in turns: send, then receive."""

    ending: str  # How the connection ended, when it has.
    session: str  # For the protocol's own use.
    chance: random.Random

    def wall_s(self) -> float:
        """The time of day, in epoch seconds."""

    def send(self, message: Message) -> None:
        """Send a message; nothing happens when the connection is over, `receive` then says so."""

    def receive(self, *types: str) -> Message | None:
        """The next message of one of these types; None when the connection ends, or nothing comes in time."""


@dataclass(frozen=True)
class Seats:
    """How a protocol limits connections; a protocol's `users.py` calls it SEATS.

    `admit(line, token)` asks to be served, and says why it is not, or None. `is_served(line)` says whether an admitted
    connection is still served. `token(chance)` names a new user.
    """

    limit: int
    admit: Callable[[Line, str], str | None]
    is_served: Callable[[Line], bool]
    token: Callable[[random.Random], str]


def tokens_in(path: Path) -> list[str]:
    """The credentials in a file, one a line. ValueError when it cannot be read, or has none."""
    try:
        found = path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: cannot be read: {error}") from error
    if not found:
        raise ValueError(f"{path}: expected credentials, one a line, found none")
    return found
