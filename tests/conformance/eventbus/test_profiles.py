"""The suite where the profile knows less of EventBus than that of our mock, or the server has less to tell."""

from dataclasses import replace

import pytest

from harness import protocols
from harness.conformance import suite
from harness.conformance.rehearsal import rehearse
from harness.conformance.runner import Options

EVENTBUS = suite.load("eventbus")
MOCK = protocols.load("eventbus")


def failed(report):
    assert report.broken == []
    return [(v.id, v.reason) for v in report.of("failed")]


@pytest.mark.parametrize("name", ["legacy", "null-ids"])
def test_streams_without_ids_pass_with_a_note(name):
    report = rehearse(EVENTBUS, protocols.variants("eventbus")[name].apply(MOCK))
    assert report["EVB-ENV-09"].verdict == "passed"
    assert report["EVB-ENV-11"].reason == "no event has an id, as on a legacy stream"
    assert {v.id for v in report.of("not-observed")} == {"EVB-ENV-10", "EVB-ENV-11", "EVB-ENV-12", "EVB-ENV-13"}


def test_a_back_end_where_nothing_happens_fails_nothing(demo):
    quiet = replace(
        MOCK, facts=replace(MOCK.facts, predictor="stopped", automation="paused", training="paused", hft="stopped")
    )
    report = rehearse(EVENTBUS, quiet, profile=replace(demo(EVENTBUS), urls={}))
    assert failed(report) == []
    assert report["EVB-CONN-09"].reason == "not even two events came while two listened"
    assert report.exit_code == 3


@pytest.mark.parametrize("channel", ["prediction", "hft"])
def test_a_channel_that_the_profile_calls_missing_is_excluded(channel, demo):
    paths = tuple(path for path in MOCK.paths if not path.endswith(channel))
    lacking = replace(MOCK, paths=paths)
    rare = {"prediction": "predictor_incidents", "hft": "trader_incidents"}[channel]
    profile = replace(demo(EVENTBUS), capabilities={channel: False, rare: False})
    report = rehearse(EVENTBUS, lacking, profile=profile)
    assert failed(report) == []
    assert report.exit_code == 0


def test_without_a_place_for_rare_events_they_are_not_observed(demo):
    report = rehearse(EVENTBUS, MOCK, profile=replace(demo(EVENTBUS), urls={}))
    assert failed(report) == []
    assert "EVB-HFT-07" in {v.id for v in report.of("not-observed")}


def test_only_one_requirement_may_be_asked_for():
    report = rehearse(EVENTBUS, MOCK, Options(only=("EVB-HFT-31",)))
    assert [v.verdict for v in report.verdicts] == ["passed"]
