"""Messages, and what everything that moves or refuses one needs to say about it.

A *message* is one decoded JSON object; on the wire it is a text frame.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, Literal

Message = dict[str, Any]


class Opcode(IntEnum):
    """The opcodes of RFC 6455, section 5.2, that reach an application."""

    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


@dataclass(frozen=True, slots=True)
class Frame:
    """One whole WebSocket message or control frame, as bytes; fragments are already joined.

    `code` and `reason` belong to CLOSE only. Code 1005 stands for a close frame without a code
    (RFC 6455, 7.1.5), and is never sent.
    """

    opcode: Opcode
    data: bytes = b""
    code: int = 1005
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a frame is not a message that may be sent here: the place, what was expected, what was found."""

    kind: Literal["encoding", "json", "shape"]
    where: str
    expected: str
    found: str
    message: Message | None = None

    def __str__(self) -> str:
        return f"{self.where or 'message'}: expected {self.expected}, found {self.found}"


def rfc3339(epoch_s: float, places: int = 3) -> str:
    """Epoch seconds as an RFC 3339 UTC timestamp with `places` decimals of a second.

    >>> rfc3339(1705314600.145)
    '2024-01-15T10:30:00.145Z'
    >>> rfc3339(1705314600.9, places=0)
    '2024-01-15T10:30:00Z'
    """
    # Rounding to the microsecond first keeps 0.145 from being cut to 144 ms.
    micros = round(epoch_s * 1_000_000)
    text = datetime.fromtimestamp(micros // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    if places == 0:
        return text + "Z"
    return f"{text}.{micros % 1_000_000:06d}"[: 20 + places] + "Z"


def epoch_s(timestamp: str) -> float:
    """Epoch seconds of an RFC 3339 timestamp; ValueError when it is none.

    >>> epoch_s("2024-01-15T10:30:00.145Z")
    1705314600.145
    """
    moment = datetime.fromisoformat(timestamp)
    if moment.tzinfo is None:
        raise ValueError(f"a timestamp with a zone was expected, found {timestamp!r}")
    return moment.timestamp()


def uuid4(chance: random.Random) -> str:
    """A version 4 UUID drawn from `chance`, so that the same seed gives the same ids."""
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def merged(base: Message, changes: Message) -> Message:
    """A copy of `base` in which each dotted path of `changes` has its new value.

    >>> merged({"type": "Status", "data": {"filled": 0, "remaining": 2}}, {"data.filled": 1})
    {'type': 'Status', 'data': {'filled': 1, 'remaining': 2}}
    """
    result: Message = _copied(base)
    for path, value in changes.items():
        *parents, last = path.split(".")
        place = result
        for name in parents:
            child = place.get(name)
            if not isinstance(child, dict):
                child = place[name] = {}
            place = child
        place[last] = value
    return result


def leaves(message: Message, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Each value of `message` that is no object, with its dotted path."""
    for name, value in message.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(child) for name, child in value.items()}
    if isinstance(value, list):
        return [_copied(child) for child in value]
    return value
