"""Proof that a check can fail: the suite meets our own mock with a defect."""

from __future__ import annotations

from dataclasses import dataclass

from harness.conformance.conditions import Conditions
from harness.conformance.rehearsal import rehearse
from harness.conformance.runner import Options
from harness.conformance.suite import Suite
from harness.conformance.verdict import Verdict
from harness.core.defect import Defect
from harness.core.protocol import Protocol


@dataclass(frozen=True)
class Proof:
    """What the suite said of a mock with `defect`.

    `verdict` is that of the requirement which the defect breaks; `others` are the ids of all others that failed.
    """

    defect: Defect
    verdict: Verdict
    others: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether the requirement's own checks noticed, and said why."""
        return self.verdict.verdict == "failed" and bool(self.verdict.reason)


def prove(
    suite: Suite, protocol: Protocol, defect: Defect, *, whole: bool = False, conditions: Conditions | None = None
) -> Proof:
    """Let the checks of the requirement that the defect breaks meet it; with `whole`, all others besides.

    The requirement has a run of its own in any case: where all exchanges meet the defect at once, one may set it off
    before another is there to see what it does. KeyError when the catalogue lacks the requirement.
    """
    asked = suite.requirements[defect.breaks]
    broken = defect.apply(protocol)
    options = Options(only=(asked.id,), until_failure=True)
    verdict = rehearse(suite, broken, options, conditions=conditions)[asked.id]
    failed = rehearse(suite, broken, conditions=conditions).of("failed") if whole else ()
    return Proof(defect, verdict, tuple(v.id for v in failed if v.id != asked.id))
