"""Broken servers, at automation jobs and trainings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.core.change import kept
from harness.core.defect import on_message
from harness.core.message import Message
from harness.core.session import Session
from harness.protocols.eventbus.defects.edits import lacking, said, wrong

AnySession = Session[Any, Any]

RUN, UPDATE = "automation_run.started", "automation_run.updated"
STARTED, PROGRESS = "training.started", "training.progress"
SUCCEEDED, FAILED = "training.succeeded", "training.failed"

# Automation --------------------------------------------------------------------------------------

run_without_job = lacking("EVB-AUTO-01", RUN, "job_id")
run_of_no_kind = wrong("EVB-AUTO-02", RUN, "kind", "null", lambda v: None)
params_listed = wrong("EVB-AUTO-03", RUN, "params", "a list", list)
job_numbered = wrong("EVB-AUTO-04", UPDATE, "job_id", "an object", lambda v: {"id": v})
progress_with_percent = wrong("EVB-AUTO-05", UPDATE, "progress", "in words", "{:.0%}".format)
progress_beyond_all = wrong("EVB-AUTO-05", UPDATE, "progress", "beyond 100", lambda v: 101 + v)
message_listed = wrong("EVB-AUTO-06", UPDATE, "message", "a list", lambda v: [v])
status_coded = wrong("EVB-AUTO-07", UPDATE, "status", "a number", len)
stats_in_text = wrong("EVB-AUTO-08", UPDATE, "stats", "in words", str)
error_as_flag = wrong("EVB-AUTO-09", UPDATE, "error", "true", bool)


@on_message("EVB-AUTO-10", UPDATE)
def progress_left(event: Message, session: AnySession, now: float) -> Message:
    """Counts progress down."""
    return said(event, progress=1 - event["payload"]["progress"])


def _percent_for_some(event: Message, session: AnySession) -> Message:
    jobs = kept(session, "jobs")
    number = jobs.setdefault(event["payload"]["job_id"], len(jobs))
    return said(event, progress=event["payload"]["progress"] * (100 if number % 2 else 1))


@on_message("EVB-AUTO-11", UPDATE)
def every_other_job_in_percent(event: Message, session: AnySession, now: float) -> Message:
    """Counts the progress of every other job to 100, of all others to 1."""
    return _percent_for_some(event, session)


@on_message("EVB-AUTO-12", RUN, UPDATE, also=("EVB-ENV-08", "EVB-ENV-11"))
def starts_after_an_update(event: Message, session: AnySession, now: float) -> Iterable[Message]:
    """Tells the start of a job behind its first update."""
    return _behind_the_next(event, session, RUN)


def _behind_the_next(event: Message, session: AnySession, kind: str) -> Iterable[Message]:
    waiting = kept(session, "waiting")
    if event["type"] == kind:
        waiting[event["payload"]["job_id"]] = event
        return ()
    start = waiting.pop(event["payload"]["job_id"], None)
    return (event,) if start is None else (event, start)


@on_message("EVB-AUTO-13", RUN, also=("EVB-ENV-11",))
def starts_jobs_twice(event: Message, session: AnySession, now: float) -> Iterable[Message]:
    """Tells each start twice."""
    return event, event


@on_message("EVB-AUTO-14", UPDATE)
def done_for_now(event: Message, session: AnySession, now: float) -> Message:
    """Calls a job completed at each step, and something else at its end."""
    if event["payload"].get("status") != "running":
        return event
    return said(event, status="completed")


# Training ----------------------------------------------------------------------------------------

training_without_job = lacking("EVB-TRAIN-01", STARTED, "job_id")
training_of_no_kind = lacking("EVB-TRAIN-02", STARTED, "kind")
instrument_in_an_object = wrong("EVB-TRAIN-03", STARTED, "instrument_key", "an object", lambda v: {"key": v})
interval_in_minutes = wrong("EVB-TRAIN-04", STARTED, "interval", "a number", len)
progress_of_no_job = lacking("EVB-TRAIN-05", PROGRESS, "job_id")
percent_of_percent = wrong("EVB-TRAIN-06", PROGRESS, "progress", "a thousandfold", lambda v: v * 1000)
progress_in_an_object = wrong("EVB-TRAIN-06", PROGRESS, "progress", "an object", lambda v: {"value": v})
no_message = lacking("EVB-TRAIN-07", PROGRESS, "message")
metrics_listed = wrong("EVB-TRAIN-08", PROGRESS, "metrics", "a list", list)
success_of_no_job = lacking("EVB-TRAIN-09", SUCCEEDED, "job_id")
no_result = lacking("EVB-TRAIN-10", SUCCEEDED, "result")
failure_of_no_job = lacking("EVB-TRAIN-11", FAILED, "job_id")
result_in_text = wrong("EVB-TRAIN-12", FAILED, "result", "in words", str)
error_in_an_object = wrong("EVB-TRAIN-13", FAILED, "error", "an object", lambda v: {"detail": v})


@on_message("EVB-TRAIN-14", PROGRESS)
def epochs_left(event: Message, session: AnySession, now: float) -> Message:
    """Counts progress down."""
    return said(event, progress=1 - event["payload"]["progress"])


@on_message("EVB-TRAIN-15", PROGRESS)
def every_other_training_in_percent(event: Message, session: AnySession, now: float) -> Message:
    """Counts the progress of every other training to 100, of all others to 1."""
    return _percent_for_some(event, session)


@on_message("EVB-TRAIN-16", STARTED, PROGRESS, SUCCEEDED, FAILED, also=("EVB-ENV-08", "EVB-ENV-11"))
def starts_after_progress(event: Message, session: AnySession, now: float) -> Iterable[Message]:
    """Tells the start of a training behind its first progress."""
    return _behind_the_next(event, session, STARTED)


@on_message("EVB-TRAIN-17", STARTED, also=("EVB-ENV-11",))
def starts_trainings_twice(event: Message, session: AnySession, now: float) -> Iterable[Message]:
    """Tells each start twice."""
    return event, event


@on_message("EVB-TRAIN-18", FAILED, also=("EVB-ENV-11",))
def fails_and_succeeds(event: Message, session: AnySession, now: float) -> Iterable[Message]:
    """Tells of a success behind each failure."""
    return event, {**event, "type": SUCCEEDED, "payload": {"job_id": event["payload"]["job_id"], "result": {}}}


@on_message("EVB-TRAIN-19", SUCCEEDED, also=("EVB-ENV-11",))
def goes_on_after_the_end(event: Message, session: AnySession, now: float) -> Iterable[Message]:
    """Tells of progress once more behind the end."""
    payload = {"job_id": event["payload"]["job_id"], "progress": 1, "message": "Stored", "metrics": {}}
    return event, {**event, "type": PROGRESS, "payload": payload}
