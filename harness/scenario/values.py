"""How scenario files write values: durations, rates, shares; and the types that say so in the dataclasses they fill."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import Any, NewType

from harness.core.limits import Rate

# The types of fields whose values a scenario file writes in its own way.
Chance = NewType("Chance", float)  # From 0 to 1, written as a percentage.
ServerMessage = NewType("ServerMessage", str)  # A message type of the server.
FieldPath = NewType("FieldPath", str)  # The dotted path of a field of that message.
Changes = NewType("Changes", dict[str, Any])  # Dotted paths, and the values they get.

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_NUMBER = r"\d+(?:\.\d+)?"
_NOT_ZERO = r"(?=[\d.]*[1-9])"
DURATION = rf"{_NUMBER} ?(?:ms|s|m|h|d)"
PERIOD = _NOT_ZERO + DURATION  # What happens every 0 s would happen for ever.
RATE = rf"\d+ per {PERIOD}"
BANDWIDTH = rf"{_NOT_ZERO}\d+ bytes per {PERIOD}"
AFTER = rf"(?:\d+ messages?|{DURATION})"
PERCENTAGE = rf"{_NUMBER}%"


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """So many bytes in so many seconds."""

    count: int
    window_s: float


@dataclass(frozen=True, slots=True)
class After:
    """A number of messages from the server, or a time since the connection opened."""

    messages: int | None = None
    time_s: float | None = None


def duration_s(text: str) -> float:
    """Seconds in a duration.

    >>> [duration_s(t) for t in ("300ms", "1.5s", "4m", "2h", "1d")]
    [0.3, 1.5, 240.0, 7200.0, 86400.0]
    """
    number, unit = _parts(rf"({_NUMBER}) ?(ms|s|m|h|d)", text)
    return float(number) * _UNITS_S[unit] if unit != "ms" else float(number) / 1000


def rate(text: str) -> Rate:
    """A rate.

    >>> rate("3 per 10s")
    Rate(count=3, window_s=10.0)
    """
    count, window = _parts(rf"(\d+) per ({DURATION})", text)
    return Rate(int(count), duration_s(window))


def bandwidth(text: str) -> Bandwidth:
    """A bandwidth.

    >>> bandwidth("2000 bytes per 1s")
    Bandwidth(count=2000, window_s=1.0)
    """
    count, window = _parts(rf"(\d+) bytes per ({DURATION})", text)
    return Bandwidth(int(count), duration_s(window))


def after(text: str) -> After:
    """What comes first of messages and time.

    >>> after("12 messages"), after("20s")
    (After(messages=12, time_s=None), After(messages=None, time_s=20.0))
    """
    if "message" in text:
        return After(messages=int(text.split()[0]))
    return After(time_s=duration_s(text))


def share(text: str) -> Chance:
    """A percentage, from 0 to 1.

    >>> share("5%")
    0.05
    """
    return Chance(float(text.rstrip("%")) / 100)


def key_of(name: str) -> str:
    """The key that stands for a dataclass's field: without the unit, which the value says itself.

    >>> key_of("think_s"), key_of("with_"), key_of("prices")
    ('think', 'with', 'prices')
    """
    return name.removesuffix("_s").removesuffix("_")


def first_key(kind: type[Any]) -> str:
    """The key by which a fault is known: that of its first field."""
    return key_of(dataclasses.fields(kind)[0].name)


def _parts(pattern: str, text: str) -> tuple[str, ...]:
    match = re.fullmatch(pattern, text)
    assert match is not None, f"{text!r} was checked against {pattern!r} before"
    return match.groups()
