"""automation: jobs, from their start to a final status."""

from __future__ import annotations

from collections.abc import Iterator

from harness.conformance.check import check, expect
from harness.core.conversation import Conversation
from harness.core.message import Message
from harness.protocols.eventbus.checks.lives import is_progress, never_before, never_falls, once, one_scale
from harness.protocols.eventbus.checks.stream import is_key, is_object, is_text, keyed, member

STARTED, UPDATED = "automation_run.started", "automation_run.updated"
# The spec has no words for the end of a job; a status that is none of these ends nothing.
GOOD_ENDS = ("succeeded", "success", "completed", "finished", "done")
ENDS = (*GOOD_ENDS, "failed", "failure", "error", "cancelled", "canceled", "aborted")


@check("EVB-AUTO-01")
def a_start_names_its_job(conversation: Conversation) -> Iterator[None]:
    """Every automation_run.started."""
    yield from member(conversation, STARTED, "job_id", is_key, "a string that is not empty")


@check("EVB-AUTO-02")
def a_start_tells_the_kind(conversation: Conversation) -> Iterator[None]:
    """Every automation_run.started."""
    yield from member(conversation, STARTED, "kind", is_text, "a string")


@check("EVB-AUTO-03")
def a_start_tells_the_parameters(conversation: Conversation) -> Iterator[None]:
    """Every automation_run.started."""
    yield from member(conversation, STARTED, "params", is_object, "an object")


@check("EVB-AUTO-04")
def an_update_names_its_job(conversation: Conversation) -> Iterator[None]:
    """Every automation_run.updated."""
    yield from member(conversation, UPDATED, "job_id", is_key, "a string that is not empty")


@check("EVB-AUTO-05")
def progress_is_a_number(conversation: Conversation) -> Iterator[None]:
    """Every automation_run.updated that has it."""
    yield from member(conversation, UPDATED, "progress", is_progress, "a number from 0 to 1, or to 100", optional=True)


@check("EVB-AUTO-06")
def a_message_has_words(conversation: Conversation) -> Iterator[None]:
    """Every automation_run.updated that has it."""
    yield from member(conversation, UPDATED, "message", is_text, "a string", optional=True)


@check("EVB-AUTO-07")
def a_status_is_a_word(conversation: Conversation) -> Iterator[None]:
    """Every automation_run.updated that has it."""
    yield from member(conversation, UPDATED, "status", is_text, "a string", optional=True)


@check("EVB-AUTO-08")
def stats_are_an_object(conversation: Conversation) -> Iterator[None]:
    """Every automation_run.updated that has them."""
    yield from member(conversation, UPDATED, "stats", is_object, "an object", optional=True)


@check("EVB-AUTO-09")
def an_error_has_words(conversation: Conversation) -> Iterator[None]:
    """Every automation_run.updated that has it."""
    yield from member(conversation, UPDATED, "error", is_text, "a string", optional=True)


@check("EVB-AUTO-10")
def progress_never_falls(conversation: Conversation) -> Iterator[None]:
    """Every progress of a job, against the one before."""
    yield from never_falls(conversation, UPDATED)


@check("EVB-AUTO-11")
def all_jobs_count_on_one_scale(conversation: Conversation) -> Iterator[None]:
    """Every job that succeeds, by all its progress that was heard."""

    def events() -> Iterator[tuple[object, Message, bool]]:
        for job, _, payload in keyed(conversation, "job_id", UPDATED):
            yield job, payload, payload.get("status") in GOOD_ENDS

    yield from one_scale(conversation, events())


@check("EVB-AUTO-12")
def no_update_comes_before_the_start(conversation: Conversation) -> Iterator[None]:
    """Every start that was heard."""
    yield from never_before(conversation, "job_id", STARTED, UPDATED)


@check("EVB-AUTO-13")
def a_job_starts_once(conversation: Conversation) -> Iterator[None]:
    """Every start, against those before it."""
    yield from once(conversation, "job_id", STARTED)


@check("EVB-AUTO-14")
def a_final_status_stays(conversation: Conversation) -> Iterator[None]:
    """Every job that ends: no later update says another status. Other members may come late."""
    final: dict[object, object] = {}
    for job, event, payload in keyed(conversation, "job_id", UPDATED):
        status = payload.get("status")
        if isinstance(status, str) and (job in final or status in ENDS):
            final.setdefault(job, status)
            yield expect(status == final[job], f"status to stay {final[job]!r}", event)
