"""Trainings, and what a script makes of them."""

import pytest

PAUSED = {"training": "paused"}


@pytest.fixture
def started(bus_of, say):
    """A bus with one training that a script has started, and that only a script moves."""
    bus = bus_of(**PAUSED)
    say(bus, "training.started", job_id="mine", kind="oracle", instrument_key="AAA", interval="1h")
    return bus


def test_a_scripted_start_says_what_the_script_says(started):
    assert started.training.messages()[0]["payload"] == {
        "job_id": "mine",
        "kind": "oracle",
        "instrument_key": "AAA",
        "interval": "1h",
    }


def test_a_scripted_training_runs_on_by_itself_once_nothing_is_paused(started, turn, hold_the_laws):
    turn(started, training="succeeding")
    started.wait(60)
    ends = started.training.messages("training.succeeded")
    assert ends[0]["payload"]["job_id"] == "mine"
    assert ends[0]["payload"]["result"]["model"] == "oracle-mine"
    hold_the_laws(started)


def test_scripted_progress_is_one_epoch_or_as_far_as_it_says(started, say):
    job = started.world.training.running["mine"]
    job.steps = 10
    assert say(started, "training.progress")["metrics"]["epoch"] == 1
    told = say(started, "training.progress", progress=0.55)
    assert (told["progress"], told["metrics"]["epoch"], told["message"]) == (0.55, 5, "Epoch 5 of 10")
    assert say(started, "training.progress", progress=100)["metrics"]["epoch"] == 10
    assert say(started, "training.progress")["metrics"]["epoch"] == 10


def test_progress_of_nothing_has_no_metrics(started, say):
    assert say(started, "training.progress", progress=0)["metrics"] == {}


@pytest.mark.parametrize("progress", [0, 0.5, 1])
def test_a_scripted_success_is_of_a_training_that_has_come_to_its_end(progress, started, say):
    steps = started.world.training.running["mine"].steps
    before = say(started, "training.progress", progress=progress)["metrics"]
    result = say(started, "training.succeeded")["result"]
    assert result["epochs"] == result["metrics"]["epoch"] == result["metrics"]["epochs"] == steps
    assert (result["metrics"] == before) == (progress == 1)
    assert started.world.training.running == {}


@pytest.mark.parametrize("steps", range(6, 17))
def test_a_told_progress_stands_for_the_epoch_that_it_was_told_of(steps, started, say):
    started.world.training.running["mine"].steps = steps
    for epoch in range(1, steps + 1):
        assert say(started, "training.progress", progress=round(epoch / steps, 4))["metrics"]["epoch"] == epoch


@pytest.mark.parametrize(
    ("variant", "members"),
    [("error", {"job_id", "result", "error"}), ("no_result", {"job_id", "error"}), ("bare", {"job_id"})],
)
def test_a_scripted_failure_ends_the_newest_training(variant, members, started, say):
    say(started, "training.progress")
    failure = say(started, "training.failed", variant)
    assert set(failure) == members
    assert failure["job_id"] == "mine"
    assert started.world.training.running == {}


def test_a_failure_before_the_first_epoch_has_no_result(started, say):
    assert set(say(started, "training.failed")) == {"job_id", "error"}


def test_a_training_ended_by_a_script_says_nothing_more(bus_of, say, hold_the_laws):
    bus = bus_of(training="succeeding")
    bus.wait(5)
    id_ = next(iter(bus.world.training.running))
    say(bus, "training.failed", job_id=id_)
    bus.wait(60)
    last = [e for e in bus.training.messages() if e["payload"]["job_id"] == id_][-1]
    assert last["type"] == "training.failed"
    hold_the_laws(bus)


@pytest.mark.parametrize("named", [{}, {"job_id": "train-1"}])
def test_without_a_training_the_script_speaks_of_one_from_before(named, bus_of, say, turn):
    bus = bus_of(**PAUSED)
    assert say(bus, "training.succeeded", **named)["job_id"] == "train-1"
    turn(bus, training="mixed")
    bus.wait(30)
    assert bus.training.messages("training.started")[0]["payload"]["job_id"] == "train-2"
