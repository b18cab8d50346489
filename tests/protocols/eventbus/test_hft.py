"""The trader, and what a script makes of its trades."""

import pytest

from harness.protocols.eventbus.hft import Trade

STOPPED = {"hft": "stopped", "predictor": "stopped", "automation": "paused", "training": "paused"}


def kinds(bus, since=0.0):
    return [event["type"] for at, event in bus.hft.log if at >= since]


def payloads(bus, *types):
    return [event["payload"] for event in bus.hft.messages(*types)]


# By itself --------------------------------------------------------------------------------------


def test_it_starts_on_paper_and_names_its_broker(bus_of):
    bus = bus_of(broker="sandbox")
    bus.wait(1)
    assert payloads(bus) == [
        {"broker": "sandbox", "safe_mode": True, "live_trading_enabled": False},
        {"broker": "sandbox"},
    ]


def test_each_entry_is_followed_by_its_risk_lines(bus_of):
    bus = bus_of()
    bus.wait(300)
    events = bus.hft.messages()
    for number, event in enumerate(events):
        if event["type"] == "hft.entry":
            assert events[number + 1]["type"] == "hft.trade_risk"
            assert events[number + 1]["payload"]["trade_id"] == event["payload"]["trade_id"]


def test_stops_trail_the_price_and_never_fall_back(bus_of, hold_the_laws):
    bus = bus_of()
    bus.wait(600)
    assert len(payloads(bus, "hft.trade_risk")) > len(payloads(bus, "hft.entry"))
    hold_the_laws(bus)


def test_where_prices_stand_still_trades_end_by_time_with_nothing(bus_of):
    bus = bus_of(volatility=0.0)
    bus.wait(120)
    exits = payloads(bus, "hft.exit")
    assert {(e["reason"], e["pnl"]) for e in exits} == {("time", 0.0)}
    entered = dict(zip([p["trade_id"] for p in payloads(bus, "hft.entry")], bus.hft.times("hft.entry"), strict=True))
    for exit_, at in zip(exits, bus.hft.times("hft.exit"), strict=True):
        assert at - entered[exit_["trade_id"]] == 30


def test_exits_are_at_prices_of_the_market(bus_of):
    bus = bus_of(instruments=["AAA"])
    seen = {}
    while bus.play.now < 120:
        bus.wait(0.5)
        seen[bus.play.now] = bus.world.market.price("AAA", bus.play.now)
    for exit_, at in zip(payloads(bus, "hft.exit"), bus.hft.times("hft.exit"), strict=True):
        assert exit_["price"] == seen[at]


@pytest.mark.parametrize(
    ("qty", "entry", "price", "pnl"),
    [
        *((10, 100.1, 100.3, 2.0), (0.047, 42850.5, 42950.5, 4.7), (3, 0.07, 0.01, -0.18)),
        *((1e9, 0.01, 1e9, 1e18 - 1e7), (1e12, 0.5, 1e12, 1e24 - 5e11), (-2, 100.0, 90.0, 20.0)),
    ],
)
def test_gains_are_exact_to_the_cent(qty, entry, price, pnl):
    assert Trade(1, "AAA", qty, entry, 0.0, 0.01, 1e9, 1.0).pnl(price) == pnl


def test_a_loss_of_less_than_half_a_cent_is_nothing_without_a_sign():
    assert str(Trade(1, "AAA", 0.001, 97.5, 0.0, 97.0, 99.0, 0.5).pnl(97.4)) == "0.0"


# Start, stop, failure, flatten ------------------------------------------------------------------


def test_a_stopped_trader_says_nothing_until_it_is_started(bus_of, turn):
    bus = bus_of(hft="stopped")
    bus.wait(30)
    assert kinds(bus) == []
    turn(bus, hft="running")
    assert kinds(bus) == ["hft.start", "hft.broker"]


def test_it_closes_all_trades_before_it_stops(bus_of, turn):
    bus = bus_of()
    bus.wait(10)
    held = len(bus.world.trader.open)
    assert held
    turn(bus, hft="stopped")
    assert kinds(bus, 10) == ["hft.exit"] * held + ["hft.stop"]
    assert {p["reason"] for p in payloads(bus, "hft.exit")} == {"shutdown"}
    bus.wait(60)
    assert kinds(bus, 10.1) == []


def test_flatten_closes_all_and_trading_goes_on(bus_of, turn):
    bus = bus_of()
    bus.wait(10)
    held = len(bus.world.trader.open)
    turn(bus, flatten=True)
    assert kinds(bus, 10) == ["hft.exit"] * held + ["hft.flatten"]
    assert payloads(bus, "hft.flatten") == [{"closed": held, "errors": []}]
    turn(bus, volatility=2.0)
    assert len(payloads(bus, "hft.flatten")) == 1
    bus.wait(60)
    assert "hft.entry" in kinds(bus, 11)


def test_while_the_broker_fails_nothing_is_opened_or_closed(bus_of, turn, hold_the_laws):
    bus = bus_of(volatility=5.0)
    bus.wait(10)
    held = len(bus.world.trader.open)
    turn(bus, hft="failing")
    bus.wait(60)
    assert set(kinds(bus, 10.1)) == {"hft.error", "hft.manage_error"}
    turn(bus, flatten=True)
    told = payloads(bus, "hft.flatten")[0]
    assert told["closed"] == 0
    assert len(told["errors"]) == held
    turn(bus, hft="running")
    bus.wait(2)
    assert len(payloads(bus, "hft.exit")) >= held
    hold_the_laws(bus)


def test_a_stop_closes_nothing_while_the_broker_fails_and_the_next_run_takes_over(bus_of, turn, hold_the_laws):
    bus = bus_of()
    bus.wait(10)
    held = list(bus.world.trader.open)
    assert held
    turn(bus, hft="failing")
    turn(bus, hft="stopped")
    assert kinds(bus, 10) == ["hft.manage_error"] * len(held) + ["hft.stop"]
    bus.wait(60)
    assert kinds(bus, 10.1) == []
    assert list(bus.world.trader.open) == held
    turn(bus, hft="running")
    bus.wait(2)
    assert {p["trade_id"] for p in payloads(bus, "hft.exit")} >= set(held)
    hold_the_laws(bus)


def test_a_scripted_end_closes_nothing_while_the_broker_fails(bus_of, say, turn):
    bus = bus_of()
    bus.wait(10)
    held = len(bus.world.trader.open)
    turn(bus, hft="failing")
    told = say(bus, "hft.flatten")
    assert (told["closed"], len(told["errors"])) == (0, held)
    say(bus, "hft.stop")
    assert kinds(bus, 10) == ["hft.flatten"] + ["hft.manage_error"] * held + ["hft.stop"]
    assert len(bus.world.trader.open) == held


def test_a_failing_broker_is_started_with_all_the_same(bus_of):
    bus = bus_of(hft="failing")
    bus.wait(20)
    assert kinds(bus)[:2] == ["hft.start", "hft.broker"]
    assert set(kinds(bus)[2:]) == {"hft.error"}


def test_another_broker_is_told_while_it_runs(bus_of, turn):
    bus = bus_of()
    turn(bus, broker="early")
    bus.wait(1)
    turn(bus, broker="late")
    assert payloads(bus, "hft.broker") == [{"broker": "early"}, {"broker": "late"}]


def test_books_show_trades_that_got_lost(bus_of):
    bus = bus_of()
    bus.wait(10)
    trade = next(iter(bus.world.trader.open.values()))
    trade.id += 100
    bus.world.trader.closed += 1
    faults = bus.world.check_books()
    assert faults[0] == f"trade {trade.id - 100}: its id is {trade.id}"
    assert faults[1].startswith("hft: ")
    trade.id -= 100
    bus.world.trader.closed -= 1


# Scripts ----------------------------------------------------------------------------------------


def test_a_scripted_trade_is_guarded_like_any_other(bus_of, say, hold_the_laws):
    bus = bus_of(instruments=["AAA"])
    bus.wait(1)
    made = say(bus, "hft.entry", instrument_key="BBB", trade_id=2)
    assert made["entry"] == bus.world.market.price("BBB", 1.0)
    assert kinds(bus)[-2:] == ["hft.entry", "hft.trade_risk"]
    bus.wait(60)
    assert 2 in [p["trade_id"] for p in payloads(bus, "hft.exit")]
    assert [p["trade_id"] for p in payloads(bus, "hft.entry")][:4] == [2, 1, 3, 4]
    hold_the_laws(bus)


def test_a_trade_that_is_closed_at_once_gets_no_risk_lines(bus_of):
    bus = bus_of(instruments=["AAA"])
    bus.wait(1)
    for name in ("hft.entry", "hft.exit"):
        bus.world.scripted(name, None, {}, 1.0)
    bus.wait(0)
    assert kinds(bus, 1) == ["hft.entry", "hft.exit"]


@pytest.mark.parametrize(("entry", "reason"), [(99999.0, "stop"), (42000.0, "target"), (42848.0, None)])
def test_a_trade_opened_at_the_moment_of_a_look_has_its_lines_before_it_is_looked_at(entry, reason, bus_of, script):
    bus = bus_of(
        scenario=script(f"""
        - {{at: 6.5s, send: hft.entry, with: {{payload.trade_id: 99, payload.entry: {entry}}}}}
    """)
    )
    bus.wait(6.5)
    mine = [e for e in bus.hft.messages() if e["payload"].get("trade_id") == 99]
    assert [e["type"] for e in mine] == ["hft.entry", "hft.trade_risk"]
    bus.wait(1)
    ends = [p["reason"] for p in payloads(bus, "hft.exit") if p["trade_id"] == 99]
    assert ends == ([reason] if reason else [])


def test_lines_that_a_script_tells_with_the_entry_are_told_once(bus_of):
    bus = bus_of(instruments=["AAA"])
    bus.wait(1)
    for name in ("hft.entry", "hft.trade_risk"):
        bus.world.scripted(name, None, {}, 1.0)
    bus.wait(0)
    assert kinds(bus, 1) == ["hft.entry", "hft.trade_risk"]


@pytest.mark.parametrize("qty", [2, -2])
@pytest.mark.parametrize("volatility", [0.0, 1.0])
def test_a_scripted_stop_that_trails_comes_nearer_each_time(qty, volatility, bus_of, say):
    bus = bus_of(**STOPPED, volatility=volatility)
    trade = say(bus, "hft.entry", instrument_key="SOLUSDT", qty=qty)
    first = say(bus, "hft.trade_risk", "first")
    side = 1 if qty > 0 else -1
    assert side * first["stop"] < side * trade["entry"] < side * first["target"]
    before = first["stop"]
    while abs(first["target"] - before) > 0.015:
        told = say(bus, "hft.trade_risk", "trailed")
        assert side * before < side * told["stop"] < side * first["target"]
        assert told["target"] == first["target"]
        before = told["stop"]


def test_a_scripted_stop_follows_the_price_as_far_as_it_came(bus_of, say):
    bus = bus_of(**STOPPED)
    price = bus.world.market.price("SOLUSDT", 0.0)
    say(bus, "hft.entry", instrument_key="SOLUSDT", entry=price - 10)
    first = say(bus, "hft.trade_risk", target=price + 10)
    assert say(bus, "hft.trade_risk", "trailed")["stop"] == round(first["stop"] + 10, 2)


@pytest.mark.parametrize(("qty", "target"), [(1, 90.0), (-1, 110.0)])
def test_a_scripted_stop_never_reaches_the_target(qty, target, bus_of, say):
    bus = bus_of(**STOPPED)
    say(bus, "hft.entry", instrument_key="SOLUSDT", qty=qty, entry=100 - 20 * qty)
    say(bus, "hft.trade_risk", target=target)
    assert say(bus, "hft.trade_risk", "trailed")["stop"] == target - 0.01 * qty
    assert say(bus, "hft.trade_risk", "trailed")["stop"] == target - 0.01 * qty


def test_a_short_trade_of_a_script_is_guarded_the_other_way_round(bus_of, say):
    bus = bus_of(volatility=3.0)
    bus.wait(1)
    for number in range(60):
        say(bus, "hft.entry", qty=-0.1, trade_id=1000 + number)
        bus.wait(3)
    bus.wait(60)
    shorts = [p for p in payloads(bus, "hft.exit") if p["trade_id"] >= 1000]
    assert len(shorts) == 60
    assert {p["reason"] for p in shorts} == {"stop", "target", "time"}
    assert all(p["pnl"] > 0 for p in shorts if p["reason"] == "target")
    lines = {}
    for risk in payloads(bus, "hft.trade_risk"):
        if risk["trade_id"] >= 1000:
            assert lines.get(risk["trade_id"], 1e9) > risk["stop"] > risk["target"]
            lines[risk["trade_id"]] = risk["stop"]


def test_a_scripted_exit_is_at_a_price_even_where_its_line_is_none(bus_of, say):
    bus = bus_of(**STOPPED)
    say(bus, "hft.entry")
    say(bus, "hft.trade_risk", stop=0)
    assert say(bus, "hft.exit", "stop")["price"] == 0.01


def test_where_the_facts_have_it_stopped_a_script_alone_trades(bus_of, say):
    bus = bus_of(**STOPPED)
    say(bus, "hft.start", "live")
    say(bus, "hft.entry", trade_id=17, qty=0.047, entry=42850.5)
    assert say(bus, "hft.trade_risk", stop=42800.5, target=42950.5)["trade_id"] == 17
    bus.wait(60)
    assert say(bus, "hft.exit", "target") == {
        "trade_id": 17,
        "instrument_key": "BTCUSDT",
        "price": 42950.5,
        "pnl": 4.7,
        "reason": "target",
    }
    assert kinds(bus) == ["hft.start", "hft.entry", "hft.trade_risk", "hft.exit"]


@pytest.mark.parametrize(
    ("variant", "said", "price"),
    [("stop", {}, 90.0), ("target", {}, 110.0), ("time", {}, None), ("stop", {"price": 89.5}, 89.5)],
)
def test_a_scripted_exit_is_at_the_line_that_is_its_reason(variant, said, price, bus_of, say):
    bus = bus_of(**STOPPED)
    say(bus, "hft.entry", instrument_key="AAA", qty=2, entry=100.0)
    say(bus, "hft.trade_risk", stop=90.0, target=110.0)
    told = say(bus, "hft.exit", variant, **said)
    assert told["price"] == (price or bus.world.market.price("AAA", 0.0))
    assert told["pnl"] == round(2 * (told["price"] - 100), 2)


def test_a_scripted_risk_line_may_be_hit(bus_of, say):
    bus = bus_of()
    bus.wait(10)
    id_ = next(iter(bus.world.trader.open))
    say(bus, "hft.trade_risk", trade_id=id_, target=0.02, stop=0.01)
    bus.wait(1)
    assert {"trade_id": id_, "reason": "target"}.items() <= payloads(bus, "hft.exit")[0].items()


def test_a_scripted_flatten_closes_what_there_is(bus_of, say):
    bus = bus_of(**STOPPED)
    say(bus, "hft.entry")
    say(bus, "hft.entry")
    assert say(bus, "hft.flatten") == {"closed": 2, "errors": []}
    assert kinds(bus)[-3:] == ["hft.exit", "hft.exit", "hft.flatten"]
    ids = [event["id"] for event in bus.hft.messages()]
    assert ids == sorted(ids)


def test_as_many_trades_stay_open_as_a_scripted_flatten_has_errors(bus_of, say):
    bus = bus_of(**STOPPED)
    for _ in range(3):
        say(bus, "hft.entry")
    assert say(bus, "hft.flatten", "errors") == {
        "closed": 2,
        "errors": ["Trade 3 could not be closed because the broker did not answer"],
    }
    assert list(bus.world.trader.open) == [3]
    assert say(bus, "hft.manage_error")["error"].startswith("Trade 3 ")
    assert say(bus, "hft.flatten", errors=["one", "two"]) == {"closed": 0, "errors": ["one", "two"]}


def test_a_scripted_stop_closes_and_stops(bus_of, say):
    bus = bus_of()
    bus.wait(10)
    say(bus, "hft.stop")
    assert bus.world.trader.open == {}
    bus.wait(60)
    assert kinds(bus, 10.1) == []
    say(bus, "hft.start")
    bus.wait(30)
    assert "hft.entry" in kinds(bus, 70)


def test_a_trade_opened_again_under_its_id_is_a_new_one(bus_of, say):
    bus = bus_of(**STOPPED)
    say(bus, "hft.entry", trade_id=5, qty=1)
    say(bus, "hft.entry", trade_id=5, qty=2)
    assert bus.world.trader.open[5].qty == 2
    assert (bus.world.trader.opened, bus.world.trader.closed) == (2, 1)


@pytest.mark.parametrize("name", ["hft.exit", "hft.trade_risk"])
def test_without_a_trade_the_script_speaks_of_one_from_before(name, bus_of, say):
    bus = bus_of(**STOPPED)
    assert say(bus, name)["trade_id"] == 1
    assert say(bus, name, trade_id=9)["trade_id"] == 9
    assert bus.world.trader.opened == 0


def test_what_concerns_no_trade_is_said_as_it_is(bus_of, say):
    bus = bus_of(**STOPPED)
    assert say(bus, "hft.error", "feed") == {"error": "No prices for BTCUSDT since 10 s"}
    assert say(bus, "hft.manage_error")["error"].startswith("Trade 17 ")
    assert say(bus, "hft.broker", broker="other") == {"broker": "other"}
