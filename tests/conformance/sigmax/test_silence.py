"""What checks of rhythms make of a server that does not send what they listen for."""

from dataclasses import replace

import pytest

from harness import protocols
from harness.conformance import suite
from harness.conformance.rehearsal import rehearse
from harness.conformance.runner import Options

SIGMAX = suite.load("sigmax")
MOCK = protocols.load("sigmax")


def verdict_of(id_, events):
    """The verdict on a server that sends so many events of the market, and then no more."""
    left = [events]

    def few(message, session, now):
        if message["type"] == "market_update":
            left[0] -= 1
            return (message,) if left[0] >= 0 else ()
        return (message,)

    report = rehearse(SIGMAX, replace(MOCK, message_filters=(few,)), Options(only=(id_,)))
    return report[id_]


@pytest.mark.parametrize("events", [0, 1, 2])
def test_too_few_events_have_no_rhythm(events):
    """The first one may come at once, so that two tell nothing of the rhythm either."""
    verdict = verdict_of("SIG-TIME-01", events)
    assert verdict.verdict == "failed"
    assert f"a market_update every 2 s; found {events} of them" in verdict.reason


def test_where_nothing_comes_nothing_comes_twice():
    assert verdict_of("SIG-SUB-31", 0).verdict == "not-observed"
