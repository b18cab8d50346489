"""Messages, and what everything that moves or refuses one needs to say about it.

A *message* is one decoded JSON object; on the wire it is a text frame.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from functools import lru_cache
from typing import Any, Literal

Message = dict[str, Any]

# RFC 3339, 5.6, in two parts. `datetime.fromisoformat` alone would read all of ISO 8601.
_SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", re.ASCII | re.IGNORECASE)
_SECOND_CHARACTERS = len("2024-01-15T10:30:00")
_FRACTION_AND_ZONE = re.compile(r"(\.\d+)?(Z|[+-]\d\d:[0-5]\d)", re.ASCII | re.IGNORECASE)
_CALENDAR_S = 400 * 365.2425 * 86_400  # After which the days of the Gregorian calendar repeat.

# RFC 9562, 5.4: the version is in the bits from 76 on, the variant in those from 62 on.
_UUID4_FREE = (1 << 128) - 1 & ~(0xF << 76) & ~(0x3 << 62)
_UUID4_FIXED = 0x4 << 76 | 0x2 << 62


class Opcode(IntEnum):
    """The opcodes of RFC 6455, section 5.2, that reach an application."""

    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


@dataclass(slots=True, unsafe_hash=True)  # Not frozen, for the sake of speed; nothing changes one all the same.
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
    """Why a frame is not a message that may be sent here: the place (a dotted path), what was expected and found.

    `hint` is the right word that is nearest to the wrong one, if there is one.
    """

    kind: Literal["json", "shape"]
    where: str
    expected: str
    found: str
    message: Message | None = None
    hint: str | None = None

    def __str__(self) -> str:
        text = f"{self.where or 'message'}: expected {self.expected}, found {self.found}"
        return f"{text}; did you mean {self.hint}?" if self.hint else text


def is_close_code(code: int) -> bool:
    """Whether a close frame may have this code (RFC 6455, 7.4.1 and 7.4.2; 1012 to 1014 by the registry of IANA).

    >>> [is_close_code(code) for code in (1000, 1005, 1006, 1014, 1015, 2999, 3000, 4999, 5000)]
    [True, False, False, True, False, False, True, True, False]
    """
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999


@lru_cache(maxsize=64)  # One moment stands more than once in many an answer, and in what goes to many.
def rfc3339(epoch_s: float, places: int = 3) -> str:
    """Epoch seconds as an RFC 3339 UTC timestamp with `places` decimals of a second.

    >>> rfc3339(1705314600.145)
    '2024-01-15T10:30:00.145Z'
    >>> rfc3339(1705314600.9, places=0)
    '2024-01-15T10:30:00Z'
    """
    # Rounding to the microsecond first keeps 0.145 from being cut to 144 ms.
    whole_s, micros = divmod(round(epoch_s * 1_000_000), 1_000_000)
    text = _whole_second(whole_s)
    if places == 0:
        return text + "Z"
    return f"{text}.{micros:06d}"[: 20 + places] + "Z"


@lru_cache(maxsize=64)
def _whole_second(epoch_s: int) -> str:
    # Kept, since many messages are made within one second, and this is the slow part of their timestamps.
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def epoch_s(timestamp: str) -> float:
    """Epoch seconds of an RFC 3339 timestamp; ValueError when it is none.

    >>> epoch_s("2024-01-15T10:30:00.145Z")
    1705314600.145
    >>> epoch_s("2016-12-31T23:59:60Z") == epoch_s("2017-01-01T00:00:00Z")
    True
    """
    rest = _FRACTION_AND_ZONE.fullmatch(timestamp, _SECOND_CHARACTERS)
    if rest is None:
        raise ValueError(f"expected a timestamp by RFC 3339, found {timestamp!r}")
    fraction, zone = rest.groups()
    return _whole_second_s(timestamp[:_SECOND_CHARACTERS], zone) + float(fraction or 0)


@lru_cache(maxsize=64)
def _whole_second_s(second: str, zone: str) -> float:
    # Kept, since many messages come within one second, and this is the slow part of reading their timestamps.
    if _SECOND.fullmatch(second) is None:
        raise ValueError(f"expected a timestamp by RFC 3339, found one that begins by {second!r}")
    if second.startswith("0000"):  # RFC 3339, 1 begins by this year, datetime by the next.
        return _whole_second_s("0400" + second[4:], zone) - _CALENDAR_S
    minute, seconds = second[:-3], int(second[-2:])
    whole_s = datetime.fromisoformat(f"{minute}:00{zone}".upper()).timestamp() + seconds
    # A leap second (RFC 3339, 5.7) is unknown to datetime: it is the one after the 59th, and ends a day.
    if seconds > 59 and (seconds > 60 or whole_s % 86_400):
        raise ValueError(f"expected a second of its minute, or a leap second at the end of a day, found {second!r}")
    return whole_s


def is_timestamp(text: str) -> bool:
    """Whether `text` is an RFC 3339 timestamp, so that `epoch_s` reads it.

    >>> [is_timestamp(t) for t in ("2024-01-15T10:30:00Z", "2024-01-15", "2024-02-30T10:30:00Z")]
    [True, False, False]
    """
    try:
        epoch_s(text)
    except ValueError:
        return False
    return True


def uuid4(chance: random.Random) -> str:
    """A version 4 UUID drawn from `chance`, so that the same seed gives the same ids."""
    digits = (chance.getrandbits(128) & _UUID4_FREE | _UUID4_FIXED).to_bytes(16, "big").hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


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


def field_of(message: Message, path: str) -> Any:
    """The value at a dotted path of a message, or None when it is not there."""
    value: Any = message
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def places(value: Any, path: str) -> Iterator[tuple[Any, Any]]:
    """Each (container, key) that a dotted path leads to and that is there; `*` stands for each entry.

    >>> message = {"fills": [{"price": 1.5}, {"price": 2.5}, {}], "sums": {"price": 4.0}}
    >>> [container[key] for container, key in places(message, "fills.*.price")]
    [1.5, 2.5]
    >>> [key for _, key in places(message, "*.price")]
    ['price']
    """
    first, _, rest = path.partition(".")
    if isinstance(value, dict):
        keys = list(value) if first == "*" else [first] if first in value else []
    else:
        keys = list(range(len(value))) if first == "*" and isinstance(value, list) else []
    for key in keys:
        if rest:
            yield from places(value[key], rest)
        else:
            yield value, key


def put(message: Message, path: str, change: Callable[[Any], Any]) -> Message:
    """The message itself, in which each value that `path` leads to (see `places`) is what `change` makes of it.

    >>> put({"fills": [{"price": 1.5}, {"price": 2.5}]}, "fills.*.price", lambda price: 2 * price)
    {'fills': [{'price': 3.0}, {'price': 5.0}]}
    """
    for container, key in list(places(message, path)):
        container[key] = change(container[key])
    return message


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(child) for name, child in value.items()}
    if isinstance(value, list):
        return [_copied(child) for child in value]
    return value
