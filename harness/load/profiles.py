"""The shapes of a run: how many of the users are there at which time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """Until this share of the run has passed, so large a share of the users is there."""

    until: float
    users: float


@dataclass(frozen=True, slots=True)
class Choices:
    """What of a shape can be chosen."""

    steps: int = 10
    base: float = 0.1


def _steady(choices: Choices) -> list[Stage]:
    return [Stage(1.0, 1.0)]


def _ramp(choices: Choices) -> list[Stage]:
    return [Stage(step / choices.steps, step / choices.steps) for step in range(1, choices.steps + 1)]


def _spike(choices: Choices) -> list[Stage]:
    return [Stage(1 / 3, choices.base), Stage(2 / 3, 1.0), Stage(1.0, choices.base)]


PROFILES: Mapping[str, Callable[[Choices], list[Stage]]] = {
    "steady": _steady,
    "ramp": _ramp,
    "spike": _spike,
    "soak": _steady,
}
RUN_TIMES: Mapping[str, str] = {"soak": "1h"}  # Where nothing else is said.
USUAL_RUN_TIME = "30s"
SPAWN_WITHIN_S: Mapping[str, float] = {"spike": 1.0, "soak": 60.0}  # In which all users come, where nothing is said.
USUAL_SPAWN_S = 5.0


def users_at(passed_s: float, run_time_s: float, users: int, stages: list[Stage]) -> int | None:
    """How many users are there when so much of the run has passed; None when it is over."""
    for stage in stages:
        if passed_s < stage.until * run_time_s:
            return max(1, round(stage.users * users))
    return None
