"""Verdicts: what a run found out about each requirement, and what that means for its exit code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Literal, NamedTuple

from harness.conformance.check import Violation, shown
from harness.conformance.excerpt import content_first, excerpt, frames
from harness.conformance.redact import Redactor
from harness.conformance.requirement import Requirement
from harness.core.conversation import Conversation, Entry

Word = Literal["passed", "failed", "not-observed", "excluded"]

KEPT, VIOLATED, COULD_NOT_RUN, NOT_OBSERVED = 0, 1, 2, 3  # The exit codes.
HEADLINES = {KEPT: "Kept", VIOLATED: "Violated", COULD_NOT_RUN: "A check has a bug", NOT_OBSERVED: "Not observed"}
MEANINGS = {
    KEPT: "kept",
    VIOLATED: "violated, or an entry in the list of expected failures no longer fails",
    COULD_NOT_RUN: "could not run, or a check has a bug",
    NOT_OBSERVED: "nothing violated, but a MUST was not observed",
}

FAILURES_KEPT = 5  # Of one requirement. More of the same say nothing new.
FOUND_WIDTH = 600  # Enough for a whole message of most types.


class Kind(Enum):
    """How one exchange, or one invariant on one conversation, ended."""

    HELD = "held"
    VIOLATED = "violated"
    UNOBSERVED = "unobserved"
    BROKEN = "broken"  # The check itself has a bug.


@dataclass(frozen=True)
class Finding:
    """A violation as it was found: what was expected, the evidence, and in which conversation.

    `marked` is the frame that holds the evidence, where that is known.
    """

    check: str
    violation: Violation
    conversation: Conversation | None = None
    marked: Entry | None = None

    @property
    def entry(self) -> Entry | None:
        """The last frame that holds the evidence; the last of the conversation, where none does."""
        if self.marked is not None:
            return self.marked
        if self.conversation is None or not self.conversation.entries:
            return None
        evidence = self.violation.evidence
        holding = [e for e in self.conversation.entries if evidence is not None and _holds(e.message, evidence)]
        return holding[-1] if holding else self.conversation.entries[-1]


class Outcome(NamedTuple):
    """How one check ended, once. A run has tens of thousands: a tuple is made in a fifth of a dataclass' time."""

    id: str
    kind: Kind
    observations: int = 0
    reason: str = ""
    finding: Finding | None = None


@dataclass(frozen=True)
class Failure:
    """A violation as it is shown, without secrets: the conversation around it as lines, and frame by frame."""

    check: str
    expected: str
    found: str
    excerpt: tuple[str, ...] = ()
    conversation: dict[str, Any] | None = None


@dataclass
class Verdict:
    """What is known about one requirement. `observations` count how often it was seen kept.

    `expected_failure` is the reason that the list of expected failures gives; `rerun` the command that judges just it.
    """

    requirement: Requirement
    verdict: Word
    observations: int = 0
    reason: str = ""
    failures: tuple[Failure, ...] = ()
    expected_failure: str | None = None
    rerun: str = ""

    @property
    def id(self) -> str:
        """The id of the requirement."""
        return self.requirement.id


@dataclass
class Report:
    """What a run found out. `broken` names checks with a bug; `stale` lists expected failures that did not fail.

    `started_s` is when the run began, in seconds since the epoch; None where nobody knows.
    """

    protocol: str
    target: str
    verdicts: list[Verdict]
    seed: int = 0
    took_s: float = 0.0
    round_trip_s: float = 0.0
    conversations: int = 0
    broken: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    started_s: float | None = None

    def of(self, verdict: Word) -> list[Verdict]:
        """The verdicts that say this."""
        return [v for v in self.verdicts if v.verdict == verdict]

    def __getitem__(self, id_: str) -> Verdict:
        return next(v for v in self.verdicts if v.id == id_)

    def joined(self, beneath: Report) -> Report:
        """One report of this and of the layer beneath it."""
        return replace(
            self,
            verdicts=[*self.verdicts, *beneath.verdicts],
            took_s=self.took_s + beneath.took_s,
            conversations=self.conversations + beneath.conversations,
            broken=[*self.broken, *beneath.broken],
            stale=[*self.stale, *beneath.stale],
        )

    @property
    def exit_code(self) -> int:
        """2: a check has a bug; 1: violated, or an expected failure is stale; 3: a MUST was not observed; 0: kept."""
        if self.broken:
            return COULD_NOT_RUN
        if self.stale or any(v.expected_failure is None for v in self.of("failed")):
            return VIOLATED
        unseen = [v for v in self.of("not-observed") if v.requirement.level == "MUST"]
        return NOT_OBSERVED if unseen else KEPT


def judge(
    requirement: Requirement, outcomes: Sequence[Outcome], capabilities: Mapping[str, bool], redactor: Redactor
) -> Verdict:
    """The verdict that the outcomes of all checks of a requirement amount to.

    One of the profile's `capabilities` that is false excludes the requirements that need it.
    """
    if requirement.excluded:
        return Verdict(requirement, "excluded", reason=requirement.excluded)
    if requirement.needs and capabilities.get(requirement.needs) is False:
        return Verdict(requirement, "excluded", reason=f"the profile says that the server lacks {requirement.needs!r}")
    observations = sum(o.observations for o in outcomes)
    found = [o.finding for o in outcomes if o.finding is not None]
    if found:
        failures = tuple(_failure(finding, redactor) for finding in found[:FAILURES_KEPT])
        reason = redactor.brief(str(found[0].violation), 600)
        return Verdict(requirement, "failed", observations, reason, failures)
    if observations:
        return Verdict(requirement, "passed", observations)
    reasons = dict.fromkeys(o.reason for o in outcomes if o.reason)
    reason = "; ".join(reasons) or "nothing that it speaks of was seen"
    return Verdict(requirement, "not-observed", reason=redactor.brief(reason, 600))


def _failure(finding: Finding, redactor: Redactor) -> Failure:
    violation = finding.violation
    evidence = content_first(violation.evidence) if isinstance(violation.evidence, dict) else violation.evidence
    found = "" if evidence is None else redactor.brief(shown(evidence, None), FOUND_WIDTH)
    failure = Failure(finding.check, redactor.brief(violation.expected), found)
    if finding.conversation is None:
        return failure
    place = finding.conversation, finding.entry, redactor
    return replace(failure, excerpt=tuple(excerpt(*place)), conversation=frames(*place))


def _holds(message: Any, evidence: Any) -> bool:
    """Whether `evidence` is the message, or an object in it."""
    if not isinstance(evidence, dict):
        return False
    waiting = [message]  # Rather than a call for each level: messages may be nested thousands deep.
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if value is evidence or (value.keys() == evidence.keys() and value == evidence):
                return True
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return False
