"""Every shipped scenario of BrainStream shows what its title says. Each test is named after its scenario."""

import json
import re
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from harness.protocols.brainstream import PROTOCOL
from harness.protocols.brainstream.credentials import DEMO_TOKEN, SECRET
from harness.scenario.library import Library
from harness.wire.tokens import issue

PAGE = (Path(__file__).parents[3] / "docs" / "brainstream.md").read_text(encoding="utf-8")
FILES = Library().files("brainstream")
TICKS = list(range(1, 10_000))


@pytest.fixture
def play(play_of, request):
    """The scenario that the test is named after, with its own seed."""
    name = request.node.name.removeprefix("test_").split("[")[0].replace("_", "-")
    return lambda **options: play_of(PROTOCOL, name, **options)


def test_each_scenario_has_a_test_of_its_name():
    assert {name for name in FILES if f"test_{name.replace('-', '_')}" not in globals()} == set()
    assert len(FILES) >= 9


def test_each_scenario_is_in_the_table_of_the_docs():
    rows = re.findall(r"^\| `([a-z-]+)` \|", PAGE.split("## Scenarios")[1], re.MULTILINE)
    assert sorted(rows) == sorted(FILES)


def test_the_token_of_the_docs_is_good():
    assert f"\n{DEMO_TOKEN}\n" in PAGE
    assert f"`{SECRET}`" in PAGE


@pytest.mark.parametrize("name", FILES)
def test_each_scenario_tells_at_its_head_what_a_front_end_learns(name):
    lines = FILES[name].read_text(encoding="utf-8").splitlines()
    comment = [line for line in lines[1:] if line.startswith("# ")]
    assert lines[0].startswith("# yaml-language-server:")
    assert len(" ".join(comment)) > 100


@pytest.mark.parametrize("name", FILES)
def test_each_scenario_is_the_same_for_the_same_seed(play_of, name):
    logs = []
    for _ in range(2):
        play = play_of(PROTOCOL, name, strict=False)
        client = play.connect()
        play.wait(40)
        logs.append(client.log)
    assert logs[0] == logs[1]


def values(client, path, *types):
    """What all packets say at a dotted path of their data."""
    result = [message["data"] for message in client.messages(*types or ("WELCOME", "TELEMETRY"))]
    for name in path.split("."):
        result = [value[name] for value in result]
    return result


def during(client, since, until):
    """The data of the packets that came in these seconds."""
    return [m["data"] for t, m in client.log if isinstance(m, dict) and since <= t < until]


def returns(prices):
    return [after / before - 1 for before, after in pairwise(prices)]


def test_calm(play):
    play = play()
    client = play.connect()
    play.wait(300)
    prices, navs = values(client, "market.price"), values(client, "portfolio.nav")
    assert client.times("TELEMETRY") == TICKS[:300]
    assert len(set(prices)) > 30
    assert max(map(abs, returns(prices))) < 0.001
    assert max(navs) / min(navs) < 1.005
    assert set(values(client, "market.regime")) == {"Gaussian"}
    assert set(values(client, "status")) == {"ACTIVE"}
    assert client.ends == []


def test_jumps(play):
    play = play()
    client = play.connect()
    play.wait(45)
    moves = returns(values(client, "market.price"))  # The first leads from WELCOME to the tick of second 1.
    jumps = {second: round(move, 2) for second, move in enumerate(moves, 1) if abs(move) > 0.01}
    assert list(jumps.values()) == [-0.08, 0.05, -0.12]
    assert all(0 <= second - step <= 1 for second, step in zip(jumps, (10, 20, 30), strict=True))
    # The filter is thrown off by each, and comes to rest again.
    speeds = [abs(v) for v in values(client, "market.velocity")]
    assert max(speeds[10:14]) > 20 * max(speeds[:9])
    assert len([e for e in during(client, 45, 46)[0]["logs"] if "moved" in e["message"]]) == 3


def test_critical_and_halt(play):
    play = play()
    client = play.connect()
    play.wait(240)
    assert client.times("TELEMETRY") == TICKS[:240]
    assert {(d["status"], d["market"]["regime"]) for d in during(client, 0, 15)} == {("ACTIVE", "Gaussian")}
    critical = during(client, 17, 25)
    assert {(d["status"], d["market"]["regime"], d["governance"]["approved_size"]) for d in critical} == {
        ("ACTIVE", "Critical", 0)
    }
    halted = during(client, 26, 60)
    assert {d["status"] for d in halted} == {"HALT"}
    assert {(d["signal"]["side"], d["governance"]["approved_size"]) for d in halted} == {("FLAT", 0)}
    assert len({d["portfolio"]["cash"] for d in halted}) == 1
    assert len({d["market"]["price"] for d in halted}) > 20
    after = during(client, 62, 241)
    assert {(d["status"], d["market"]["regime"]) for d in after} == {("ACTIVE", "Gaussian")}
    assert max(d["governance"]["approved_size"] for d in after) > 0
    errors = [e["message"] for e in halted[-1]["logs"] if e["level"] == "ERROR"]
    assert errors[-1] == "Governance: trading is halted"


def test_initializing(play):
    play = play()
    client = play.connect()
    play.wait(20)
    [welcome] = client.messages("WELCOME")
    assert welcome["data"]["status"] == "INITIALIZING"
    for data in during(client, 0, 8):
        assert (data["status"], data["agents"], data["models"]) == ("INITIALIZING", {}, {})
        assert (data["signal"]["side"], data["governance"]["approved_size"]) == ("FLAT", 0)
    begun = during(client, 9, 21)
    assert {d["status"] for d in begun} == {"ACTIVE"}
    assert begun[0]["agents"] != {}
    assert max(a["invocations"] for a in begun[0]["agents"].values()) <= 2
    assert len(begun[-1]["agents"]) > 3
    assert len(begun[-1]["models"]) > 3


def test_stalled_feed(play):
    play = play()
    client = play.connect()
    play.wait(20)
    late = play.connect()  # Who comes during the silence is told the last state there was, and no more.
    play.wait(25)
    times = client.times("TELEMETRY")
    assert [(a, b) for a, b in pairwise(times) if b - a > 1] == [(9, 30)]
    assert times[-1] == 45
    assert client.ends == late.ends == []
    assert late.times("WELCOME", "TELEMETRY")[:2] == [20, 30]
    stamps = [datetime.fromisoformat(stamp) for stamp in values(late, "timestamp")[:2]]
    assert (stamps[1] - stamps[0]).total_seconds() == pytest.approx(21, abs=0.01)


def test_malformed_tick(play):
    play = play(strict=False)
    client = play.connect()
    play.wait(20)
    shapes = play.stage.shapes
    broken = [(t, m) for t, m in client.log if not isinstance(m, dict) or shapes.problem(m, "server") is not None]
    assert [t for t, _ in broken] == [3.5, 5.5, 7.5, 9.5, 11.5, 13.5]
    half, not_a_number, *rest = [message for _, message in broken]
    with pytest.raises(ValueError, match="Unterminated"):
        json.loads(half)
    assert not_a_number["data"]["market"]["price"] != not_a_number["data"]["market"]["price"]
    assert [shapes.problem(message, "server").where for message in rest] == [
        "data",
        "data.market.price",
        "data.market.regime",
        "type",
    ]
    whole = [t for t, m in client.log if (t, m) not in broken and t > 0]
    assert whole == TICKS[:20]
    assert client.ends == []


def test_backend_gone_and_back(play):
    play = play()
    client = play.connect()
    play.wait(12)
    assert max(client.times("TELEMETRY")) == 9
    assert client.log[-1] == (10, "cut")
    attempts = []
    for pause in (1, 2, 4, 8, 16):  # 5.1: what a client does.
        play.wait(pause)
        attempts.append(play.connect())
    assert [each.ends for each in attempts[:4]] == [[1013]] * 4
    assert [each.messages() for each in attempts[:4]] == [[]] * 4
    back = attempts[4]
    play.wait(5)
    assert back.ends == []
    assert [m["type"] for m in back.messages()] == ["WELCOME"] + ["TELEMETRY"] * 5
    # The engine went on meanwhile: its counters have grown.
    before, after = (values(each, "agents.RiskAgent.invocations") for each in (client, back))
    assert after[0] > before[-1] + 20


def test_five_kilobyte_packets(play):
    play = play()
    client = play.connect()
    play.wait(60)
    sizes = [len(entry.frame.data) for entry in client.link.conversation.entries if entry.sender == "server"]
    assert len(sizes) == 61
    assert min(sizes) >= 5000
    assert max(sizes) <= 5400
    assert min(len(logs) for logs in values(client, "logs")) > 12
    for data in during(client, 0, 61):
        stamps = [entry["timestamp"] for entry in data["logs"]]
        assert max(stamps) <= data["timestamp"]


def test_deep_drawdown(play):
    play = play()
    client = play.connect()
    play.wait(180)
    navs, falls = values(client, "portfolio.nav"), values(client, "portfolio.max_drawdown")
    pnl = values(client, "portfolio.daily_pnl")
    lowest = navs.index(min(navs))
    assert lowest in range(68, 73)
    assert -0.36 < falls[lowest] < -0.30
    assert falls == sorted(falls, reverse=True)
    assert navs[-1] > 1.15 * navs[lowest]
    assert falls[-1] == falls[lowest + 1]
    assert max(values(client, "market.alpha")[15:120]) < 8  # A crash has a tail, and is no smooth slope.
    assert pnl[lowest] < -30_000
    assert pnl[lowest] < pnl[-1] < 0
    # The day's profit keeps in step with the net asset value.
    assert {round(nav - profit, 2) for nav, profit in zip(navs, pnl, strict=True)} == {round(navs[0] - pnl[0], 2)}


def test_welcome_missing(play):
    play = play()
    client = play.connect()
    play.wait(3.4)
    late = play.connect()
    play.wait(3)
    assert [m["type"] for m in client.messages()] == ["TELEMETRY"] * 6
    assert client.times() == TICKS[:6]
    assert late.times() == [4, 5, 6]


def test_ten_connections_per_ip(play):
    play = play()
    tabs = [play.connect() for _ in range(10)]
    eleventh = play.connect()
    elsewhere = play.connect(remote="192.0.2.7")
    play.wait(2)
    assert eleventh.ends == [1013]
    assert eleventh.messages() == []
    assert [each.ends for each in (*tabs, elsewhere)] == [[]] * 11
    assert elsewhere.times("TELEMETRY") == [1, 2]
    tabs[0].leave()
    again = play.connect()
    play.wait(1)
    assert again.times("WELCOME", "TELEMETRY") == [2, 3]


def with_subprotocols(*offered):
    return {"headers": {"sec-websocket-protocol": ", ".join(offered)}, "subprotocol": offered[0]}


def test_token_required(play):
    play = play()
    at = play.stage.clock.wall_s(0)
    good = [DEMO_TOKEN, issue("demo-user", SECRET, at, 60)]
    bad = [DEMO_TOKEN[:-2], issue("demo-user", SECRET[::-1], at, 60), issue("demo-user", SECRET, at - 60, 59), "demo"]
    refused = [play.connect(), play.connect(**with_subprotocols("token"))]
    refused += [play.connect(**with_subprotocols("token", token)) for token in bad]
    users = [play.connect(**with_subprotocols("token", token)) for token in good]
    play.wait(3)
    assert [each.ends for each in refused] == [[1008]] * 6
    assert [each.messages() for each in refused] == [[]] * 6
    for user in users:
        assert [m["type"] for m in user.messages()] == ["WELCOME"] + ["TELEMETRY"] * 3
        assert user.ends == []


def test_commands_served(play):
    play = play()
    one, other = play.connect(), play.connect()
    play.wait(3.5)
    one.say({"type": "SUBSCRIBE", "symbol": "AAPL"})
    one.say({"type": "SUBSCRIBE", "symbol": "NOBODY"})
    play.wait(3)
    one.say({"type": "HALT"})
    play.wait(3)
    for client in (one, other):
        assert values(client, "market.symbol") == ["SPY"] * 4 + ["AAPL"] * 6
        assert values(client, "status") == ["ACTIVE"] * 7 + ["HALT"] * 3
        assert client.times() == [0, *TICKS[:9]]  # Nothing is answered.
    assert values(one, "market.price")[-1] == pytest.approx(225.10, rel=0.05)


def test_fifty_packets_a_second(play):
    play = play()
    client = play.connect()
    play.wait(4)
    assert len(client.messages("TELEMETRY")) == 200
    assert len(set(values(client, "market.price"))) > 100
    gaps = {round(b - a, 6) for a, b in pairwise(client.times())}
    assert gaps == {0.02}


def test_slow_link(play):
    play = play()
    client = play.connect()
    play.wait(150)
    late = [
        t - (datetime.fromisoformat(m["data"]["timestamp"]).timestamp() - play.stage.clock.wall_s(0))
        for t, m in client.log
        if isinstance(m, dict)
    ]
    assert min(late) >= 0.499
    assert max(late) > 3
    arrivals = client.times("TELEMETRY")
    assert any(arrivals.count(moment) >= 3 for moment in arrivals)
    assert values(client, "timestamp") == sorted(values(client, "timestamp"))
    assert client.log[-1] == (120, "cut")
