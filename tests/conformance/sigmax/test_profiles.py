"""The suite where the profile knows less of SIGMAX than that of our mock, or the server is turned another way."""

import random
from dataclasses import replace

import pytest

from harness import protocols
from harness.conformance import suite
from harness.conformance.rehearsal import rehearse
from harness.conformance.runner import Options
from harness.core.http import HttpReply

SIGMAX = suite.load("sigmax")
MOCK = protocols.load("sigmax")


def test_a_handshake_refused_for_no_reason_is_a_failure():
    lawful = protocols.variants("sigmax")["unauthorized-and-unavailable"].apply(MOCK)

    def failing(*asked):
        return lawful.admit(*asked) and HttpReply({"error": "internal error"}, 500)

    report = rehearse(SIGMAX, replace(MOCK, admit=failing), Options(only=("SIG-AUTH", "SIG-LIM")))
    assert {v.id for v in report.of("failed")} == {"SIG-AUTH-02", "SIG-LIM-01"}


def test_where_the_profile_has_no_key_nothing_of_keys_is_observed():
    profile = replace(SIGMAX.demo_profile("ws://mock/api/ws", random.Random(1)), tokens=(), urls={})
    report = rehearse(SIGMAX, MOCK, Options(only=("SIG-AUTH",)), profile)
    assert {v.reason for v in report.of("not-observed")} == {"the profile names no API key (tokens)"}


def test_a_key_in_the_url_will_do():
    target = "ws://mock/api/ws?scenario=key-required&stage=keys&api_key=demo-key"
    profile = replace(SIGMAX.demo_profile(target, random.Random(1)), tokens=(), urls={})
    report = rehearse(SIGMAX, MOCK, Options(only=("SIG-AUTH",)), profile)
    assert [v.verdict for v in report.verdicts] == ["passed", "passed", "passed", "excluded"]


def test_where_nobody_is_turned_away_the_limit_is_not_observed():
    profile = replace(SIGMAX.demo_profile("ws://mock/api/ws", random.Random(1)), urls={})
    report = rehearse(
        SIGMAX, replace(MOCK, rules=replace(MOCK.rules, max_connections=5000)), Options(only=("SIG-LIM-01",)), profile
    )
    assert report["SIG-LIM-01"].reason.startswith("the server takes 1001 connections")


@pytest.mark.parametrize("scenario", ["slow-network", "alert-storm", "flash-crash", "proposal-refused"])
def test_neither_a_bad_line_nor_a_wild_world_is_a_failure(scenario):
    profile = SIGMAX.demo_profile("ws://mock/api/ws", random.Random(1))
    target = f"ws://mock/api/ws?stage=wild&scenario={scenario}"
    report = rehearse(SIGMAX, MOCK, profile=replace(profile, target=target))
    assert report.broken == []
    assert [(v.id, v.reason) for v in report.of("failed")] == []
