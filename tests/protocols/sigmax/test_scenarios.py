"""Every shipped scenario of SIGMAX shows what its title says. Each test is named after its scenario."""

import re
from collections import Counter
from pathlib import Path

import pytest

from harness.core.message import Opcode, epoch_s
from harness.protocols.sigmax import PROTOCOL
from harness.scenario.library import Library

NAMES = list(Library().files("sigmax"))
PAGE = (Path(__file__).parents[3] / "docs" / "sigmax.md").read_text(encoding="utf-8")
PROPOSALS = ("proposal_created", "proposal_approved", "trade_executed")


@pytest.fixture
def played(play_of, request):
    """A play of the scenario that the test is named after."""
    name = request.node.name.removeprefix("test_").replace("_", "-")

    def play(**more):
        return play_of(PROTOCOL, name, **more)

    return play


def subscriber(play, *topics, symbols=(), **more):
    """A client that has subscribed."""
    client = play.connect(**more)
    client.say({"type": "subscribe", "data": {"topics": list(topics), "symbols": list(symbols)}})
    return client


def watch(play, seconds, *clients):
    """Let time pass while these clients answer every ping, as they should. Whole seconds only."""
    for _ in range(seconds):
        play.wait(1)
        for client in clients:
            if client.times("ping")[-1:] > [play.now - 1]:
                client.say({"type": "pong"})


def ids(client, kind):
    return [m["data"]["proposal_id"] for m in client.messages(kind)]


def codes(client):
    return [m["data"]["code"] for m in client.messages("error")]


def prices(client, symbol):
    """When each price of a pair was told: time -> price."""
    updates = zip(client.times("market_update"), client.messages("market_update"), strict=True)
    return {at: row["price"] for at, message in updates for row in message["data"] if row["symbol"] == symbol}


def command(client, word, **arguments):
    client.say({"type": "command", "data": {"command": word, **arguments}, "request_id": word})


def test_bull_run(played):
    play = played()
    client = subscriber(play, "market", "portfolio", "executions")
    watch(play, 60, client)
    first, *_, last = client.messages("market_update")
    for before, after in zip(first["data"], last["data"], strict=True):
        assert 1.08 < after["price"] / before["price"] < 1.18
        assert after["change_24h"] > before["change_24h"]
    assert len(client.messages("trade_executed")) >= 15
    assert client.messages("portfolio_update")[-1]["data"]["total_pnl"] > 0


def test_flash_crash(played):
    play = played()
    client = subscriber(play, "market", "portfolio", "alerts")
    watch(play, 70, client)
    told = prices(client, "BTC/USDT")
    assert told[22] / told[18] == pytest.approx(0.8, abs=0.03)
    assert told[42] / told[38] == pytest.approx(1.125, abs=0.05)
    falls = [
        t for t, m in zip(client.times("alert"), client.messages("alert"), strict=True) if m["data"]["level"] != "info"
    ]
    assert falls
    assert min(falls) >= 20
    pnl = dict(zip(client.times("portfolio_update"), client.messages("portfolio_update"), strict=True))
    assert pnl[21]["data"]["total_pnl"] < pnl[18]["data"]["total_pnl"]


def test_proposal_refused(played):
    play = played()
    client = subscriber(play, "proposals", "executions", "alerts")
    watch(play, 29, client)
    refused = ids(client, "proposal_created")
    assert len(refused) >= 4
    assert client.messages("proposal_approved", "trade_executed") == []
    reasons = [
        m["data"]["message"] for m in client.messages("alert") if "daily loss limit reached" in m["data"]["message"]
    ]
    assert [each for each in refused[:-1] if not any(each in reason for reason in reasons)] == []
    watch(play, 60, client)
    assert len(ids(client, "trade_executed")) >= 8
    assert set(ids(client, "trade_executed")) & set(refused[:-1]) == set()


def test_proposals_wait(played):
    play = played()
    client = subscriber(play, "proposals", "executions")
    watch(play, 30, client)
    assert client.messages("proposal_approved", "trade_executed") == []
    wanted = ids(client, "proposal_created")[1]
    command(client, "approve_proposal", proposal_id=wanted)
    watch(play, 5, client)
    assert ids(client, "proposal_approved") == ids(client, "trade_executed") == [wanted]


def test_alert_storm(played):
    play = played()
    client = subscriber(play, "alerts")
    watch(play, 60, client)
    storm = [t for t in client.times("alert") if 10 <= t <= 30]
    assert 360 <= len(storm) <= 440
    assert len(client.times("alert")) - len(storm) < 5
    assert {m["data"]["level"] for m in client.messages("alert")} == {"info", "warning", "critical"}


def test_connection_limit(played):
    play = played()
    first, second, third = play.connect(), play.connect(), play.connect()
    assert (first.ends, second.ends) == ([], [])
    assert (codes(third), third.ends, third.messages("connected")) == (["MAX_CONNECTIONS_EXCEEDED"], [1013], [])
    third.leave()
    assert play.connect().ends == [1013]
    first.leave()
    again = play.connect()
    assert (again.ends, len(again.messages("connected"))) == ([], 1)


def test_key_required(played):
    play = played()
    for query in ({}, {"api_key": "wrong"}):
        refused = play.connect(query=query)
        assert (codes(refused), refused.ends, refused.messages("connected")) == (["AUTHENTICATION_FAILED"], [1008], [])
    client = subscriber(play, "market", query={"api_key": "demo-key"})
    watch(play, 5, client)
    assert (client.times("market_update"), client.ends) == ([2, 4], [])


def test_invalid_topic(played):
    play = played()
    client = subscriber(play, "proposals", "analysis")
    assert codes(client) == ["INVALID_TOPIC"]
    assert "analysis" in client.messages("error")[0]["data"]["details"]
    client.say({"type": "subscribe", "data": {"topics": ["proposals"]}})
    watch(play, 30, client)
    assert len(client.messages("proposal_created")) >= 4
    assert client.messages("analysis_update") == client.ends == []


def test_heartbeats_lost(played):
    play = played(strict=False)
    patient = subscriber(play, "market")
    anxious = subscriber(play, "market")
    for _ in range(20):
        anxious.say({"type": "ping"})
        play.wait(5)
    assert patient.messages("ping", "pong") == anxious.messages("ping", "pong") == []
    assert (patient.log[-1], anxious.ends) == ((60, 1001), [])
    assert len(anxious.messages("market_update")) == 50


def test_silent_client(played):
    play = played()
    silent, lively = play.connect(), play.connect()
    watch(play, 30, lively)
    assert silent.times("ping") == [5]
    assert silent.log[-1] == (10, 1001)
    assert (lively.times("ping"), lively.ends) == ([5, 10, 15, 20, 25, 30], [])


def test_paused(played):
    play = played()
    client = subscriber(play, "status", "proposals", "market")
    watch(play, 60, client)
    changes = [(m["data"]["previous_status"], m["data"]["status"]) for m in client.messages("status_change")]
    assert (client.times("status_change"), changes) == ([15, 35], [("running", "paused"), ("paused", "running")])
    told = dict(zip(client.times("system_status"), client.messages("system_status"), strict=True))
    assert [told[t]["data"]["status"] for t in (10, 20, 30, 40)] == ["running", "paused", "paused", "running"]
    moments = client.times("proposal_created")
    assert [t for t in moments if 15 < t < 35] == []
    assert min(moments) < 15 < 35 < max(moments)
    assert len(client.messages("market_update")) == 30


def test_duplicate_events(played):
    play = played()
    client = subscriber(play, "proposals", "executions", "portfolio")
    watch(play, 40, client)
    for kind in PROPOSALS:
        times = Counter(ids(client, kind))
        assert len(times) >= 5
        assert set(times.values()) == {2}
    client.say({"type": "get_status"})  # The system knows better how many there were.
    status = client.messages("system_status")[-1]["data"]
    assert status["trades"] == len(set(ids(client, "trade_executed")))
    assert status["proposals"] == len(set(ids(client, "proposal_created")))


def test_trade_before_proposal(played):
    play = played()
    client = subscriber(play, "proposals", "executions")
    watch(play, 60, client)
    order = [(m["type"], m["data"]["proposal_id"]) for m in client.messages(*PROPOSALS)]
    told = set(ids(client, "proposal_created"))
    assert len(told) >= 5
    for each in told:
        of_one = [kind for kind, id_ in order if id_ == each]
        assert of_one == ["proposal_approved", "trade_executed", "proposal_created"]
    late = zip(client.times("proposal_created"), client.messages("proposal_created"), strict=True)
    assert all(at - told_at(play, m) == pytest.approx(10, abs=0.002) for at, m in late)


def told_at(play, message):
    """The time that a message bears, on the play's clock."""
    return epoch_s(message["timestamp"]) - play.stage.clock.wall_s(0.0)


def test_broken_events(played):
    play = played(strict=False)
    client = subscriber(play, "market", "portfolio", "executions")
    watch(play, 120, client)
    pieces = [m for _, m in client.log if isinstance(m, bytes)]
    assert all(piece.startswith(b'{"type":"market_update"') for piece in pieces)
    assert 8 <= len(pieces) <= 28
    assert len(pieces) + len(client.messages("market_update")) == 60
    assert {type(m["data"]["filled_price"]) for m in client.messages("trade_executed")} == {str}
    positions = Counter(m["data"]["positions"] is None for m in client.messages("portfolio_update"))
    assert min(positions[True], positions[False]) >= 10
    assert client.ends == []


def test_slow_network(played):
    play = played()
    client = subscriber(play, "market", "portfolio", "status")
    watch(play, 50, client)
    late = [at - told_at(play, m) for at, m in client.log if m["type"] != "connected"]
    assert min(late) >= 0.8
    assert [at for at, _ in client.log if 20 <= at < 26 or 40 <= at < 46] == []
    assert Counter(at for at, _ in client.log)[26] >= 5
    moments = [m["timestamp"] for m in client.messages("market_update")]
    assert moments == sorted(moments)


def test_connection_lost(played):
    play = played()
    client = subscriber(play, "market")
    watch(play, 30, client)
    assert client.log[-1] == (25, "cut")
    again = subscriber(play, "market")
    watch(play, 20, again)
    assert (len(again.messages("market_update")), again.ends) == (10, [])
    first, second = client.messages("connected") + again.messages("connected")
    assert first["connection_id"] != second["connection_id"]


def test_server_restarts(played):
    play = played()
    client = subscriber(play, "market")
    watch(play, 21, client)
    assert client.log[-1] == (20, 1012)
    client.leave()
    again = play.connect()
    again.say({"type": "get_subscriptions"})
    assert again.messages("subscribed")[0]["data"]["topics"] == []
    again.say({"type": "subscribe", "data": {"topics": ["market"]}})
    watch(play, 30, again)
    assert (again.times("market_update")[0], again.ends) == (22, [])
    old, new = (prices(each, "BTC/USDT") for each in (client, again))
    assert new[22] == pytest.approx(old[18], rel=0.02)


def test_commands_limited(played):
    play = played()
    client = play.connect()
    for _ in range(4):
        command(client, "analyze", symbol="BTC/USDT")
    assert [m["type"] for m in client.messages()] == ["connected", *["system_status"] * 3, "error"]
    assert codes(client) == ["MESSAGE_PROCESSING_ERROR"]
    assert client.messages("error")[0]["request_id"] == "analyze"
    client.say({"type": "get_status"})
    watch(play, 10, client)
    command(client, "analyze", symbol="BTC/USDT")
    assert len(client.messages("system_status")) == 5
    assert len(codes(client)) == 1


def test_health_degrades(played):
    play = played()
    client = subscriber(play, "health", "status")
    watch(play, 40, client)
    told = dict(zip(client.times("health_update"), client.messages("health_update"), strict=True))
    assert sorted(told) == [10, 15, 20, 30, 40]
    assert told[15]["data"]["cpu_percent"] > 95 > told[10]["data"]["cpu_percent"]
    assert client.times("status_change") == [25]
    assert client.messages("status_change")[0]["data"]["status"] == "error"
    assert client.messages("system_status")[-1]["data"]["status"] == "error"


def test_every_shipped_scenario_has_a_test_of_its_name():
    tests = {name.removeprefix("test_").replace("_", "-") for name in globals() if name.startswith("test_")}
    assert len(NAMES) >= 9
    assert set(NAMES) - tests == set()


def test_the_page_tells_of_every_scenario_and_of_no_other():
    told = PAGE.partition("## Scenarios")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([\w-]+)`", told, re.MULTILINE)) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_bytes(play_of, name):
    def frames(seed):
        play = play_of(PROTOCOL, name, seed=seed, strict=False)
        client = subscriber(play, "all", query={"api_key": "demo-key"})
        watch(play, 20, client)
        entries = client.link.conversation.entries
        return [(e.at_s, e.frame.data) for e in entries if e.frame.opcode is Opcode.TEXT]

    assert frames(3) == frames(3) != frames(4)
