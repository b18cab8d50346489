"""training: from its start through growing progress to one final event."""

from __future__ import annotations

from collections.abc import Iterator

from harness.conformance.check import check, expect
from harness.core.conversation import Conversation
from harness.core.message import Message
from harness.protocols.eventbus.checks.lives import is_progress, never_before, never_falls, once, one_scale
from harness.protocols.eventbus.checks.stream import is_key, is_object, is_text, keyed, member

STARTED, PROGRESS = "training.started", "training.progress"
SUCCEEDED, FAILED = "training.succeeded", "training.failed"


@check("EVB-TRAIN-01")
def a_start_names_its_job(conversation: Conversation) -> Iterator[None]:
    """Every training.started."""
    yield from member(conversation, STARTED, "job_id", is_key, "a string that is not empty")


@check("EVB-TRAIN-02")
def a_start_tells_the_kind(conversation: Conversation) -> Iterator[None]:
    """Every training.started."""
    yield from member(conversation, STARTED, "kind", is_text, "a string")


@check("EVB-TRAIN-03")
def a_start_names_the_instrument(conversation: Conversation) -> Iterator[None]:
    """Every training.started."""
    yield from member(conversation, STARTED, "instrument_key", is_text, "a string")


@check("EVB-TRAIN-04")
def a_start_names_the_interval(conversation: Conversation) -> Iterator[None]:
    """Every training.started; any spelling will do."""
    yield from member(conversation, STARTED, "interval", is_text, "a string")


@check("EVB-TRAIN-05")
def progress_names_its_job(conversation: Conversation) -> Iterator[None]:
    """Every training.progress."""
    yield from member(conversation, PROGRESS, "job_id", is_key, "a string that is not empty")


@check("EVB-TRAIN-06")
def progress_is_a_number(conversation: Conversation) -> Iterator[None]:
    """Every training.progress."""
    yield from member(conversation, PROGRESS, "progress", is_progress, "a number from 0 to 1, or to 100")


@check("EVB-TRAIN-07")
def progress_has_words(conversation: Conversation) -> Iterator[None]:
    """Every training.progress."""
    yield from member(conversation, PROGRESS, "message", is_text, "a string")


@check("EVB-TRAIN-08")
def progress_has_metrics(conversation: Conversation) -> Iterator[None]:
    """Every training.progress."""
    yield from member(conversation, PROGRESS, "metrics", is_object, "an object")


@check("EVB-TRAIN-09")
def a_success_names_its_job(conversation: Conversation) -> Iterator[None]:
    """Every training.succeeded."""
    yield from member(conversation, SUCCEEDED, "job_id", is_key, "a string that is not empty")


@check("EVB-TRAIN-10")
def a_success_has_a_result(conversation: Conversation) -> Iterator[None]:
    """Every training.succeeded."""
    yield from member(conversation, SUCCEEDED, "result", is_object, "an object")


@check("EVB-TRAIN-11")
def a_failure_names_its_job(conversation: Conversation) -> Iterator[None]:
    """Every training.failed."""
    yield from member(conversation, FAILED, "job_id", is_key, "a string that is not empty")


@check("EVB-TRAIN-12")
def the_result_of_a_failure_is_an_object(conversation: Conversation) -> Iterator[None]:
    """Every training.failed that has it."""
    yield from member(conversation, FAILED, "result", is_object, "an object", optional=True)


@check("EVB-TRAIN-13")
def the_error_of_a_failure_has_words(conversation: Conversation) -> Iterator[None]:
    """Every training.failed that has it."""
    yield from member(conversation, FAILED, "error", is_text, "a string", optional=True)


@check("EVB-TRAIN-14")
def progress_never_falls(conversation: Conversation) -> Iterator[None]:
    """Every progress of a training, against the one before."""
    yield from never_falls(conversation, PROGRESS)


@check("EVB-TRAIN-15")
def all_trainings_count_on_one_scale(conversation: Conversation) -> Iterator[None]:
    """Every training that succeeds, by all its progress that was heard."""

    def events() -> Iterator[tuple[object, Message, bool]]:
        for job, event, payload in keyed(conversation, "job_id", PROGRESS, SUCCEEDED):
            yield job, payload, event["type"] == SUCCEEDED

    yield from one_scale(conversation, events())


@check("EVB-TRAIN-16")
def nothing_comes_before_the_start(conversation: Conversation) -> Iterator[None]:
    """Every start that was heard."""
    yield from never_before(conversation, "job_id", STARTED, PROGRESS, SUCCEEDED, FAILED)


@check("EVB-TRAIN-17")
def a_training_starts_once(conversation: Conversation) -> Iterator[None]:
    """Every start, against those before it."""
    yield from once(conversation, "job_id", STARTED)


@check("EVB-TRAIN-18")
def a_training_ends_once(conversation: Conversation) -> Iterator[None]:
    """Every final event, against those before it."""
    yield from once(conversation, "job_id", SUCCEEDED, FAILED)


@check("EVB-TRAIN-19")
def no_progress_follows_the_end(conversation: Conversation) -> Iterator[None]:
    """Every progress of a training: it has not ended yet."""
    ended: set[object] = set()
    for job, event, _ in keyed(conversation, "job_id", PROGRESS, SUCCEEDED, FAILED):
        if event["type"] == PROGRESS:
            yield expect(job not in ended, "no progress after the end of the training", event)
        else:
            ended.add(job)
