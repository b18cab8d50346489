"""Judges conversations by invariants, whether they were held just now or were recorded long ago."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from harness.conformance import har
from harness.conformance.check import Check, Tally, Unobserved, Violation
from harness.conformance.redact import Redactor
from harness.conformance.suite import Suite
from harness.conformance.verdict import Finding, Kind, Outcome, Report, Verdict, judge
from harness.core.conversation import Conversation
from harness.core.redact import without_secrets

# What a check that trusts the shape of a message stumbles with when the shape is another.
STUMBLES = (LookupError, TypeError, AttributeError, ValueError, AssertionError, ArithmeticError)

MAX_NUMBER = 2**53  # RFC 8259, 6.


class UnreadableError(ValueError):
    """A file holds no conversations. The text names file, line and expectation."""


def on_conversation(suite: Suite, check: Check, conversation: Conversation) -> Outcome:
    """Judge one invariant on one conversation."""
    with Tally() as tally:
        try:
            for _ in check.function(conversation):
                pass
        except Exception as error:
            return ended_by(suite, check, error, [conversation])._replace(observations=tally.observations)
    return Outcome(check.id, Kind.HELD, tally.observations)


def ended_by(suite: Suite, check: Check, error: Exception, conversations: Sequence[Conversation]) -> Outcome:
    """What it means that a check ended by this exception."""
    cut_off = next((c.about["cut off"] for c in conversations if check.exchange and "cut off" in c.about), None)
    match error:
        case _ if cut_off is not None:
            return Outcome(check.id, Kind.UNOBSERVED, reason=f"the connection was cut off: {cut_off}")
        case Violation():
            return _violated(check, error, conversations)
        case Unobserved():
            return Outcome(check.id, Kind.UNOBSERVED, reason=str(error))
        case TimeoutError():
            return Outcome(check.id, Kind.UNOBSERVED, reason=f"{check.name} did not come to an end")
        case OSError():
            return Outcome(check.id, Kind.UNOBSERVED, reason=f"the connection could not be opened: {error}")
    malformed = _malformed(suite, conversations) if isinstance(error, STUMBLES) else None
    if malformed is not None:
        return _violated(check, malformed, conversations)
    return Outcome(check.id, Kind.BROKEN, reason=f"{check.name}: {type(error).__name__}: {error}{_place(error)}")


def judge_files(suite: Suite, paths: Iterable[Path]) -> Report:
    """Judge recorded conversations by every invariant, on the server's side and on the client's.

    Errors: UnreadableError; OSError.
    """
    outcomes: dict[str, list[Outcome]] = {}
    invariants = [c for c in suite.checks if not c.exchange]
    paths = list(paths)
    count = 0
    for path in paths:
        for conversation in read(path):
            count += 1
            for check in invariants:
                outcomes.setdefault(check.id, []).append(on_conversation(suite, check, conversation))
    broken = [f"{o.id}: {o.reason}" for each in outcomes.values() for o in each if o.kind is Kind.BROKEN]
    return Report(
        protocol=suite.protocol,
        target=", ".join(map(str, paths)),
        verdicts=list(_verdicts(suite, {c.id for c in invariants}, outcomes)),
        conversations=count,
        broken=list(dict.fromkeys(broken)),
    )


def read(path: Path) -> list[Conversation]:
    """The conversations in a file (JSON Lines, or a HAR), without the secrets that their messages hold."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        result = har.conversations(text) if har.is_har(text) else _from_lines(text, path)
    except UnicodeDecodeError as error:
        raise UnreadableError(f"{path}: expected JSON Lines, or a HAR, in UTF-8") from error
    except UnreadableError:
        raise
    except ValueError as error:
        raise UnreadableError(f"{path}: {error}") from error
    for conversation in result:
        for entry in conversation.entries:
            entry.frame = without_secrets(entry.frame)
    return result


def _from_lines(text: str, path: Path) -> list[Conversation]:
    """One conversation after the other."""
    parts: list[list[str]] = []
    for line in text.split("\n"):
        if not parts or line.startswith('{"conversation"'):
            parts.append([])
        parts[-1].append(line)
    done, result = 0, []
    for part in parts:
        try:
            conversation = Conversation.from_lines(part)
        except ValueError as error:
            after = f", after line {done}" if done else ""
            raise UnreadableError(f"{path}{after}: {error}") from error
        done += len(part)
        result.append(conversation)
    return result


def _verdicts(suite: Suite, judged: set[str], outcomes: dict[str, list[Outcome]]) -> Iterator[Verdict]:
    for requirement in suite.requirements.values():
        if requirement.id in judged or requirement.excluded:
            yield judge(requirement, outcomes.get(requirement.id, []), {}, Redactor())
        else:
            reason = "it takes an exchange with a server: `ws-harness check` has them"
            yield Verdict(requirement, "excluded", reason=reason)


def _violated(check: Check, violation: Violation, conversations: Sequence[Conversation]) -> Outcome:
    finding = Finding(check.name, violation, _telling(violation.evidence, conversations))
    return Outcome(check.id, Kind.VIOLATED, finding=finding)


def _telling(evidence: object, conversations: Sequence[Conversation]) -> Conversation | None:
    """The conversation that holds the evidence; the last, where none does."""
    for conversation in conversations:
        if evidence is not None and any(entry.message is evidence for entry in conversation.entries):
            return conversation
    return conversations[-1] if conversations else None


def _malformed(suite: Suite, conversations: Iterable[Conversation]) -> Violation | None:
    """What is wrong with the first message of the server that its schema refuses, or that no computer reckons with."""
    for conversation in conversations:
        for message in conversation.received():
            problem = suite.problem(message)
            if problem is not None:
                return Violation(f"{problem.where or 'a message'}: {problem.expected}", message)
            if _is_extreme(message):
                return Violation("numbers that are read alike everywhere (RFC 8259, 6)", message)
    return None


def _is_extreme(value: object) -> bool:
    """Whether it holds a number beyond those that programs agree on."""
    if isinstance(value, dict | list):
        return any(map(_is_extreme, value.values() if isinstance(value, dict) else value))
    return isinstance(value, int | float) and not abs(value) < MAX_NUMBER  # NaN is none of them, either.


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f" ({trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})"
