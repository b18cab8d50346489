"""Broken servers, at one malformed thing among many."""

from __future__ import annotations

from harness.core.defect import in_session
from harness.core.message import Problem, field_of
from harness.core.session import Close, Effects, HangUp
from harness.protocols.sigmax.session import SigmaxSession


@in_session("SIG-ERR-14")
class GoesThroughNumbers(SigmaxSession):
    """Ends the connection when symbols are a number or true, which it cannot go through one by one."""

    def refused(self, problem: Problem, now: float) -> Effects:
        stumbles = isinstance(field_of(problem.message or {}, "data.symbols"), int | float)
        return (Close(1011, "internal error"),) if stumbles else super().refused(problem, now)


@in_session("SIG-ERR-14")
class KnowsNoNull(SigmaxSession):
    """Says nothing to JSON that is null."""

    def refused(self, problem: Problem, now: float) -> Effects:
        return () if problem.found == "JSON of type null" else super().refused(problem, now)


@in_session("SIG-ERR-14")
class LooksTypesUp(SigmaxSession):
    """Cuts the connection at a list for a type, which no table can be asked for."""

    def refused(self, problem: Problem, now: float) -> Effects:
        is_list = isinstance((problem.message or {}).get("type"), list)
        return (HangUp(),) if is_list else super().refused(problem, now)
