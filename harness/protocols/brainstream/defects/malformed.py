"""Broken servers, at malformed messages."""

from __future__ import annotations

from typing import Any

from harness.core.change import nth
from harness.core.defect import in_protocol, in_session
from harness.core.message import Problem, field_of
from harness.core.session import Close, Effects, Send
from harness.protocols.brainstream.defects.breaking import CUT_OFF, picky
from harness.protocols.brainstream.session import BrainStreamSession
from harness.protocols.brainstream.world import PACKETS, TELEMETRY

PATIENCE = 50  # Malformed messages.
DEPTH = 100

BINARY = "a binary frame"
EMPTY = "empty document"
IGNORED = ("BRA-MAL-14",)


def _type_of(problem: Problem) -> Any:
    return (problem.message or {}).get("type")


wants_json = picky(
    "wants-json",
    "BRA-MAL-01",
    "Ends the connection at text that is no JSON.",
    lambda problem: "no JSON" in problem.found and EMPTY not in problem.found,
    also=("BRA-MAL-02", "BRA-MAL-11", "BRA-MAL-14"),
)


@in_session("BRA-MAL-01", also=("BRA-PKT-02", "BRA-MAL-02", "BRA-MAL-11", "BRA-MAL-14"))
class ComplainsOfText(BrainStreamSession):
    """Answers text that is no JSON by an error."""

    def refused(self, problem: Problem, now: float) -> Effects:
        return (Send({"type": "ERROR", "message": str(problem)}),) if "no JSON" in problem.found else ()


wants_text = picky(
    "wants-text",
    "BRA-MAL-02",
    "Ends the connection at an empty frame.",
    lambda problem: EMPTY in problem.found,
    IGNORED,
)
wants_objects = picky(
    "wants-objects",
    "BRA-MAL-03",
    "Ends the connection at JSON that is no object.",
    lambda problem: problem.found.startswith("JSON of type"),
    also=("BRA-MAL-11", "BRA-MAL-14"),
)
wants_a_type = picky(
    "wants-a-type",
    "BRA-MAL-04",
    "Ends the connection at an object without type.",
    lambda problem: problem.message is not None and "type" not in problem.message,
    IGNORED,
)
wants_a_word = picky(
    "wants-a-word",
    "BRA-MAL-05",
    "Ends the connection at a type that is no string.",
    lambda problem: problem.message is not None and not isinstance(problem.message.get("type", ""), str),
    IGNORED,
)
wants_known_types = picky(
    "wants-known-types",
    "BRA-MAL-06",
    "Ends the connection at a type that it does not know, but for what a server sends.",
    lambda problem: isinstance(_type_of(problem), str) and _type_of(problem) not in ("SUBSCRIBE", "TELEMETRY"),
    also=("BRA-MAL-09", "BRA-MAL-10", "BRA-MAL-14"),
)
wants_no_bytes = picky(
    "wants-no-bytes", "BRA-MAL-07", "Ends the connection at a binary frame.", lambda problem: problem.found == BINARY
)
wants_symbols = picky(
    "wants-symbols",
    "BRA-MAL-08",
    "Ends the connection at a SUBSCRIBE without a symbol.",
    lambda problem: _type_of(problem) == "SUBSCRIBE",
)


def _depth(value: Any) -> int:
    depth = 0
    while isinstance(value, list) and value:
        depth, value = depth + 1, value[0]
    return depth


wants_it_flat = picky(
    "wants-it-flat",
    "BRA-MAL-09",
    "Ends the connection at JSON that is nested deep.",
    lambda problem: _depth((problem.message or {}).get("data")) > DEPTH,
)
wants_it_short = in_protocol(
    "wants-it-short",
    "BRA-MAL-10",
    "Ends the connection at a message of more than 32 KB.",
    max_message_bytes=32 * 1024,
)


@in_session("BRA-MAL-11")
class LosesPatience(BrainStreamSession):
    """Ends the connection at the fiftieth malformed message."""

    def refused(self, problem: Problem, now: float) -> Effects:
        return (Close(1008, "too many"),) if nth(self, "malformed") == PATIENCE else ()


@in_session("BRA-MAL-12", also=CUT_OFF)
class FallsOverText(BrainStreamSession):
    """Cuts all its other clients off at text that is no JSON."""

    def refused(self, problem: Problem, now: float) -> Effects:
        if "no JSON" in problem.found:
            self.context.topics.leave_all(self)
            self.world.tell("gone", None, now)
        return ()


@in_session("BRA-MAL-13")
class PassesPacketsOn(BrainStreamSession):
    """Tells all clients of the symbol that a client tells of, and nothing else."""

    def refused(self, problem: Problem, now: float) -> Effects:
        market = field_of(problem.message or {}, "data.market")
        if _type_of(problem) == "TELEMETRY" and isinstance(market, dict) and list(market) == ["symbol"]:
            data = {**self.world.data, "market": {**self.world.data["market"], **market}}
            self.context.topics.publish(TELEMETRY, {"type": "TELEMETRY", "data": data}, now)
        return ()


wants_members = picky(
    "wants-members",
    "BRA-MAL-14",
    "Ends the connection at a packet whose data is no object.",
    lambda problem: _type_of(problem) in PACKETS and not isinstance((problem.message or {}).get("data", {}), dict),
)


@in_session("BRA-MAL-14", also=("BRA-STREAM-02",))
class LooksTypesUp(BrainStreamSession):
    """Sends nothing more to a client whose message has an empty list for a type."""

    def refused(self, problem: Problem, now: float) -> Effects:
        if _type_of(problem) == []:
            self.context.topics.leave_all(self)
        return ()
