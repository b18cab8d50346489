"""The life of jobs, as automation and training share it."""

import pytest

from harness.protocols.eventbus.shared import Ids

ENDS = {
    "training": {"training.succeeded", "training.failed"},
    "automation": {"automation_run.updated"},
}


def ends(bus, part):
    events = getattr(bus, part).messages(*ENDS[part])
    words = [e["payload"].get("status") or e["type"].split(".")[1] for e in events]
    return [word for word in words if word in ("succeeded", "failed")]


@pytest.mark.parametrize("part", ["training", "automation"])
@pytest.mark.parametrize(
    ("fates", "expected"),
    [("succeeding", {"succeeded"}), ("failing", {"failed"}), ("mixed", {"succeeded", "failed"}), ("paused", set())],
)
def test_jobs_end_as_the_facts_say(part, fates, expected, bus_of):
    bus = bus_of(**{part: fates})
    bus.wait(300)
    assert set(ends(bus, part)) == expected
    assert bool(getattr(bus, part).messages()) == (fates != "paused")


@pytest.mark.parametrize("part", ["training", "automation"])
def test_paused_jobs_wait_and_then_go_on(part, bus_of, turn, hold_the_laws):
    bus = bus_of()
    bus.wait(20)
    client = getattr(bus, part)
    running = dict(getattr(bus.world, part).running)
    assert running
    turn(bus, **{part: "paused"})
    before = len(client.messages())
    bus.wait(60)
    assert len(client.messages()) == before
    turn(bus, **{part: "succeeding"})
    bus.wait(60)
    assert not running.keys() & getattr(bus.world, part).running.keys()
    hold_the_laws(bus)


@pytest.mark.parametrize("part", ["training", "automation"])
def test_pace_makes_more_happen(part, bus_of):
    slow, fast = bus_of(), bus_of(pace=20.0)
    slow.wait(60)
    fast.wait(60)
    assert len(getattr(fast, part).messages()) > 10 * len(getattr(slow, part).messages())


def test_with_four_running_none_begins_by_itself(bus_of, say, turn):
    bus = bus_of(training="paused")
    for _ in range(4):
        say(bus, "training.started")
    turn(bus, training="succeeding")
    bus.wait(1)
    assert len(bus.training.messages("training.started")) == 4
    bus.wait(60)
    assert len(bus.training.messages("training.started")) > 4


def test_a_job_begun_again_under_its_id_is_a_new_one(bus_of, say):
    bus = bus_of(training="paused")
    say(bus, "training.started", job_id="train-1")
    first = bus.world.training.running["train-1"]
    say(bus, "training.started", job_id="train-1")
    assert bus.world.training.running["train-1"] is not first
    assert (bus.world.training.begun, bus.world.training.ended) == (2, 1)


def test_books_show_jobs_that_got_lost_or_too_far(bus_of):
    bus = bus_of(training="paused")
    bus.world.scripted("training.started", None, {"payload.job_id": "mine"}, 0.0)
    job = bus.world.training.running["mine"]
    job.steps, job.done = 3, 4
    bus.world.training.begun += 1
    assert bus.world.check_books() == [
        "job mine: 4 of 3 steps",
        "train: 2 begun, 0 ended, 1 running",
    ]
    job.done = 3
    bus.world.training.begun -= 1


def test_new_ids_pass_over_those_that_scripts_took():
    ids = Ids(lambda number: f"job-{number}")
    assert ids.new() == "job-1"
    assert ids.of({"job_id": "job-2"}, "job_id") == "job-2"
    assert ids.of({}, "job_id") == "job-3"
