"""Broken servers, at errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from harness.core.defect import Defect, in_session, on_message
from harness.core.message import Message, Problem, merged
from harness.core.session import Close, Effects, Session
from harness.protocols.sigmax.defects.edits import lacking, wrong
from harness.protocols.sigmax.errors import Refusal, cannot
from harness.protocols.sigmax.selection import Selection
from harness.protocols.sigmax.session import SigmaxSession

error_without_words = lacking("error-without-words", "SIG-ERR-01", "error", "data.error")
details_null = wrong("details-null", "SIG-ERR-03", "error", "data.details", lambda v: None)


@on_message("SIG-ERR-02", "error")
def code_in_lower_case(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Says of data of a wrong shape that it is bad data, in these words."""
    is_shape = message["data"]["details"].startswith("data.topics")
    return merged(message, {"data.code": "bad data"}) if is_shape else message


def _misnames(name: str, breaks: str, text: str, what: Callable[[Problem], object]) -> Defect:
    """A server that has another code for malformed input of one kind."""

    class Misnaming(SigmaxSession):
        def refused(self, problem: Problem, now: float) -> Effects:
            if what(problem):
                return (self.refuse(Refusal("INVALID_TOPIC", str(problem)), problem.message, now),)
            return super().refused(problem, now)

    return Defect(name, breaks, (), text, lambda protocol: replace(protocol, session=Misnaming))


def _is_unknown(problem: Problem) -> object:
    return problem.message is not None and "type" in problem.message and problem.where == "type"


misnames_broken_json = _misnames(
    "misnames-broken-json",
    "SIG-ERR-04",
    "Calls broken JSON an invalid topic.",
    lambda p: p.kind == "json" and p.found.startswith("text"),
)
misnames_lists = _misnames(
    "misnames-lists",
    "SIG-ERR-05",
    "Calls a list an invalid topic.",
    lambda p: p.kind == "json" and p.found.startswith("JSON"),
)
misnames_the_typeless = _misnames(
    "misnames-the-typeless",
    "SIG-ERR-06",
    "Calls a message without type an invalid topic.",
    lambda p: p.message is not None and "type" not in p.message,
)
misnames_unknown_types = _misnames(
    "misnames-unknown-types", "SIG-ERR-07", "Calls an unknown type an invalid topic.", _is_unknown
)


@in_session("SIG-ERR-08")
class TakesAnyShape(SigmaxSession):
    """Confirms a subscribe whose topics are no list."""

    def refused(self, problem: Problem, now: float) -> Effects:
        if (problem.message or {}).get("type") == "subscribe":
            data = {"topics": [], "symbols": [], "message": "Subscribed to 0 topics and 0 symbols"}
            return (self.say("subscribed", data, now, problem.message),)
        return super().refused(problem, now)


@in_session("SIG-ERR-09")
class ClosesOnTheSecondError(SigmaxSession):
    """Forgives one error only."""

    errors = 0

    def refused(self, problem: Problem, now: float) -> Effects:
        self.errors += 1
        return super().refused(problem, now)

    def confirm(self, kind: str, *args: Any) -> Effects:
        effects = super().confirm(kind, *args)
        return (*effects, Close(1008)) if self.errors else effects


# An error that names no request is taken for the answer to any.
HEARD_BY_ALL = (
    *("SIG-ERR-09", "SIG-ERR-11", "SIG-ERR-13", "SIG-REQ-01", "SIG-REQ-03", "SIG-REQ-04"),
    *("SIG-SUB-01", "SIG-SUB-06", "SIG-SUB-13", "SIG-SUB-14"),
)


@in_session("SIG-ERR-10", also=HEARD_BY_ALL)
class TellsAllOfErrors(SigmaxSession):
    """Sends errors about broken JSON to every client."""

    def opened(self, now: float) -> Effects:
        self.listen("errors")
        return super().opened(now)

    def refused(self, problem: Problem, now: float) -> Effects:
        if problem.kind != "json":
            return super().refused(problem, now)
        self.world.tell("errors", self.world.event("error", cannot(str(problem)).data, now), now)
        return ()


@on_message("SIG-ERR-11", "error")
def errs_twice(message: Message, session: Session[Any, Any], now: float) -> Iterable[Message]:
    """Sends each error twice."""
    return message, message


@in_session("SIG-ERR-12")
class ForgetsOnErrors(SigmaxSession):
    """Ends all subscriptions when a message is no JSON."""

    def refused(self, problem: Problem, now: float) -> Effects:
        self.deselect(Selection(dict(self.selection.topics), dict(self.selection.symbols)))
        return super().refused(problem, now)


@in_session("SIG-ERR-13", also=("SIG-REQ-02",))
class TiresOfPings(SigmaxSession):
    """Answers a third ping by an error."""

    pings = 0

    def ping(self, message: Message, now: float) -> Effects:
        self.pings += 1
        if self.pings == 3:
            raise cannot("Too many pings")
        return super().ping(message, now)
