"""The suite where the profile knows less, or other things, than that of our mock."""

from dataclasses import replace

from harness import protocols
from harness.conformance import suite
from harness.conformance.rehearsal import rehearse
from harness.conformance.runner import Options

BRAINSTREAM = suite.load("brainstream")
MOCK = protocols.load("brainstream")


def test_on_the_other_path_the_contract_is_the_same():
    profile = BRAINSTREAM.demo_profile("ws://mock/", None)
    report = rehearse(BRAINSTREAM, MOCK, profile=profile)
    assert report.broken == []
    assert [(v.id, v.reason) for v in report.of("failed")] == []


def test_where_the_profile_names_the_active_symbol_alone_there_is_nothing_to_subscribe_to():
    profile = replace(BRAINSTREAM.demo_profile("ws://mock/ws/stream", None), symbols=("SPY",))
    report = rehearse(BRAINSTREAM, MOCK, Options(only=("BRA-CMD-06",)), profile)
    assert report["BRA-CMD-06"].reason == "the profile names no symbol but the one that is active"
