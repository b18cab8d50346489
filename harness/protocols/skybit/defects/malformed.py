"""Broken servers, at one malformed thing among many."""

from __future__ import annotations

from typing import Any

from harness.core.defect import in_session
from harness.core.message import Problem, field_of
from harness.core.session import Close, Effects, HangUp
from harness.protocols.skybit.defects.breaking import overlooks
from harness.protocols.skybit.errors import Refusal
from harness.protocols.skybit.session import SkybitSession, State


def _value(problem: Problem, path: str) -> Any:
    return field_of(problem.message or {}, path)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@in_session("SKY-ERR-21")
class StumblesOverNumbers(SkybitSession):
    """Ends the connection when the text of a Chat is a number, which has no letters."""

    def refused(self, problem: Problem, now: float) -> Effects:
        stumbles = _is_number(_value(problem, "data.text"))
        return (Close(1011, "internal error"),) if stumbles else super().refused(problem, now)


knows_no_null = overlooks(
    "knows-no-null", "SKY-ERR-21", "Says nothing to JSON that is null.", lambda p: p.found == "JSON of type null", ()
)


@in_session("SKY-ERR-21")
class TrustsTargets(SkybitSession):
    """Takes it for a fault of its own when a Cancel has no target."""

    def refused(self, problem: Problem, now: float) -> Effects:
        if problem.where == "data.target" and problem.found == "nothing":
            return self.refuse(Refusal("INTERNAL_ERROR", "KeyError: target"), problem.message, now)
        return super().refused(problem, now)


@in_session("SKY-ERR-21")
class NeedsChannels(SkybitSession):
    """Serves no more, but for saying so, once channels were null."""

    def refused(self, problem: Problem, now: float) -> Effects:
        effects = super().refused(problem, now)
        data = _value(problem, "data")
        if isinstance(data, dict) and data.get("channels", ()) is None:
            self.state = State.EXPIRED
        return effects


@in_session("SKY-ERR-22")
class CountsIds(SkybitSession):
    """Cuts the connection at a list for an id, which no table can be asked for."""

    def refused(self, problem: Problem, now: float) -> Effects:
        return (HangUp(),) if isinstance(_value(problem, "id"), list) else super().refused(problem, now)
