"""Servers that read the spec in another way than our mock, and are right as well: no check may fail one of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from harness import protocols
from harness.conformance import suite
from harness.conformance.rehearsal import rehearse
from harness.conformance.runner import Options
from harness.core.defect import Defect, in_protocol, in_rules, in_session, on_frame, on_message
from harness.core.message import Frame, Opcode, merged
from harness.core.session import Ping, Send
from harness.protocols.brainstream.defects.breaking import nth, wrong
from harness.protocols.brainstream.session import BrainStreamSession

BRAINSTREAM = suite.load("brainstream")
MOCK = protocols.load("brainstream")


def with_facts(name, **facts):
    """A mock whose world has other facts."""
    return Defect(name, "", (), name, lambda p: replace(p, facts=replace(p.facts, **facts)))


@on_message("")
def members_of_its_own(message, session, now):
    """Adds members that the spec does not name."""
    return merged(message, {"v": 2, "data.node": "a", "data.market.volume": 7, "data.portfolio.positions": []})


@on_message("")
def whole_seconds(message, session, now):
    """Tells the time in whole seconds, so that snapshots may share a moment."""
    return merged(message, {"data.timestamp": f"{message['data']['timestamp'][:19]}Z"})


@on_message("")
def another_zone(message, session, now):
    """Tells the time of another zone, to the microsecond."""
    at = datetime.fromisoformat(message["data"]["timestamp"]).astimezone(timezone(timedelta(hours=-5)))
    return merged(message, {"data.timestamp": at.isoformat(timespec="microseconds")})


@on_message("")
def local_logs(message, session, now):
    """Tells the time of log entries without a zone, which is five hours ahead."""
    for entry in message["data"]["logs"]:
        at = datetime.fromisoformat(entry["timestamp"]) + timedelta(hours=5)
        entry["timestamp"] = at.replace(tzinfo=None).isoformat()
    return message


@on_message("")
def terse(message, session, now):
    """Has neither logs nor agents, and models without caches."""
    message["data"].update(logs=[], agents={})
    for model in message["data"]["models"].values():
        model.pop("cache_hit_rate", None)
    return message


@on_message("")
def agents_come_and_go(message, session, now):
    """Tells of those agents alone that have just worked, and counts their calls since they came."""
    number = nth(session, "packet")
    agent = {"latency_ms": 5, "success_rate": 1, "invocations": number % 3}
    return merged(message, {"data.agents": {} if number % 3 == 0 else {"MacroAgent": agent}})


@on_message("")
def restarts(message, session, now):
    """Begins anew now and then, and counts from 0."""
    number = nth(session, "packet") % 5
    for worker in (*message["data"]["agents"].values(), *message["data"]["models"].values()):
        worker["invocations"] = number
    return merged(message, {"data.status": "INITIALIZING" if number == 0 else "ACTIVE"})


@on_message("", "TELEMETRY")
def now_and_then_an_event(message, session, now):
    """Sends a packet twice now and then, as an event does that comes between two of the clock's."""
    return (message, message) if nth(session, "packet") % 5 == 0 else message


@on_message("", "TELEMETRY")
def slow_engine(message, session, now):
    """Has a new state every third second only, and sends the old one meanwhile."""
    number = nth(session, "packet")
    if number % 3 == 1:
        vars(session)["told"] = message
    return vars(session)["told"]


@on_message("", "TELEMETRY")
def misses_one_in_eight(message, session, now):
    """Leaves out a packet now and then, where the engine did not answer in time."""
    return None if nth(session, "packet") % 8 == 5 else message


@on_message("")
def changes_its_symbol(message, session, now):
    """Trades one symbol after the other, as the clock has it, at the same time for all."""
    return merged(message, {"data.market.symbol": ("SPY", "QQQ", "IWM")[int(now // 4) % 3]})


@on_message("")
def whole_dollars(message, session, now):
    """Tells nav and profit in whole dollars, and the drawdown in whole percent."""
    portfolio = message["data"]["portfolio"]
    changes = {"nav": round(portfolio["nav"]), "daily_pnl": round(portfolio["daily_pnl"])}
    return {
        **message,
        "data": {**message["data"], "portfolio": {**portfolio, **changes, "max_drawdown": round(-0.0149, 2)}},
    }


@on_message("")
def stamps_each_client(message, session, now):
    """Dates each packet when it is sent to each client, by the second."""
    wall = datetime.fromtimestamp(int(session.context.clock.wall_s(now)), UTC)
    return merged(message, {"data.timestamp": wall.isoformat()})


@on_frame("", Opcode.TEXT)
def pings_along(frame, session, now):
    """Sends a ping frame with each packet."""
    return frame, Frame(Opcode.PING, b"there?")


@in_session("")
class PollsForEach(BrainStreamSession):
    """Polls the engine for each client by a clock of its own, which is a little slow."""

    def opened(self, now):
        effects = super().opened(now)
        self.context.topics.leave_all(self)
        self.every(1.2, now, lambda then: (Send(self.world.packet("TELEMETRY")), Ping()))
        return effects


LAWFUL = [
    members_of_its_own,
    whole_seconds,
    another_zone,
    local_logs,
    terse,
    agents_come_and_go,
    restarts,
    now_and_then_an_event,
    slow_engine,
    misses_one_in_eight,
    changes_its_symbol,
    whole_dollars,
    stamps_each_client,
    pings_along,
    PollsForEach,
    wrong("no-zone", "", "timestamp", lambda v: v[:-1]),
    wrong("basic-form", "", "timestamp", lambda v: v.replace("-", "").replace(":", "")),
    wrong("letters-and-signs", "", "market.regime", lambda v: "Le\u0301vy Stable"),
    wrong("nulls-for-caches", "", "models.*.cache_hit_rate", lambda v: None),
    wrong("floats-for-counts", "", "models.*.invocations", float),
    wrong("short-account", "", "portfolio.cash", lambda v: v * 9),
    wrong("no-price-yet", "", "market.price", lambda v: 0),
    wrong("log-of-wonders", "", "logs.*.message", lambda v: ""),
    with_facts("halted", status="HALT"),
    with_facts("initializing", status="INITIALIZING"),
    with_facts("nothing-moves", volatility=0.0, trading=False),
    with_facts("wild-market", regime="Critical", volatility=20.0),
    with_facts("five-kilobytes", packet_bytes=5_000),
    with_facts("forty-kilobytes", packet_bytes=40_000),
    with_facts("a-little-slow", tick_every_s=1.4),
    with_facts("a-little-fast", tick_every_s=0.75),
    in_rules("ten-connections", "", "Allows ten connections.", connections_per_ip=10),
    in_protocol("no-deflate", "", "Declines permessage-deflate.", deflate=False),
]


def failed(report):
    assert report.broken == []
    return [(v.id, v.reason) for v in report.of("failed")]


@pytest.mark.parametrize("server", LAWFUL, ids=lambda server: server.name)
def test_a_lawful_server_fails_no_check(server):
    assert failed(rehearse(BRAINSTREAM, server.apply(MOCK))) == []


@on_message("")
def as_the_sample(message, session, now):
    """Has agents as in the sample of the spec, whose only one has no invocations."""
    for agent in message["data"]["agents"].values():
        del agent["invocations"]
    return message


def judged_without(capability, server):
    profile = replace(BRAINSTREAM.demo_profile("ws://mock/ws/stream", None), capabilities={capability: False})
    return rehearse(BRAINSTREAM, server.apply(MOCK), profile=profile)


@pytest.mark.parametrize(
    ("capability", "server"),
    [
        ("welcome", in_rules("no-welcome", "", "Sends no WELCOME.", welcome=False)),
        ("commands_ignored", in_rules("serves", "", "Serves commands.", commands="served")),
        ("agent_invocations", as_the_sample),
    ],
)
def test_what_is_contested_can_be_left_out(capability, server):
    report = judged_without(capability, server)
    assert failed(report) == []
    assert report.of("not-observed") == []
    assert {v.requirement.needs for v in report.of("excluded")} >= {capability}


def test_on_the_other_path_the_contract_is_the_same():
    profile = BRAINSTREAM.demo_profile("ws://mock/", None)
    assert failed(rehearse(BRAINSTREAM, MOCK, profile=profile)) == []


def test_where_the_profile_names_the_active_symbol_alone_there_is_nothing_to_subscribe_to():
    profile = replace(BRAINSTREAM.demo_profile("ws://mock/ws/stream", None), symbols=("SPY",))
    report = rehearse(BRAINSTREAM, MOCK, Options(only=("BRA-CMD-06",)), profile)
    assert report["BRA-CMD-06"].reason == "the profile names no symbol but the one that is active"
