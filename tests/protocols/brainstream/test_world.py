"""The engine that all clients are shown: what it tells follows from what happens."""

import math
import random
from datetime import datetime
from itertools import pairwise

import pytest

from harness.core.message import epoch_s, leaves
from harness.protocols.brainstream import PROTOCOL
from harness.protocols.brainstream.logbook import KEPT
from harness.scenario.scenario import Action, Scenario, Step


def column(packets, path):
    """What all packets' data say at a dotted path."""
    for name in path.split("."):
        packets = [each[name] for each in packets]
    return packets


def test_it_begins_as_the_sample_of_the_spec(play, data_of):
    [data] = data_of(play().connect())
    assert (data["status"], data["market"]["symbol"], data["market"]["price"]) == ("ACTIVE", "SPY", 450.32)
    assert data["portfolio"] == {"nav": 105234.56, "cash": 85000.0, "daily_pnl": 1234.56, "max_drawdown": 0.0}
    assert data["agents"]["MacroAgent"] == {"latency_ms": 45.2, "success_rate": 0.98, "invocations": 1500}
    assert data["models"]["ChronosService"] == {"latency_ms": 120.5, "invocations": 1523}
    assert "Physics: Gaussian regime confirmed" in [entry["message"] for entry in data["logs"]]


def test_net_asset_value_is_cash_and_the_position_at_the_current_price(play, data_of):
    play = play(seed=3)
    client = play.connect()
    for _ in range(200):
        play.wait(1)
        data = data_of(client)[-1]
        value = play.world.portfolio.micros / 1e6 * data["market"]["price"]
        assert data["portfolio"]["nav"] == pytest.approx(data["portfolio"]["cash"] + value, abs=0.0051)


@pytest.mark.parametrize("seed", range(20))
def test_profit_and_drawdown_follow_from_the_history_of_the_nav(play, data_of, seed):
    play = play(seed=seed, facts={"volatility": 10.0})
    client = play.connect()
    play.wait(300)
    peak, deepest, day_nav = 105234.56, 0.0, round(105234.56 - 1234.56, 2)
    for portfolio in column(data_of(client), "portfolio"):
        nav = portfolio["nav"]
        peak = max(peak, nav)
        deepest = min(deepest, nav / peak - 1)
        assert portfolio["max_drawdown"] == pytest.approx(deepest, abs=1e-6)
        assert portfolio["daily_pnl"] == pytest.approx(nav - day_nav, abs=0.005)


def test_the_day_begins_anew_at_midnight_utc(play, data_of):
    play = play(facts={"tick_every_s": 600.0, "volatility": 3.0})
    client = play.connect()
    play.wait(86_400)
    packets = data_of(client)
    midnight = next(i for i, data in enumerate(packets) if data["timestamp"].startswith("2024-01-16"))
    day_nav = packets[midnight - 1]["portfolio"]["nav"]
    for data in packets[midnight:]:
        portfolio = data["portfolio"]
        assert portfolio["daily_pnl"] == pytest.approx(portfolio["nav"] - day_nav, abs=0.005)


def test_trades_are_made_logged_and_conserve_the_nav(play, data_of, texts_of):
    play = play(seed=2, facts={"volatility": 0, "drift": 2e-5, "shares": 0})
    client = play.connect()
    play.wait(60)
    packets = data_of(client)
    trades = [(a, b) for a, b in pairwise(packets) if a["portfolio"]["cash"] != b["portfolio"]["cash"]]
    assert len(trades) >= 3
    for before, after in trades:
        assert after["signal"]["side"] == "BUY"
        assert texts_of(after)[-1].startswith("Execution: bought ") or "call" in texts_of(after)[-1]
        spent = before["portfolio"]["cash"] - after["portfolio"]["cash"]
        assert 0 < spent <= 0.05 * after["portfolio"]["nav"] + 0.01
    weight = 1 - packets[-1]["portfolio"]["cash"] / packets[-1]["portfolio"]["nav"]
    assert weight == pytest.approx(packets[-1]["governance"]["approved_size"], abs=0.01)


def test_a_falling_price_sells_everything(play, data_of, texts_of):
    play = play(facts={"volatility": 0, "drift": -5e-5})
    client = play.connect()
    play.wait(100)
    last = data_of(client)[-1]
    assert last["signal"]["side"] == "SELL"
    assert last["portfolio"]["cash"] == last["portfolio"]["nav"]
    assert any(text.startswith("Execution: sold ") for data in data_of(client) for text in texts_of(data))


def test_without_trading_the_position_stays(play, data_of):
    play = play(facts={"trading": False, "volatility": 5.0})
    client = play.connect()
    play.wait(200)
    assert {portfolio["cash"] for portfolio in column(data_of(client), "portfolio")} == {85000.0}
    assert "BUY" in column(data_of(client), "signal.side")


def test_the_critical_regime_is_vetoed_told_and_traded_no_more(play, data_of, texts_of):
    play = play(facts={"volatility": 0, "drift": -5e-5})
    client = play.connect()
    play.wait(20)
    play.world.change({"regime": "Critical"}, play.now)
    play.wait(30)
    packets = data_of(client)
    critical = [data for data in packets if data["market"]["regime"] == "Critical"]
    assert len(critical) == 30
    assert {data["governance"]["approved_size"] for data in critical} == {0}
    assert len({data["portfolio"]["cash"] for data in critical}) == 1
    texts = texts_of(critical[0])
    assert "Physics: Critical regime confirmed" in texts
    assert sum(text.startswith("Governance: physics veto, no SELL of ") for text in texts) == 1
    vetoes = {e["timestamp"] for data in packets for e in data["logs"] if "veto" in e["message"]}
    assert len(vetoes) == 1


def test_in_auto_a_regime_that_was_fixed_ends_by_chance(play, data_of):
    play = play(facts={"regime": "Critical"})
    client = play.connect()
    play.wait(30)
    play.world.change({"regime": "auto"}, play.now)
    play.wait(1000)
    assert set(column(data_of(client)[:31], "market.regime")) == {"Critical"}
    assert set(column(data_of(client), "market.regime")) > {"Critical"}


def test_halt_stops_trades_but_not_the_stream(play, data_of, texts_of):
    play = play(facts={"volatility": 5.0})
    client = play.connect()
    play.wait(10)
    play.world.change({"status": "HALT"}, play.now)
    play.wait(60)
    halted = data_of(client)[11:]
    assert len(halted) == 60
    assert {data["status"] for data in halted} == {"HALT"}
    assert {data["signal"]["reasoning"] for data in halted} == {"Trading is halted"}
    assert len({data["portfolio"]["cash"] for data in halted}) == 1
    assert len({data["market"]["price"] for data in halted}) > 50
    assert "Governance: trading is halted" in texts_of(halted[0])


def test_while_initializing_nothing_is_called_and_counting_begins_with_the_first_call(play, data_of):
    play = play(facts={"status": "INITIALIZING"})
    client = play.connect()
    play.wait(5)
    play.world.change({"status": "ACTIVE"}, play.now)
    play.wait(10)
    packets = data_of(client)
    assert all(data["agents"] == data["models"] == {} for data in packets[:6])
    assert packets[6]["agents"]["PhysicsAgent"]["invocations"] == 1
    assert packets[-1]["agents"]["PhysicsAgent"]["invocations"] == 10


def test_a_jump_happens_once_at_the_next_tick_and_can_be_repeated(play, data_of, texts_of):
    play = play(facts={"volatility": 0, "jump": 0.5})
    client = play.connect()
    play.wait(2.5)
    play.world.change({"jump": -0.1}, play.now)
    play.world.change({"volatility": 0.0}, play.now)
    play.wait(2)
    play.world.change({"jump": -0.1}, play.now)
    play.wait(2)
    assert column(data_of(client), "market.price") == [450.32, 675.48, 675.48, 607.93, 607.93, 547.14, 547.14]
    texts = texts_of(data_of(client)[-1])
    assert [text for text in texts if "moved" in text] == [
        "Market: SPY moved +50.00% to 675.48",
        "Market: SPY moved -10.00% to 607.93",
        "Market: SPY moved -10.00% to 547.14",
    ]


def test_each_minute_is_summed_up(play, data_of, texts_of):
    play = play(facts={"regime": "Gaussian"})
    client = play.connect()
    play.wait(120)
    packets = data_of(client)
    for first, last in ((0, 60), (60, 120)):
        prices = column(packets[first : last + 1], "market.price")
        summary = f"Market: SPY between {min(prices)} and {max(prices)} in 60 ticks"
        assert summary in texts_of(packets[last])


def test_logs_are_bounded_and_never_of_the_future(play, data_of):
    play = play(seed=5, facts={"volatility": 20.0})
    client = play.connect()
    play.wait(300)
    for data in data_of(client):
        stamps = [epoch_s(entry["timestamp"]) for entry in data["logs"]]
        assert len(stamps) <= KEPT
        assert stamps == sorted(stamps)
        assert epoch_s(data["timestamp"]) - 400 < stamps[0]
        assert stamps[-1] <= epoch_s(data["timestamp"])


def sizes(client):
    return [len(entry.frame.data) for entry in client.link.conversation.entries if entry.sender == "server"]


@pytest.mark.parametrize("seed", range(20))
def test_packets_have_two_to_five_kilobytes(play, seed):
    play = play(seed=seed)
    client = play.connect()
    play.wait(150)
    assert min(sizes(client)) >= 2000
    assert max(sizes(client)) <= 5000


@pytest.mark.parametrize("wanted", [3000, 5000, 60_000])
def test_packets_are_as_large_as_is_wanted(play, data_of, wanted):
    play = play(facts={"packet_bytes": wanted})
    client = play.connect()
    play.wait(10)
    assert min(sizes(client)) >= wanted
    assert max(sizes(client)) <= wanted + 200
    for data in data_of(client):
        assert max(entry["timestamp"] for entry in data["logs"]) <= data["timestamp"]


def test_a_stalled_feed_is_silent_but_the_engine_goes_on(play, data_of, texts_of):
    play = play()
    client = play.connect()
    play.wait(3)
    play.world.change({"feed": "stalled"}, play.now)
    play.wait(5)
    late = play.connect()
    play.world.change({"feed": "live"}, play.now)
    play.wait(2)
    assert client.times() == [0, 1, 2, 3, 9, 10]
    assert [data["timestamp"][17:19] for data in data_of(late)] == ["03", "09", "10"]
    before, after = data_of(client)[3], data_of(client)[4]
    assert after["agents"]["PhysicsAgent"]["invocations"] - before["agents"]["PhysicsAgent"]["invocations"] == 6
    assert {"Engine: the feed is stalled", "Engine: the feed is live"} <= set(texts_of(after))


@pytest.mark.parametrize("feed", ["down", "stalled"])
def test_who_comes_before_the_first_tick_of_a_feed_that_is_back_is_told_the_present_state(play, data_of, feed):
    play = play()
    play.wait(3)
    play.world.change({"feed": feed}, play.now)
    play.wait(25.5)
    play.world.change({"feed": "live", "status": "HALT"}, play.now)
    play.wait(0.2)
    [data] = data_of(play.connect())
    assert (data["timestamp"], data["status"], data["signal"]["side"]) == ("2024-01-15T10:30:28.500Z", "HALT", "FLAT")


def test_ticks_come_as_often_as_the_facts_say(play, data_of):
    play = play(facts={"tick_every_s": 0.25})
    client = play.connect()
    play.wait(2)
    assert client.times() == [n / 4 for n in range(9)]
    stamps = [datetime.fromisoformat(data["timestamp"]).timestamp() for data in data_of(client)]
    assert {round(b - a, 3) for a, b in pairwise(stamps)} == {0.25}


def test_a_named_packet_becomes_true_for_everybody_and_remains_so(play, data_of, texts_of):
    play = play()
    clients = [play.connect(), play.connect()]
    play.wait(2.5)
    assert play.world.scripted("TELEMETRY", "halt", {}, play.now)
    play.wait(0.1)
    play.wait(1.4)
    for client in clients:
        assert client.times() == [0, 1, 2, 2.5, 3, 4]
        told, after = data_of(client)[3], data_of(client)[4]
        assert told["timestamp"] == "2024-01-15T10:30:02.500Z"
        assert (told["status"], told["market"]["regime"], told["governance"]["approved_size"]) == (
            "HALT",
            "Critical",
            0,
        )
        assert {"Governance: trading is halted", "Physics: Critical regime confirmed"} <= set(texts_of(told))
        assert after["status"] == "HALT"
        # The rest is the world's, not the example's.
        assert told["portfolio"] == data_of(client)[2]["portfolio"]


def test_a_named_packet_at_the_moment_of_a_tick_comes_before_it(play_of, data_of):
    step = Step(at_s=3.0, actions=(Action(send=("TELEMETRY", "halt")),))
    play = play_of(PROTOCOL, Scenario("halted", "Halted at a tick", PROTOCOL, steps=(step,)), seed=1)
    client = play.connect()
    play.wait(5)
    assert client.times() == [0, 1, 2, 3, 3, 4, 5]
    packets = data_of(client)
    assert column(packets, "status") == ["ACTIVE"] * 3 + ["HALT"] * 4
    assert packets[3]["market"]["price"] == packets[2]["market"]["price"] != packets[4]["market"]["price"]
    calls = column(packets, "agents.RiskAgent.invocations")
    assert calls == sorted(calls)


def test_a_named_packet_after_midnight_tells_the_profit_of_the_new_day(play, data_of):
    play = play(facts={"tick_every_s": 3600.0, "volatility": 3.0})
    client = play.connect()
    play.wait(14 * 3600)  # The last tick of the day was at half past eleven.
    play.world.scripted("TELEMETRY", "active", {}, play.now)
    data = data_of(client)[-1]
    assert data["timestamp"] == "2024-01-16T00:30:00.000Z"
    play.wait(3600)
    after = data_of(client)[-1]
    gained = after["portfolio"]["nav"] - data["portfolio"]["nav"]
    assert after["portfolio"]["daily_pnl"] - data["portfolio"]["daily_pnl"] == pytest.approx(gained, abs=0.011)


def test_a_named_packet_moves_a_fixed_regime(play, data_of):
    play = play(facts={"regime": "Gaussian"})
    client = play.connect()
    play.world.scripted("TELEMETRY", "levy", {}, play.now)
    play.world.scripted("TELEMETRY", "levy", {}, play.now)
    play.wait(20)
    assert set(column(data_of(client)[1:], "market.regime")) == {"Lévy Stable"}
    told = [e for e in data_of(client)[-1]["logs"] if e["message"] == "Physics: Lévy Stable regime confirmed"]
    assert len(told) == 1


def test_what_a_script_changes_holds_for_one_packet_only(play, data_of):
    play = play(facts={"volatility": 0})
    client = play.connect()
    play.wait(1.5)
    play.world.scripted("TELEMETRY", None, {"data.market.price": 1.0, "data.status": "HALT"}, play.now)
    play.wait(1)
    assert column(data_of(client), "market.price") == [450.32, 450.32, 1.0, 450.32]
    assert column(data_of(client), "status") == ["ACTIVE", "ACTIVE", "HALT", "ACTIVE"]


def test_clients_of_one_world_are_sent_the_same_packets(play, data_of):
    play = play()
    one = play.connect()
    play.wait(3.5)
    other = play.connect(path="/")
    play.wait(3)
    assert data_of(one)[4:] == data_of(other)[1:]
    assert data_of(other)[0] == data_of(one)[3]


def bytes_of(play, seconds):
    client = play.connect()
    play.wait(seconds)
    return [entry.frame.data for entry in client.link.conversation.entries]


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(play):
    first, again, other = (bytes_of(play(seed=seed), 150) for seed in (1, 1, 2))
    assert first == again
    assert not set(first) & set(other)


def test_who_looks_on_changes_nothing(play):
    alone = bytes_of(play(seed=1), 100)
    crowded = play(seed=1)
    watched = crowded.connect()
    for _ in range(5):
        crowded.connect()
    crowded.wait(100)
    assert [entry.frame.data for entry in watched.link.conversation.entries] == alone


EXTREMES = {
    "price": [0.01, 0.3, 450.32, 1e6],
    "cash": [1, 85_000, 1e9],
    "shares": [0, 0.000001, 44.933736, 1e6],
    "status": ["ACTIVE", "HALT", "INITIALIZING"],
    "regime": ["auto", "Gaussian", "Lévy Stable", "Critical"],
    "volatility": [0, 1, 100],
    "drift": [-0.5, -1e-3, 0, 1e-3, 0.5],
    "jump": [-0.99, -0.1, 0, 10],
    "trading": [True, False],
    "feed": ["live", "live", "live", "stalled"],
    "packet_bytes": [0, 3000],
}


@pytest.mark.parametrize("seed", range(40))
def test_whatever_a_scenario_says_packets_are_valid_and_books_balance(play, seed):
    chance = random.Random(seed)
    facts = {name: chance.choice(values) for name, values in EXTREMES.items()}
    play = play(seed=seed, facts={**facts, "daily_pnl": 0.0})
    client = play.connect()
    for _ in range(25):
        name = chance.choice(sorted(play.world.LIVE))
        play.world.change({name: chance.choice(EXTREMES[name])}, play.now)
        play.wait(chance.choice([0.5, 3, 20]))
    for message in client.messages():
        assert all(math.isfinite(value) for _, value in leaves(message) if isinstance(value, float))
    stamps = [message["data"]["timestamp"] for message in client.messages()]
    assert stamps == sorted(stamps)
