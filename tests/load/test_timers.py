import sys
import time

import gevent
import pytest
from gevent.event import Event

from harness.load.timers import NEVER, HubTimer, KernelTimer, timer

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has timerfd")
KINDS = [HubTimer, pytest.param(KernelTimer, marks=linux)]


@pytest.fixture(params=KINDS)
def rung(request):
    """A timer, and how to wait until it has gone off: the moment, or None after a second."""
    event = Event()
    of = request.param(event.set)

    def wait():
        came = event.wait(1.0)
        event.clear()
        return time.perf_counter() if came else None

    yield of, wait
    of.close()


def test_it_goes_off_when_it_should_and_never_early(rung):
    of, wait = rung
    for _ in range(3):
        due_s = time.perf_counter() + 0.005
        of.set(due_s)
        assert wait() >= due_s - 1e-6


def test_what_is_set_last_counts(rung):
    of, wait = rung
    of.set(time.perf_counter() + 1000)
    of.set(time.perf_counter() - 1)  # Which is at once.
    assert wait() is not None


def test_one_that_is_set_to_never_is_silent():
    times = []
    kinds = [HubTimer, KernelTimer] if sys.platform == "linux" else [HubTimer]
    timers = [kind(lambda: times.append(time.perf_counter())) for kind in kinds]
    for of in timers:
        of.set(time.perf_counter() + 0.002)
        of.set(NEVER)
    gevent.sleep(0.01)
    for of in timers:
        of.close()
    assert times == []


@linux
def test_the_kernels_is_taken_where_there_is_one():
    of = timer(lambda: None)
    of.close()
    assert isinstance(of, KernelTimer)
