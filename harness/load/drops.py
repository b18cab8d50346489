"""The ways in which all users lose their connections at once."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, urlsplit

import orjson

from harness.load.seats import Line
from harness.load.storm import Drop

DROPPED_WITHIN_S = 10.0
RESTART_WITHIN_S = 300.0
CONTROL_TIMEOUT_S = 10.0


def _cut(lines: list[Line]) -> None:
    for line in lines:
        line.cut()


def cut(protocol: str, url: str) -> Drop:
    """The users' own connections break, as when a whole network goes down."""
    return Drop("the users cut them all", _cut, DROPPED_WITHIN_S)


def mock(protocol: str, url: str) -> Drop:
    """Our mock closes them, by its control interface."""

    def close_all(lines: list[Line]) -> None:
        where = control_of(protocol, url)
        body = orjson.dumps({"code": 1012, "reason": "restarting"})
        request = urllib.request.Request(where, body, {"Content-Type": "application/json"})  # noqa: S310 - http(s)
        try:
            urllib.request.urlopen(request, timeout=CONTROL_TIMEOUT_S).close()  # noqa: S310
        except (urllib.error.URLError, OSError) as error:
            words = "--storm mock needs our mock, on this machine; of another server, use --storm cut or restart"
            raise ValueError(f"{where}: {error}. {words}") from error

    return Drop("the mock closed them all, with 1012", close_all, DROPPED_WITHIN_S)


def restart(protocol: str, url: str) -> Drop:
    """Somebody restarts the server, when told to."""

    def ask(lines: list[Line]) -> None:
        print(f"Restart the server now: {len(lines)} users wait for it, for {RESTART_WITHIN_S:g} s.", file=sys.stderr)

    return Drop("the server was restarted", ask, RESTART_WITHIN_S)


DROPS: Mapping[str, Callable[[str, str], Drop]] = {"cut": cut, "mock": mock, "restart": restart}


def control_of(protocol: str, url: str) -> str:
    """Where the mock at this URL is told to close all connections of the stage that the URL leads to.

    >>> control_of("skybit", "ws://127.0.0.1:8000/artifact/v1?stage=mine")
    'http://127.0.0.1:8000/_harness/stages/skybit/mine/close'
    """
    parts = urlsplit(url)
    stage = parse_qs(parts.query).get("stage", ["default"])[0]
    scheme = "https" if parts.scheme == "wss" else "http"
    return f"{scheme}://{parts.netloc}/_harness/stages/{protocol}/{stage}/close"
