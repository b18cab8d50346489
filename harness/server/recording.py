"""Conversations on disk: `--record DIR` keeps every connection's whole conversation, without secrets."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

log = logging.getLogger("harness.server")

MAX_RECORDING_BYTES = 64 * 1024 * 1024  # Per connection.


@dataclass(frozen=True)
class Recordings:
    """A folder with one file for each connection, named by protocol, stage, number of the connection, and time."""

    folder: Path

    def begin(self, protocol: str, stage: str, number: int) -> Recording:
        """Record the connection that has just opened."""
        # The stage's name is the client's own: it must not lead out of the folder.
        safe = re.sub(r"[^A-Za-z0-9_-]", "-", stage)[:40]
        return Recording(self.folder / f"{protocol}-{safe}-{number:05d}-{datetime.now(UTC):%Y%m%dT%H%M%S}.jsonl")


class Recording:
    """One connection's file. What cannot be written is logged, and never disturbs the connection."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._left_bytes = MAX_RECORDING_BYTES
        self._file: TextIO | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Line by line, so that a recording is whole even when the mock is killed.
            self._file = path.open("x", encoding="utf-8", errors="backslashreplace", buffering=1)
        except OSError as error:
            log.warning("cannot record to %s: %s", path, error.strerror)

    def write(self, line: str) -> None:
        """Append one line."""
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

    def end(self) -> None:
        """The connection is over."""
        if self._file is not None:
            self._file.close()
            self._file = None
