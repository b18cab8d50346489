"""Automation jobs, and what a script makes of them."""

import pytest

from harness.protocols.eventbus.automation import KINDS


@pytest.fixture
def started(bus_of, say):
    """A bus with one job of ten steps that a script has started, and that only a script moves."""
    bus = bus_of(automation="paused")
    say(bus, "automation_run.started", job_id="mine", kind="archive", params={"year": 2023})
    bus.world.automation.running["mine"].steps = 10
    return bus


def test_all_kinds_of_jobs_are_seen_with_their_parameters(bus_of):
    bus = bus_of(pace=5.0)
    bus.wait(120)
    params = {
        e["payload"]["kind"]: set(e["payload"]["params"]) for e in bus.automation.messages("automation_run.started")
    }
    assert params == {
        "backfill": {"instruments", "interval", "days"},
        "retrain_all": {"instruments", "interval"},
        "cleanup": {"older_than_days"},
        "reconcile": {"broker"},
    }
    assert set(params) == set(KINDS)


def test_some_updates_say_the_progress_alone(bus_of):
    bus = bus_of()
    bus.wait(120)
    members = {frozenset(e["payload"]) for e in bus.automation.messages("automation_run.updated")}
    assert members == {
        frozenset({"job_id", "progress"}),
        frozenset({"job_id", "progress", "message", "status", "stats"}),
        frozenset({"job_id", "progress", "status", "error"}),
    }


def test_a_scripted_start_says_what_the_script_says(started):
    assert started.automation.messages()[0]["payload"] == {
        "job_id": "mine",
        "kind": "archive",
        "params": {"year": 2023},
    }


def test_a_scripted_update_is_true(started, say):
    assert say(started, "automation_run.updated", progress=0.4) == {
        "job_id": "mine",
        "progress": 0.4,
        "message": "Did 4 of 10 steps",
        "status": "running",
        "stats": {"done": 4, "total": 10},
    }
    assert say(started, "automation_run.updated")["stats"] == {"done": 5, "total": 10}


def test_a_message_alone_moves_nothing(started, say):
    assert set(say(started, "automation_run.updated", "message")) == {"job_id", "message"}
    assert started.world.automation.running["mine"].done == 0


def test_a_scripted_success_is_complete_and_ends_the_job(started, say):
    told = say(started, "automation_run.updated", "succeeded")
    assert (told["progress"], told["status"], told["stats"]) == (1.0, "succeeded", {"done": 10, "total": 10})
    assert started.world.automation.running == {}


@pytest.mark.parametrize("status", ["failed", "completed", "cancelled"])
def test_other_final_words_end_the_job_where_it_is(status, started, say):
    told = say(started, "automation_run.updated", "failed", status=status, progress=0.3)
    assert (told["status"], told["progress"]) == (status, 0.3)
    assert started.world.automation.running == {}


def test_a_failing_job_of_an_unknown_kind_fails_in_words(started, turn):
    turn(started, automation="failing")
    started.wait(60)
    errors = [e["payload"]["error"] for e in started.automation.messages() if "error" in e["payload"]]
    assert "The job failed" in errors


def test_without_a_job_the_script_speaks_of_one_from_before(bus_of, say):
    bus = bus_of(automation="paused")
    assert say(bus, "automation_run.updated", "failed")["job_id"] == "auto-1"
    assert bus.world.automation.begun == 0
