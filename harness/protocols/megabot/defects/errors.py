"""Broken servers, in errors and in what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from harness.core.defect import Defect, in_rules
from harness.core.edits import lacking, wrong
from harness.core.message import Problem
from harness.core.session import Effects
from harness.protocols.megabot.defects.connection import Deaf
from harness.protocols.megabot.session import MegabotSession

ERROR = "connection_error"
no_error = lacking("errors-without-name", "MEG-ERR-01", ERROR, "payload.error", also=("MEG-AUTH-19",))
no_message = lacking("errors-without-words", "MEG-ERR-02", ERROR, "payload.message")
codes_in_words = wrong("codes-in-words", "MEG-ERR-03", ERROR, "payload.code", str, also=("MEG-AUTH-18", "MEG-ERR-04"))
another_code = wrong(
    "another-code", "MEG-ERR-04", ERROR, "payload.code", lambda v: 400 if v == 401 else v, also=("MEG-AUTH-18",)
)

What = Callable[[Problem], bool]


def deafened(name: str, breaks: str, text: str, what: What, also: tuple[str, ...] = ()) -> Defect:
    """A server that hears nothing more of a client after malformed input of one kind."""

    class Deafened(Deaf):
        def refused(self, problem: Problem, now: float) -> Effects:
            self.deaf = what(problem)
            return super().refused(problem, now)

    return Defect(name, breaks, also, text, lambda protocol: replace(protocol, session=Deafened))


def overlooks(name: str, breaks: str, text: str, what: What, also: tuple[str, ...] = ("MEG-VAL-11",)) -> Defect:
    """A server that says nothing about malformed input of one kind."""

    class Careless(MegabotSession):
        def refused(self, problem: Problem, now: float) -> Effects:
            return () if what(problem) else super().refused(problem, now)

    return Defect(name, breaks, also, text, lambda protocol: replace(protocol, session=Careless))


def _type_of(problem: Problem) -> object:
    return (problem.message or {}).get("type")


def _is(where: str, kind: str = "chat_send") -> What:
    return lambda problem: problem.where == where and _type_of(problem) == kind


deaf_to_words = deafened(
    "deaf-after-words", "MEG-ERR-05", "Is deaf after plain words.", lambda p: p.found.startswith("text")
)
deaf_to_lists = deafened("deaf-after-lists", "MEG-ERR-06", "Deaf after a list.", lambda p: p.found.startswith("JSON"))
deaf_to_bytes = deafened(
    "deaf-after-bytes", "MEG-ERR-07", "Is deaf after a binary frame.", lambda p: p.found == "a binary frame"
)
deaf_to_the_unknown = deafened(
    "deaf-after-the-unknown", "MEG-ERR-08", "Is deaf after an unknown type.", _is("type", "chat_shout")
)
deaf_to_replies = deafened(
    "deaf-after-replies", "MEG-ERR-09", "Is deaf after a chat_receive.", _is("type", "chat_receive")
)
needs_no_id = overlooks("overlooks-no-id", "MEG-VAL-01", "Says nothing to a message without id.", _is("id"))
needs_no_type = overlooks(
    "overlooks-no-type", "MEG-VAL-02", "Says nothing to a message without type.", lambda p: _type_of(p) is None
)
needs_no_payload = overlooks(
    "overlooks-no-payload", "MEG-VAL-03", "Says nothing to a message without payload.", _is("payload")
)
needs_no_content = overlooks(
    "overlooks-no-content",
    "MEG-VAL-04",
    "Says nothing to a chat without content.",
    lambda p: p.where == "payload.content" and p.found == "nothing",
)
needs_no_words = overlooks(
    "overlooks-empty-content",
    "MEG-VAL-05",
    "Says nothing to a chat with empty content.",
    lambda p: p.where == "payload.content" and p.found == '""',
)
needs_no_text = overlooks(
    "overlooks-other-content",
    "MEG-VAL-06",
    "Says nothing to a chat with a number for content.",
    lambda p: p.where == "payload.content" and p.found == "42",
)
any_length = in_rules("any-length", "MEG-VAL-07", "Answers content of any length.", content_chars=1_000_000)
needs_no_tool = overlooks(
    "overlooks-no-tool", "MEG-VAL-08", "Says nothing to a call of no tool.", _is("payload.tool_name", "tool_call")
)
needs_no_execution_id = overlooks(
    "overlooks-no-execution-id",
    "MEG-VAL-09",
    "Says nothing to a call without execution_id.",
    _is("payload.execution_id", "tool_call"),
)
