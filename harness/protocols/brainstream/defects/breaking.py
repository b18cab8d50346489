"""What many defects are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.core import edits
from harness.core.defect import Defect
from harness.core.message import Problem
from harness.core.session import Close, Effects
from harness.protocols.brainstream.session import BrainStreamSession


def lacking(name: str, breaks: str, path: str, also: tuple[str, ...] = ()) -> Defect:
    """A server whose TELEMETRY lacks the member at a path of its data; `*` stands for each entry of a map or array."""
    return edits.lacking(name, breaks, "TELEMETRY", f"data.{path}", also)


def wrong(name: str, breaks: str, path: str, change: Callable[[Any], Any], also: tuple[str, ...] = ()) -> Defect:
    """A server whose packets have at a path of their data what `change` makes of the value there."""
    return edits.wrong(name, breaks, "", f"data.{path}", change, also)


def picky(name: str, breaks: str, text: str, what: Callable[[Problem], bool], also: tuple[str, ...] = ()) -> Defect:
    """A server that ends the connection for malformed input of one kind."""

    class Picky(BrainStreamSession):
        def refused(self, problem: Problem, now: float) -> Effects:
            return (Close(1003, "malformed"),) if what(problem) else super().refused(problem, now)

    return Defect(name, breaks, also, text, lambda protocol: replace(protocol, session=Picky))


# What a server cannot keep whose connections end at once, or whose clients can be cut off by others.
CUT_OFF = (
    *("BRA-CONN-01", "BRA-CONN-04", "BRA-CONN-05", "BRA-CONN-06", "BRA-CONN-09"),
    *("BRA-SEC-01", "BRA-SEC-03", "BRA-WEL-03", "BRA-STREAM-02", "BRA-STREAM-04"),
    *(f"BRA-CMD-{number:02}" for number in range(1, 11)),
    *(f"BRA-MAL-{number:02}" for number in range(1, 15)),
    *("BRA-MANY-01", "BRA-MANY-02", "BRA-MANY-03"),
)
