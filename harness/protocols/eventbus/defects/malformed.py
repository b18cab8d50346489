"""Broken servers, at one malformed thing among many that clients may say."""

from __future__ import annotations

from harness.core.defect import in_session
from harness.core.message import Problem
from harness.core.session import Effects, HangUp, Send
from harness.protocols.eventbus.session import EventBusSession


@in_session("EVB-CONN-19")
class KnowsNoNull(EventBusSession):
    """Cuts the connection of a client that says null."""

    def refused(self, problem: Problem, now: float) -> Effects:
        return (HangUp(),) if problem.found == "JSON of type null" else ()


@in_session("EVB-CONN-19")
class NeedsTypes(EventBusSession):
    """Sends no more events to a client that has said something without type."""

    def refused(self, problem: Problem, now: float) -> Effects:
        if problem.message and "type" not in problem.message:
            self.context.topics.leave_all(self)
        return ()


@in_session("EVB-CONN-19", also=("EVB-ENV-02", "EVB-ENV-03", "EVB-ENV-04", "EVB-ENV-05", "EVB-ENV-09"))
class AsksForIds(EventBusSession):
    """Asks back when the id of an event is no number."""

    def refused(self, problem: Problem, now: float) -> Effects:
        is_number = isinstance((problem.message or {}).get("id", 0), int)
        return () if is_number else (Send({"error": "id must be a number"}),)
