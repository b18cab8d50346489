"""Reading JSON that a stranger sent: what no receiver need bear is refused, before it trips whoever looks at it."""

from __future__ import annotations

import json
import math
import re
from typing import Any

MAX_DEPTH = 200  # RFC 8259, 9: a receiver may limit the depth. No message is nested so deep; Python bears about 900.

_LARGE = re.compile(rb"\d{20}|[eE]\+?\d{3}")  # What may be a number beyond those that a double holds, or an integer.
_TEXT_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"|[][{}]')
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")  # What may be one half of a pair of surrogates.


def read_json(data: bytes) -> Any:
    """The value that this is the JSON of.

    ValueError for what is no JSON by RFC 8259, and for what it leaves to the receiver: numbers that no double holds
    (6), halves of characters (8.2), nesting without measure (9). NaN and Infinity are read, so that a check can tell.
    """
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH and _depth(data) > MAX_DEPTH:
        raise ValueError(f"JSON that is nested more than {MAX_DEPTH} deep")
    parse_float, parse_int = (_finite, _whole) if _LARGE.search(data) else (None, None)
    value = json.loads(data.decode(), parse_float=parse_float, parse_int=parse_int)
    if _HALF.search(data):
        json.dumps(value, ensure_ascii=False).encode()  # UnicodeEncodeError, a ValueError, says which.
    return value


def _depth(data: bytes) -> int:
    """How deep it is nested at most, brackets in texts left out; as soon as it is too deep, that."""
    depth = deepest = 0
    for found in _TEXT_OR_BRACKET.finditer(data):
        depth += (found[0] in b"[{") - (found[0] in b"]}")
        deepest = max(deepest, depth)
        if deepest > MAX_DEPTH:
            break
    return deepest


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number that no double holds")
    return number


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) < 20 else _finite(digits)
