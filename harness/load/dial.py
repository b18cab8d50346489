"""How a connection is opened: the URL, and what the handshake says beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from harness.core.redact import query_without_secrets


@dataclass(frozen=True, slots=True)
class Dial:
    """Where to connect, and the headers and subprotocols to offer."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    subprotocols: Sequence[str] = ()


def with_query(url: str, **parameters: str) -> str:
    """The URL with these parameters in its query, in place of those of the same names.

    >>> with_query("ws://host/ws?stage=a&token=old", token="b c")
    'ws://host/ws?stage=a&token=b+c'
    """
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **parameters}
    return urlunsplit(parts._replace(query=urlencode(query)))


def http_url(url: str, path: str) -> str:
    """What the server of a WebSocket URL has at this path, over plain HTTP; the query stays.

    >>> http_url("wss://host:8000/ws?stage=a", "/login")
    'https://host:8000/login?stage=a'
    """
    parts = urlsplit(url)
    return urlunsplit(parts._replace(scheme="https" if parts.scheme == "wss" else "http", path=path))


def without_secrets(url: str) -> str:
    """The URL as it may be shown and kept.

    >>> without_secrets("ws://host/ws?stage=a&token=abc")
    'ws://host/ws?stage=a&token=(hidden)'
    """
    parts = urlsplit(url)
    shown = query_without_secrets(dict(parse_qsl(parts.query, keep_blank_values=True)))
    host = parts.netloc.rpartition("@")[2]  # Ahead of an @ there may be a name and a password.
    return urlunsplit(parts._replace(netloc=host, query=urlencode(shown, safe="()/")))
