"""The suite where the profile knows less of Skybit than that of our mock, or the server shows less."""

from dataclasses import replace

import pytest

from harness import protocols
from harness.conformance import suite
from harness.conformance.profile import Profile
from harness.conformance.rehearsal import rehearse
from harness.conformance.runner import Options

SKYBIT = suite.load("skybit")
MOCK = protocols.load("skybit")
VARIANTS = protocols.variants("skybit")


def failed(report):
    assert report.broken == []
    return [(v.id, v.reason) for v in report.of("failed")]


def test_a_server_that_ends_after_an_expired_token_owes_no_second_auth():
    report = rehearse(SKYBIT, VARIANTS["ends-after-expiry"].apply(MOCK), Options(only=("SKY-AUTH-12",)))
    assert report["SKY-AUTH-12"].reason.startswith("the server ends the connection")


def test_what_a_profile_lacks_is_not_observed(demo):
    profile = replace(demo(SKYBIT), expired_token=None, symbols=("AAPL",))
    report = rehearse(SKYBIT, MOCK, profile=profile)
    assert failed(report) == []
    assert {v.id: v.reason for v in report.of("not-observed")} == {
        "SKY-AUTH-11": "the profile names no expired_token",
        "SKY-AUTH-12": "the profile names no expired_token",
        "SKY-SUB-08": "the profile names one symbol only",
    }


@pytest.mark.parametrize("users", [1, 3])
def test_few_users_will_do(users):
    tokens = tuple(f"demo-user-{n}" for n in range(1, users + 1))
    report = rehearse(SKYBIT, MOCK, profile=Profile("ws://mock/artifact/v1", tokens, expired_token="demo-expired"))
    assert failed(report) == []
    wanted = {f"this takes {n} user(s) at once, and the profile names {users}" for n in range(users + 1, 4)}
    assert {v.reason for v in report.of("not-observed")} <= wanted


def test_few_users_rest_where_a_server_counts_by_users():
    tokens = tuple(f"demo-user-{n}" for n in range(1, 4))
    profile = Profile("ws://mock/artifact/v1", tokens, expired_token="demo-expired")
    report = rehearse(SKYBIT, VARIANTS["counts-by-users"].apply(MOCK), profile=profile)
    assert failed(report) == []
    assert report.of("not-observed") == []


def test_where_the_market_is_closed_nothing_of_orders_is_observed():
    report = rehearse(SKYBIT, replace(MOCK, facts=replace(MOCK.facts, market="closed")))
    assert failed(report) == []
    assert report.exit_code == 3
    assert "the market is closed" in report["SKY-APPR-01"].reason


def test_errors_need_neither_details_nor_suggestions():
    report = rehearse(
        SKYBIT, VARIANTS["nothing-but-the-necessary"].apply(MOCK), Options(only=("SKY-ERR-07", "SKY-ERR-08"))
    )
    assert [v.id for v in report.of("passed")] == ["SKY-ERR-07", "SKY-ERR-08"]


def test_a_sale_is_seen_where_only_what_is_held_is_sold():
    report = rehearse(SKYBIT, VARIANTS["sells-only-what-is-held"].apply(MOCK), Options(("SKY-CHAT-08",)))
    assert report["SKY-CHAT-08"].verdict == "passed"
