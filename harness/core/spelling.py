"""How any server may write its JSON otherwise than our mock. These variants hold for every protocol."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.core.message import Frame, Opcode
from harness.core.variant import on_frame

READING = "JSON has several spellings of one value"


@on_frame(READING, Opcode.TEXT)
def spacious_ascii(frame: Frame, session: Any, now: float) -> Frame:
    """Sorts members, puts spaces between them, and escapes all but ASCII."""
    return _respelled(frame, lambda text: json.dumps(json.loads(text), sort_keys=True))


@on_frame(READING, Opcode.TEXT)
def numbers_of_node(frame: Frame, session: Any, now: float) -> Frame:
    """Prints 85000.0 as 85000, as Node.js does."""
    return _respelled(frame, lambda text: _compact(json.loads(text, parse_float=_whole)))


@on_frame(READING, Opcode.TEXT)
def points_in_all_numbers(frame: Frame, session: Any, now: float) -> Frame:
    """Prints 5 as 5.0, as a server does that knows no whole numbers."""
    return _respelled(frame, lambda text: _compact(json.loads(text, parse_int=float)))


def _respelled(frame: Frame, spell: Callable[[bytes], str]) -> Frame:
    try:
        return replace(frame, data=spell(frame.data).encode())
    except ValueError:
        return frame  # A scenario sends what is no JSON.


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _whole(text: str) -> int | float:
    value = float(text)
    return int(value) if value.is_integer() else value
