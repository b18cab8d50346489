"""What any server may do otherwise than our mock, whatever its protocol: these are variants of every mock."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.core.message import Frame, Opcode
from harness.core.variant import on_frame

SPELLING = "JSON has several spellings of one value"


@on_frame(SPELLING, Opcode.TEXT)
def spacious_ascii(frame: Frame, session: Any, now: float) -> Frame:
    """Sorts members, puts spaces between them, and escapes all but ASCII."""
    return _respelled(frame, lambda text: json.dumps(json.loads(text), sort_keys=True))


@on_frame(SPELLING, Opcode.TEXT)
def numbers_of_node(frame: Frame, session: Any, now: float) -> Frame:
    """Prints 85000.0 as 85000, as Node.js does."""
    return _respelled(frame, lambda text: _compact(json.loads(text, parse_float=_whole)))


@on_frame(SPELLING, Opcode.TEXT)
def points_in_all_numbers(frame: Frame, session: Any, now: float) -> Frame:
    """Prints 5 as 5.0, as a server does that knows no whole numbers."""
    return _respelled(frame, lambda text: _compact(json.loads(text, parse_int=float)))


@on_frame("no spec has close codes of its own", Opcode.CLOSE)
def own_close_codes(frame: Frame, session: Any, now: float) -> Frame:
    """Closes with codes of its own, 4000 and above (RFC 6455, 7.4.2), and without reasons."""
    return replace(frame, code=4000 + frame.code % 1000, reason="")


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
