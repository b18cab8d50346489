"""The suite where the profile knows less of MegaBot than that of our mock, or the server wants more."""

import random
from dataclasses import replace

from harness import protocols
from harness.conformance import suite
from harness.conformance.profile import Profile
from harness.conformance.rehearsal import rehearse
from harness.protocols.megabot.credentials import new_token

MEGABOT = suite.load("megabot")
MOCK = protocols.load("megabot")


def failed(report):
    assert report.broken == []
    return [(v.id, v.reason) for v in report.of("failed")]


def test_a_server_that_wants_credentials_has_them_in_the_target():
    facts = replace(MOCK.facts, credentials="required")
    token = new_token("user", 1_000_000_000, 900_000_000)
    profile = Profile(
        f"ws://mock/ws?token={token}",
        credentials={"username": "user", "password": "pass"},
        capabilities={"anonymous": False, "api_keys": False},
    )
    report = rehearse(MEGABOT, replace(MOCK, facts=facts), profile=profile)
    assert failed(report) == []


def test_without_credentials_the_login_is_not_observed():
    report = rehearse(MEGABOT, MOCK, profile=Profile("ws://mock/ws"))
    assert failed(report) == []
    reasons = {v.reason for v in report.of("not-observed")}
    assert "the profile has no credentials.username" in reasons
    assert "the profile has no expired_token" in reasons


def test_a_token_of_the_profile_stands_in_for_the_login():
    token = new_token("user", 1_000_000_000, 900_000_000)
    report = rehearse(MEGABOT, MOCK, profile=Profile("ws://mock/ws", (token,)))
    assert failed(report) == []
    assert report["MEG-AUTH-07"].verdict == "passed"


def test_the_demo_profile_names_what_the_mock_accepts():
    profile = MEGABOT.demo_profile("ws://mock/ws", random.Random(1))
    assert profile.credentials["api_key"] in MOCK.facts.api_keys
    assert MOCK.facts.users[profile.credentials["username"]] == profile.credentials["password"]
