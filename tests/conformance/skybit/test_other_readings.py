"""Servers that read the spec in another way than our mock, and are right as well: no check may fail one of them."""

import asyncio
from dataclasses import replace
from typing import ClassVar

import pytest

from harness import protocols
from harness.conformance import suite
from harness.conformance.memory import MemoryOpener
from harness.conformance.peer import Answer
from harness.conformance.profile import Profile
from harness.conformance.rehearsal import rehearse
from harness.conformance.runner import Options, run
from harness.core.clock import Clock, run_virtual
from harness.core.defect import in_rules, in_session, on_frame, on_message
from harness.core.message import Frame, Opcode, merged
from harness.core.session import Close, HangUp
from harness.protocols.skybit.defects.breaking import code, copied
from harness.protocols.skybit.errors import Refusal
from harness.protocols.skybit.session import SkybitSession, State
from harness.scenario.house import House

SKYBIT = suite.load("skybit")
MOCK = protocols.load("skybit")


@on_message("")
def members_of_its_own(message, session, now):
    """Adds members that the spec does not name."""
    return merged(message, {"node": 7, "data.trace": {"hop": 1}})


@on_message("", "Error")
def terse(message, session, now):
    """Gives Errors without details and suggestions, and an empty request_id where there is no request."""
    changes = {"data.details": None, "data.suggestions": None, "data.request_id": message["data"]["request_id"] or ""}
    return message if code(message) == "INSUFFICIENT_FUNDS" else merged(message, changes)


@on_message("", "Auth", "Heartbeat")
def whole_seconds(message, session, now):
    """Tells the time in whole seconds."""
    changes = {"ts": f"{message['ts'][:19]}Z"}
    if "server_ts" in message["data"]:
        changes["data.server_ts"] = f"{message['data']['server_ts'][:19]}+00:00"
    return merged(message, changes)


@on_message("", "Auth")
def hearts_of_its_own(message, session, now):
    """Begins Heartbeats by itself."""
    own = {**copied(message, session), "type": "Heartbeat", "data": {"server_ts": message["ts"]}}
    return message, own


@on_frame("", Opcode.PING)
def pings_twice(frame, session, now):
    """Pings more often."""
    return frame, Frame(Opcode.PING, b"again")


@on_message("", "Heartbeat")
def exact_latencies(message, session, now):
    """Gives latencies to the microsecond."""
    return merged(message, {"data.latency_ms": message["data"]["latency_ms"] + 0.25})


@in_session("")
class KeepsThoseItRefused(SkybitSession):
    """Says AUTH_FAILED, serves nothing, and keeps the connection."""

    def refuse(self, refusal, about, now):
        refusal.closes = False
        return super().refuse(refusal, about, now)


@in_session("")
class EndsAfterExpiry(SkybitSession):
    """Ends the connection after SESSION_EXPIRED."""

    def refuse(self, refusal, about, now):
        effects = super().refuse(refusal, about, now)
        return (*effects, Close(1008)) if refusal.code == "SESSION_EXPIRED" else effects


@in_session("")
class Patient(SkybitSession):
    """Refuses what comes before Auth with INVALID_REQUEST, and keeps the connection."""

    def unexpected(self, message, now):
        if self.state is State.AUTHENTICATING:
            raise Refusal("INVALID_REQUEST", "Auth comes first")
        return super().unexpected(message, now)


@in_session("")
class TakesASecondAuth(SkybitSession):
    """Confirms another Auth on the same connection."""

    def unexpected(self, message, now):
        return self.authenticate(message, now) if message["type"] == "Auth" else super().unexpected(message, now)


@in_session("")
class CutsTheEleventh(SkybitSession):
    """Cuts a connection too many without a word."""

    def refuse(self, refusal, about, now):
        if refusal.details.get("operation") == "connections":
            return (HangUp(),)
        return super().refuse(refusal, about, now)


class FixedWindow:
    """Counts by whole minutes, beginning in the midst of one."""

    def __init__(self, rate):
        self.rate, self.minute, self.count = rate, None, 0

    def retry_after_s(self, now):
        minute = int((now + 59.99) // self.rate.window_s)
        self.minute, self.count = minute, self.count if minute == self.minute else 0
        return 0.0 if self.count < self.rate.count else 1.0

    def allows(self, now):
        self.count += 1
        return True


@in_session("")
class FixedWindows(SkybitSession):
    """Counts by whole minutes, and does not count Auth."""

    def __init__(self, context):
        super().__init__(context)
        self.total_window = FixedWindow(self.rules.messages)
        self.windows = {kind: FixedWindow(window.rate) for kind, window in self.windows.items()}

    def authenticate(self, message, now):
        self.total_window.count -= 1
        return super().authenticate(message, now)


@in_session("")
class NothingButHeartbeatsCounts(SkybitSession):
    """Ends a connection that sends other messages, and no Heartbeats."""

    beaten_at = 0.0

    def opened(self, now):
        self.beaten_at = now
        return super().opened(now)

    def received(self, message, now):
        self.beaten_at = now if message["type"] == "Heartbeat" else self.beaten_at
        try:
            return super().received(message, now)
        finally:
            self.heard_at = self.beaten_at


@in_session("")
class CountsByUsers(SkybitSession):
    """Counts what a user sends by all connections."""

    windows_of: ClassVar = {}

    def admit(self, user, session, now):
        super().admit(user, session, now)
        mine = (self.context.world, user.id)
        self.total_window, self.windows = self.windows_of.setdefault(mine, (self.total_window, self.windows))


LAWFUL = [
    members_of_its_own,
    terse,
    whole_seconds,
    hearts_of_its_own,
    pings_twice,
    exact_latencies,
    KeepsThoseItRefused,
    EndsAfterExpiry,
    Patient,
    TakesASecondAuth,
    CutsTheEleventh,
    FixedWindows,
    NothingButHeartbeatsCounts,
    CountsByUsers,
    in_rules("slow-to-give-up", "", "Ends silent connections late.", idle_timeout_s=80.0),
]


def failed(report):
    assert report.broken == []
    return [(v.id, v.reason) for v in report.of("failed")]


@pytest.mark.parametrize("server", LAWFUL, ids=lambda server: server.name)
def test_a_lawful_server_fails_no_check(server):
    assert failed(rehearse(SKYBIT, server.apply(MOCK))) == []


def test_a_server_that_ends_after_an_expired_token_owes_no_second_auth():
    report = rehearse(SKYBIT, EndsAfterExpiry.apply(MOCK), Options(only=("SKY-AUTH-12",)))
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
    report = rehearse(SKYBIT, CountsByUsers.apply(MOCK), profile=profile)
    assert failed(report) == []
    assert report.of("not-observed") == []


def test_where_the_market_is_closed_nothing_of_orders_is_observed():
    report = rehearse(SKYBIT, replace(MOCK, facts=replace(MOCK.facts, market="closed")))
    assert failed(report) == []
    assert report.exit_code == 3
    assert "the market is closed" in report["SKY-APPR-01"].reason


@on_message("", "Error")
def nothing_but_the_necessary(message, session, now):
    """Gives Errors without details and suggestions."""
    message["data"] = {k: v for k, v in message["data"].items() if k not in ("details", "suggestions")}
    return message


def test_errors_need_neither_details_nor_suggestions():
    report = rehearse(SKYBIT, nothing_but_the_necessary.apply(MOCK), Options(only=("SKY-ERR-07", "SKY-ERR-08")))
    assert [v.id for v in report.of("passed")] == ["SKY-ERR-07", "SKY-ERR-08"]


class Doorkeeper(MemoryOpener):
    """A server that knows the user before the upgrade, and refuses the eleventh connection with 429."""

    async def open(self, offer, peer):
        inside = [link for driver in self.house.drivers.values() for link in driver.stage.links]
        return (Answer(429), None) if len(inside) >= 10 else await super().open(offer, peer)


def test_a_connection_too_many_may_be_refused_in_the_handshake(demo):
    async def play():
        clock, loop = Clock(), asyncio.get_running_loop()
        opener = Doorkeeper(House({"skybit": MOCK}, lambda: clock.wall_s(loop.time())))
        options = Options(only=("SKY-RATE-10",))
        return await run(SKYBIT, demo(SKYBIT), opener, lambda: clock.wall_s(loop.time()), options)

    assert run_virtual(play())["SKY-RATE-10"].verdict == "passed"
