"""What a protocol is to the engine: one value that names its parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.core.http import Endpoint, HttpReply
from harness.core.message import Frame, Message
from harness.core.session import Request, Session
from harness.core.world import World

# One outgoing message in, what really goes out instead: none, one or several.
MessageFilter = Callable[[Message, Session[Any, Any], float], Iterable[Message]]
# The same for frames, pings, pongs and closes included.
FrameFilter = Callable[[Frame, Session[Any, Any], float], Iterable[Frame]]
# (world, rules, request, now) -> the HTTP answer that refuses an opening handshake, or None to accept it. It is pure,
# as sessions are; nothing is negotiated yet when it is asked.
Admission = Callable[[Any, Any, Request, float], HttpReply | None]


@dataclass(frozen=True)
class Protocol:
    """One API. A folder under `harness/protocols/` makes one of these, called PROTOCOL, and nothing else registers it.

    `facts` and `rules` are instances of frozen dataclasses and hold the defaults: what a scenario may say of the
    world, and the limits and timers of the spec. Filters are empty but for scenarios that misbehave and for defects.
    """

    name: str
    title: str
    paths: tuple[str, ...]
    folder: Path
    world: type[World[Any]]
    session: type[Session[Any, Any]]
    facts: Any
    rules: Any
    message_filters: tuple[MessageFilter, ...] = ()
    frame_filters: tuple[FrameFilter, ...] = ()
    admit: Admission | None = None  # Who is turned away before there is a connection; None: nobody.
    http: tuple[Endpoint, ...] = ()  # What is served over plain HTTP, at the same host and port.
    reads_binary: bool = True  # Whether JSON in a binary frame is as good as in a text frame.
    max_message_bytes: int = 1024 * 1024  # Of a client's message, after decompression.
    subprotocols: tuple[str, ...] = ()  # Those that the server knows; the first that a client offers is selected.
    deflate: bool = True  # Whether permessage-deflate (RFC 7692) is accepted when a client offers it.
    hint: str = ""  # What a newcomer needs to connect by hand, such as demo credentials; one line.
