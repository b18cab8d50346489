"""Conversations on disk: `--record DIR` keeps every connection's whole conversation, without secrets."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from harness.core.conversation import Conversation, Entry, Sender, as_line
from harness.core.message import Frame
from harness.core.redact import query_without_secrets, without_secrets
from harness.core.session import Request
from harness.scenario.driver import Driver

log = logging.getLogger("harness.server")

MAX_RECORDING_BYTES = 64 * 1024 * 1024  # Per connection.


@dataclass(frozen=True)
class Recordings:
    """A folder with one file for each connection, named by protocol, stage, number of the connection, and time."""

    folder: Path

    def begin(self, driver: Driver, stage: str, number: int, opening: Request) -> Recording:
        """Record the connection that has just opened."""
        now = datetime.now(UTC)
        protocol = driver.stage.protocol.name
        about = {
            "protocol": protocol,
            "scenario": driver.stage.scenario.name,
            "stage": stage,
            "connection": number,
            "opened": now.isoformat(),
            "path": opening.path,
            "query": query_without_secrets(opening.query),
            "deflate": opening.deflate,
        }
        # The stage's name is the client's own: it must not lead out of the folder.
        safe = re.sub(r"[^A-Za-z0-9_-]", "-", stage)[:40]
        name = f"{protocol}-{safe}-{number:05d}-{now:%Y%m%dT%H%M%S}.jsonl"
        return Recording(self.folder / name, about, driver)


class Recording:
    """One connection's file. What cannot be written is logged, and never disturbs the connection."""

    def __init__(self, path: Path, about: dict[str, object], driver: Driver) -> None:
        self._path = path
        self._driver = driver
        self._began_s = driver.now()
        self._left_bytes = MAX_RECORDING_BYTES
        self._file: TextIO | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Line by line, so that a recording is whole even when the mock is killed.
            self._file = path.open("x", encoding="utf-8", errors="backslashreplace", buffering=1)
        except OSError as error:
            log.warning("cannot record to %s: %s", path, error.strerror)
        for line in Conversation(about).to_lines():
            self._write(line)

    def __call__(self, sender: Sender, frame: Frame) -> None:
        """`sender` sent this frame just now."""
        if self._file is not None:
            entry = Entry(self._driver.now() - self._began_s, sender, without_secrets(frame))
            self._write(json.dumps(as_line(entry), ensure_ascii=False))

    def end(self) -> None:
        """The connection is over."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, line: str) -> None:
        if self._file is None:
            return
        self._left_bytes -= len(line)
        if self._left_bytes < 0:
            log.warning("%s has reached %d bytes: no more is recorded", self._path, MAX_RECORDING_BYTES)
            self.end()
            return
        try:
            self._file.write(line + "\n")
        except OSError as error:
            log.warning("recording to %s ends: %s", self._path, error.strerror)
            self.end()
