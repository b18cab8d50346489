"""Scores: how many requirements of a report, of a section or of a level have which verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.conformance.requirement import LEVELS
from harness.conformance.verdict import COULD_NOT_RUN, KEPT, NOT_OBSERVED, VIOLATED

# The verdicts as reports tell them, the worst first: a failure that was expected is a kind of its own.
STATES = {
    "failed": "Failed",
    "expected-failure": "Failed as expected",
    "not-observed": "Not observed",
    "passed": "Passed",
    "excluded": "Excluded",
}


def state(verdict: Mapping[str, Any]) -> str:
    """The word of STATES for a verdict of a JSON report."""
    expected = verdict["verdict"] == "failed" and verdict.get("expected_failure") is not None
    return "expected-failure" if expected else str(verdict["verdict"])


def counts(verdicts: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How many verdicts are in each state."""
    found = Counter(map(state, verdicts))
    return {each: found[each] for each in STATES}


def grouped(verdicts: Iterable[Mapping[str, Any]], member: str) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """The verdicts by what they have in `member`, in the order in which that appears; levels from MUST down."""
    groups: dict[str, list[Mapping[str, Any]]] = {level: [] for level in LEVELS} if member == "level" else {}
    for verdict in verdicts:
        groups.setdefault(verdict[member], []).append(verdict)
    return ((name, group) for name, group in groups.items() if group)


def states_in(all_counts: Iterable[Mapping[str, int]]) -> list[str]:
    """The states that any of these counts has."""
    total: Counter[str] = Counter()
    for each in all_counts:
        total.update(each)
    return [state for state in STATES if total[state]]


def percent(counts: Mapping[str, int]) -> int | None:
    """How many of a hundred passed, excluded ones aside: 100 only when all did. None when there is none."""
    judged = sum(counts.values()) - counts["excluded"]
    return counts["passed"] * 100 // judged if judged else None


def worst(reports: Iterable[Mapping[str, Any]]) -> int:
    """The exit code that tells most of all reports."""
    codes = {report["exit_code"] for report in reports}
    return next((code for code in (COULD_NOT_RUN, VIOLATED, NOT_OBSERVED) if code in codes), KEPT)
