"""The life of a job: what automation and training have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from harness.conformance.check import expect
from harness.core.conversation import Conversation
from harness.core.message import Message
from harness.protocols.eventbus.checks.stream import is_number, keyed, numbers

FEW = 2  # Fractions that a job has told; fewer could be fractions of a percent.


def is_progress(value: Any) -> bool:
    """A number from 0 to 1, or from 0 to 100."""
    return is_number(value) and 0 <= value <= 100


def never_falls(conversation: Conversation, kind: str) -> Iterator[None]:
    """Demand of each progress of a job that it is not below the one before."""
    latest: dict[object, float] = {}
    for job, event, payload in keyed(conversation, "job_id", kind):
        progress = numbers(payload, "progress")
        if progress:
            if job in latest:
                yield expect(progress[0] >= latest[job], f"progress not below {latest[job]}, as before", event)
            latest[job] = progress[0]


def one_scale(conversation: Conversation, told: Iterable[tuple[object, Message, bool]]) -> Iterator[None]:
    """Demand that all jobs that succeed have counted to 1, or all to 100.

    `told` gives (job, payload, whether it has succeeded by that) of each event of a job.
    """
    heard: dict[object, set[float]] = {}
    first: str | None = None
    for job, payload, is_success in told:
        heard.setdefault(job, set()).update(numbers(payload, "progress") or ())
        scale = _scale(heard.pop(job)) if is_success else None
        if scale is not None and first is not None:
            yield expect(scale == first, f"progress {first}, as of other jobs", payload)
        first = first or scale


def _scale(values: set[float]) -> str | None:
    """How a job has counted that has come to its end; None where it has told too little."""
    if max(values, default=0) > 1:
        return "to 100"
    return "to 1" if len([v for v in values if 0 < v < 1]) >= FEW else None


def never_before(conversation: Conversation, name: str, first: str, *kinds: str) -> Iterator[None]:
    """Demand of each `first` that none of `kinds` with the same `name` came before it.

    What began before the connection did is never told to have begun, and so is never judged.
    """
    heard: set[object] = set()
    for id_, event, _ in keyed(conversation, name, first, *kinds):
        if event["type"] == first:
            yield expect(id_ not in heard, f"{first} before any other event of {name} {id_!r}", event)
        else:
            heard.add(id_)


def once(conversation: Conversation, name: str, *kinds: str) -> Iterator[None]:
    """Demand that no two events of these types have the same `name`."""
    seen: set[object] = set()
    for id_, event, _ in keyed(conversation, name, *kinds):
        yield expect(id_ not in seen, f"no second {' or '.join(kinds)} of {name} {id_!r}", event)
        seen.add(id_)
