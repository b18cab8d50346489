"""Skybit's Error codes: which of them are recoverable, what a user may do, and the refusal that carries one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from harness.core.limits import Rate

# Error Codes: the column "Recoverable". The spec says "Maybe" of ORDER_REJECTED and of INTERNAL_ERROR.
RECOVERABLE = {
    "AUTH_FAILED": False,
    "SESSION_EXPIRED": True,
    "INVALID_REQUEST": True,
    "INSUFFICIENT_FUNDS": True,
    "POSITION_LIMIT": True,
    "RATE_LIMIT": True,
    "MARKET_CLOSED": True,
    "SYMBOL_NOT_FOUND": True,
    "ORDER_REJECTED": False,
    "CONNECTION_ERROR": True,
    "INTERNAL_ERROR": True,
}

SUGGESTIONS = {
    "AUTH_FAILED": ("Sign in again",),
    "SESSION_EXPIRED": ("Send Auth with a new token",),
    "INVALID_REQUEST": ("Correct the message and send it again",),
    "INSUFFICIENT_FUNDS": ("Reduce order quantity", "Deposit additional funds", "Close existing positions"),
    "POSITION_LIMIT": ("Reduce order quantity", "Sell part of the position first"),
    "RATE_LIMIT": ("Wait before sending more",),
    "MARKET_CLOSED": ("Wait until the market opens",),
    "SYMBOL_NOT_FOUND": ("Check the symbol",),
    "ORDER_REJECTED": ("Change the order and ask for a new preview",),
    "CONNECTION_ERROR": ("Connect again",),
    "INTERNAL_ERROR": ("Try again",),
}


class Refusal(Exception):  # noqa: N818 - it is an answer to the client, not a failure of the mock
    """A request is not carried out. It becomes an Error, and with `closes` the end of the connection."""

    def __init__(
        self,
        code: str,
        text: str,
        details: dict[str, Any] | None = None,
        suggestions: Sequence[str] = (),
        closes: bool = False,
    ) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.details = details or {}
        self.suggestions = tuple(suggestions) or SUGGESTIONS[code]
        self.closes = closes

    @property
    def recoverable(self) -> bool:
        """Whether the client may go on after it."""
        return RECOVERABLE[self.code]


def rate_limit(operation: str, rate: Rate, wait_s: float) -> Refusal:
    """The refusal of one message too many; in `wait_s` seconds the next is allowed."""
    details = {
        "operation": operation,
        "limit": rate.count,
        "window_s": rate.window_s,
        "retry_after_s": math.ceil(wait_s * 1000) / 1000,
    }
    text = f"Too many requests: {operation} are limited to {rate}"
    return Refusal("RATE_LIMIT", text, details, (f"Wait {wait_s:.1f} s before sending more",))


def unknown_symbol(word: str, nearest: Sequence[str], known: Iterable[str]) -> Refusal:
    """The refusal of a word that is no symbol: it offers the nearest of those known, or else all of them."""
    meant = f"Did you mean {' or '.join(nearest)}?" if nearest else f"Use one of {', '.join(known)}"
    details = {"symbol": word[:100], "nearest": list(nearest)}
    return Refusal("SYMBOL_NOT_FOUND", f"There is no symbol {word[:100]!r} here", details, (meant,))
