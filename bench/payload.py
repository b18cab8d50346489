"""What is broadcast: a TELEMETRY of the mock itself, so that all peers send what it sends."""

from __future__ import annotations

from pathlib import Path

from bench import machine
from harness import protocols
from harness.core.clock import Clock
from harness.core.message import Frame
from harness.core.session import Request
from harness.scenario.scenario import plain
from harness.scenario.stage import Stage

TICKS = 60  # By then, the logs in the packet have their usual length.


class _Kept:
    """A transport that keeps the newest frame."""

    def __init__(self) -> None:
        self.frame: Frame | None = None

    def send(self, frame: Frame) -> None:
        self.frame = frame

    def hang_up(self) -> None:
        pass


def telemetry() -> Path:
    """A file with the text of one packet, of some 2 KB."""
    stage, kept = Stage(plain(protocols.load("brainstream")), Clock()), _Kept()
    stage.connect(Request("/ws/stream"), kept, 0.0)
    stage.advance(float(TICKS))
    assert kept.frame is not None
    machine.BUILT.mkdir(parents=True, exist_ok=True)
    path = machine.BUILT / "telemetry.json"
    path.write_bytes(kept.frame.data)
    return path
