"""A connection's record, line by line while it happens: made once, and handed to all who keep it or pass it on."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterable
from datetime import UTC, datetime

from harness.core.conversation import Conversation, Entry, Sender, as_line
from harness.core.message import Frame
from harness.core.redact import query_without_secrets, without_secrets
from harness.core.session import Request
from harness.scenario.driver import Driver


class Sink(typing.Protocol):
    """Where the lines of one connection go. It disturbs the connection neither by waiting nor by raising."""

    def write(self, line: str) -> None:
        """Take one line, without its end; the first is the header of the conversation."""

    def end(self) -> None:
        """Take note that the connection is over."""


class Keeper(typing.Protocol):
    """Who keeps, or passes on, what is said on every connection, such as a folder of recordings."""

    def begin(self, protocol: str, stage: str, number: int) -> Sink:
        """Where the lines of the connection go that has just opened."""


class Lines:
    """The witness of one connection: makes a line of each frame, without secrets, and hands it to every keeper."""

    def __init__(self, keepers: Iterable[Keeper], driver: Driver, stage: str, number: int, opening: Request) -> None:
        protocol = driver.stage.protocol.name
        about = {
            "protocol": protocol,
            "scenario": driver.stage.scenario.name,
            "stage": stage,
            "connection": number,
            "opened": datetime.now(UTC).isoformat(),
            "path": opening.path,
            "query": query_without_secrets(opening.query),
            "deflate": opening.deflate,
        }
        self._driver = driver
        self._began_s = driver.now()
        self._sinks = [keeper.begin(protocol, stage, number) for keeper in keepers]
        for line in Conversation(about).to_lines():
            self._write(line)

    def __call__(self, sender: Sender, frame: Frame) -> None:
        """`sender` sent this frame just now."""
        entry = Entry(self._driver.now() - self._began_s, sender, without_secrets(frame))
        self._write(json.dumps(as_line(entry), ensure_ascii=False))

    def end(self) -> None:
        """The connection is over."""
        for sink in self._sinks:
            sink.end()

    def _write(self, line: str) -> None:
        for sink in self._sinks:
            sink.write(line)
