"""What a protocol serves over plain HTTP, beside its WebSocket: a login, or a state that somebody polls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request, as far as a protocol may look at it. Names of headers are in lower case."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class HttpReply:
    """The answer: an HTTP status, and a body that goes out as JSON."""

    body: Any
    status: int = 200


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route. `answer(world, rules, request, now)` is pure, as sessions are."""

    method: str
    path: str
    answer: Callable[[Any, Any, HttpRequest, float], HttpReply]
