"""The predictor: cycles, resolutions, and what a script makes of them."""

import pytest

from harness.core.clock import Clock
from harness.protocols.eventbus import PROTOCOL
from harness.protocols.eventbus.prediction import Calibration

EPOCH = 1705314600  # Of the stage's clock: a whole minute.


def payloads(client, *types):
    return [event["payload"] for event in client.messages(*types)]


# Cycles -----------------------------------------------------------------------------------------


def test_a_run_begins_with_what_it_predicts(bus_of):
    bus = bus_of(instruments=["AAA", "BBB"], horizons={"5s": 3})
    bus.wait(1)
    assert payloads(bus.prediction) == [
        {
            "instruments": ["AAA", "BBB"],
            "cfg": {"horizons": {"5s": 3}, "models": {"5s": "lstm"}, "calibration_window": 100},
        }
    ]


def test_each_interval_is_predicted_when_its_bar_closes(bus_of):
    bus = bus_of(instruments=["AAA"], horizons={"20s": 1, "30s": 2})
    bus.wait(60)
    made = [(p["ts_pred"] - EPOCH, p["interval"]) for p in payloads(bus.prediction, "prediction.created")]
    assert made == [(20, "20s"), (30, "30s"), (40, "20s"), (60, "20s"), (60, "30s")]
    assert bus.prediction.times("predictor.cycle") == [20, 30, 40, 60]


def test_horizons_end_ahead_of_the_cycle_of_their_bar_and_are_counted_in_it(bus_of):
    bus = bus_of(instruments=["AAA"], horizons={"5s": 1})
    bus.wait(10)
    kinds = [event["type"] for at, event in bus.prediction.log if at == 10]
    assert kinds == ["prediction.resolved", "prediction.created", "predictor.cycle"]
    assert payloads(bus.prediction, "predictor.cycle")[-1] == {"created": 1, "resolved": 1, "anchor": EPOCH + 10}


def test_bars_close_by_the_clock_on_the_wall(play_of):
    play = play_of(PROTOCOL, facts={"horizons": {"1m": 1}}, clock=Clock(EPOCH + 17.3))
    client = play.connect("/api/ws/prediction")
    play.wait(150)
    made = client.messages("prediction.created")
    assert {each["payload"]["ts_pred"] for each in made} == {EPOCH + 60, EPOCH + 120}
    assert all(each["ts"] == each["payload"]["ts_pred"] for each in made)
    assert all(each["ts"] == each["payload"]["ts_target"] for each in client.messages("prediction.resolved"))


def test_the_actual_return_is_that_of_the_market(bus_of):
    bus = bus_of(instruments=["AAA"], horizons={"5s": 2})
    prices = {}
    for second in range(5, 41, 5):
        bus.wait(second - bus.play.now)
        prices[EPOCH + second] = bus.world.market.price("AAA", bus.play.now)
    resolved = payloads(bus.prediction, "prediction.resolved")
    assert len(resolved) == 6
    for each in resolved:
        assert each["actual_ret"] == round(prices[each["ts_target"]] / prices[each["ts_pred"]] - 1, 8)


def test_where_prices_stand_still_nothing_is_predicted_but_that(bus_of):
    bus = bus_of(volatility=0.0)
    bus.wait(60)
    assert {p["pred_ret"] for p in payloads(bus.prediction, "prediction.created")} == {0.0}
    assert {p["error"] for p in payloads(bus.prediction, "prediction.resolved")} == {0.0}


# Start, stop, failure ---------------------------------------------------------------------------


def test_a_stopped_predictor_says_nothing_until_it_is_started(bus_of, turn):
    bus = bus_of(predictor="stopped")
    bus.wait(30)
    assert bus.prediction.messages() == []
    turn(bus, predictor="running")
    bus.wait(10)
    assert [e["type"] for e in bus.prediction.messages()][:2] == ["predictor.start", "prediction.created"]


def test_what_was_predicted_is_resolved_while_it_is_stopped(bus_of, turn):
    bus = bus_of(horizons={"5s": 3}, instruments=["AAA"])
    bus.wait(12)
    turn(bus, predictor="stopped")
    bus.wait(30)
    assert [e["type"] for at, e in bus.prediction.log if at >= 12] == [
        *("predictor.stop", "prediction.resolved", "prediction.resolved")
    ]
    turn(bus, predictor="running")
    bus.wait(5)
    assert payloads(bus.prediction, "predictor.cycle")[-1] == {"created": 1, "resolved": 2, "anchor": EPOCH + 45}


def test_a_failing_predictor_has_an_error_in_each_cycle_and_still_resolves(bus_of, turn):
    bus = bus_of(horizons={"5s": 2}, instruments=["AAA"])
    bus.wait(5)
    turn(bus, predictor="failing")
    bus.wait(10)
    assert [e["type"] for at, e in bus.prediction.log if at > 5] == [
        *("predictor.error", "predictor.cycle", "prediction.resolved", "predictor.error", "predictor.cycle")
    ]
    assert [(p["created"], p["resolved"]) for p in payloads(bus.prediction, "predictor.cycle")] == [
        *((1, 0), (0, 0), (0, 1))
    ]


def test_turning_before_the_start_starts_once(bus_of, turn):
    bus = bus_of()
    turn(bus, predictor="failing")
    bus.wait(2)
    assert len(bus.prediction.messages("predictor.start")) == 1


def test_other_facts_leave_it_alone(bus_of, turn):
    bus = bus_of()
    bus.wait(2)
    turn(bus, volatility=2.0)
    assert [e["type"] for e in bus.prediction.messages()] == ["predictor.start"]


# Calibration ------------------------------------------------------------------------------------


def test_calibration_knows_its_newest_hundred_resolutions():
    calibration = Calibration()
    assert calibration.bias == 0.0
    for _ in range(50):
        calibration.note(1.0, -0.5)
    assert calibration.summary() == {"bias": 1.0, "mae": 0.5, "n": 50}
    for _ in range(100):
        calibration.note(0.1, 0.2)
    assert calibration.summary() == {"bias": 0.1, "mae": 0.2, "n": 100}


def test_calibration_forgets_even_figures_that_no_market_has():
    calibration = Calibration()
    calibration.note(1e12, 1e12)
    for _ in range(100):
        calibration.note(0.00000001, 0.00000001)
    assert calibration.summary() == {"bias": 1e-8, "mae": 1e-8, "n": 100}


def test_books_show_a_prediction_that_is_overdue(bus_of):
    bus = bus_of(instruments=["AAA"], horizons={"1m": 1})
    bus.wait(60)
    bus.world.bus.latest_s += 61
    assert bus.world.check_books() == [f"prediction 1: due at {EPOCH + 120}"]
    bus.world.bus.latest_s -= 61


# Scripts ----------------------------------------------------------------------------------------

SILENT = {"predictor": "stopped", "automation": "paused", "training": "paused", "hft": "stopped"}


def test_a_scripted_prediction_is_true_and_is_resolved_by_itself(bus_of, say, hold_the_laws):
    bus = bus_of(**SILENT)
    bus.wait(3)
    made = say(bus, "prediction.created", "seconds")
    assert made["ts_pred"] == EPOCH + 3
    assert made["ts_target"] == EPOCH + 18
    bus.wait(15)
    assert payloads(bus.prediction, "prediction.resolved")[0]["id"] == made["id"]
    hold_the_laws(bus)


def test_a_script_may_give_the_figures_of_a_prediction(bus_of, say):
    bus = bus_of(**SILENT)
    made = say(
        bus, "prediction.created", id="mine", pred_ret=0.02, calib_bias=0.005, model_kind="oracle", ts_pred=EPOCH
    )
    assert made["id"] == "mine"
    assert made["pred_ret_adj"] == 0.015
    assert made["model_kind"] == "oracle"
    resolved = say(bus, "prediction.resolved", id="mine", actual_ret=0.03)
    assert resolved["error"] == 0.015
    assert resolved["calibration"] == {"bias": -0.01, "mae": 0.015, "n": 1}
    bus.wait(400)
    assert len(bus.prediction.messages("prediction.resolved")) == 1


@pytest.mark.parametrize("ts_pred", [1000000000, EPOCH - 400, EPOCH - 290])
def test_a_scripted_prediction_of_a_time_that_is_past_is_resolved_at_once_and_not_before(ts_pred, bus_of, script):
    bus = bus_of(
        scenario=script(f"""
        - {{at: 20s, send: prediction.created.minute, with: {{payload.ts_pred: {ts_pred}}}}}
    """)
    )
    bus.wait(60)
    [made] = [e for e in bus.prediction.messages("prediction.created") if e["payload"]["ts_pred"] == ts_pred]
    [resolved] = [
        e for e in bus.prediction.messages("prediction.resolved") if e["payload"]["id"] == made["payload"]["id"]
    ]
    assert resolved["ts"] == max(EPOCH + 20, ts_pred + 300)
    stamps = [e["ts"] for e in bus.prediction.messages()]
    assert stamps == sorted(stamps)


def test_a_resolution_repeats_what_a_script_told_at_the_creation(bus_of, say):
    bus = bus_of(**SILENT)
    made = say(bus, "prediction.created", ts_target=EPOCH + 7, pred_ret_adj=0.25)
    bus.wait(10)
    [resolved] = bus.prediction.messages("prediction.resolved")
    assert resolved["ts"] == made["ts_target"] == EPOCH + 7
    assert resolved["payload"]["pred_ret_adj"] == 0.25
    assert resolved["payload"]["error"] == round(resolved["payload"]["actual_ret"] - 0.25, 8)


def test_an_error_agrees_with_the_figures_of_a_script(bus_of, say):
    assert say(bus_of(**SILENT), "prediction.resolved", actual_ret=0.5, pred_ret_adj=0.125)["error"] == 0.375


def test_what_rounds_to_nothing_has_no_sign():
    calibration = Calibration()
    calibration.note(-1e-10, -1e-10)
    assert str(calibration.bias) == "0.0"


@pytest.mark.parametrize("odd", [{"interval": "1minute"}, {"horizon_steps": 2 * 10**9}])
@pytest.mark.parametrize("target", [{}, {"ts_target": EPOCH + 7}])
def test_a_scripted_prediction_whose_horizon_cannot_be_followed_is_only_told(odd, target, bus_of, say):
    bus = bus_of(**SILENT)
    bus.wait(5)
    made = say(bus, "prediction.created", **odd, **target)
    assert (made["id"], made["ts_pred"]) == (1, EPOCH + 5)
    assert made["ts_target"] == target.get("ts_target", EPOCH + 305)
    assert bus.world.predictor.open == {}


def test_a_scripted_resolution_is_of_the_oldest_open_prediction(bus_of, say):
    bus = bus_of(horizons={"1m": 5})
    bus.wait(61)
    assert say(bus, "prediction.resolved")["id"] == 1
    assert say(bus, "prediction.resolved", id=3)["id"] == 3
    assert list(bus.world.predictor.open) == [2]


@pytest.mark.parametrize("named", [{}, {"id": 77}])
def test_a_scripted_resolution_without_a_prediction_is_of_one_from_before(named, bus_of, say):
    bus = bus_of(**SILENT)
    bus.wait(5)
    resolved = say(bus, "prediction.resolved", **named)
    assert resolved["id"] == named.get("id", 1)
    assert (resolved["ts_pred"], resolved["ts_target"]) == (EPOCH + 5 - 300, EPOCH + 5)


def test_an_id_that_a_script_took_is_not_given_again(bus_of, say):
    bus = bus_of(horizons={"5s": 3})
    say(bus, "prediction.created", id=2)
    bus.wait(5)
    assert [p["id"] for p in payloads(bus.prediction, "prediction.created")] == [2, 1, 3, 4]


def test_a_script_may_start_and_stop_and_end_a_cycle(bus_of, say):
    bus = bus_of(instruments=["AAA"], horizons={"5s": 1})
    bus.wait(6)
    assert say(bus, "predictor.stop") == {}
    bus.wait(10)
    assert len(bus.prediction.messages("predictor.cycle")) == 1
    assert say(bus, "predictor.start")["instruments"] == ["AAA"]
    assert say(bus, "predictor.cycle") == {"created": 0, "resolved": 1, "anchor": EPOCH + 16}
    bus.wait(5)
    assert payloads(bus.prediction, "predictor.cycle")[-1] == {"created": 1, "resolved": 0, "anchor": EPOCH + 20}


def test_where_the_facts_have_it_stopped_a_script_alone_speaks(bus_of, say):
    bus = bus_of(**SILENT)
    say(bus, "predictor.start")
    say(bus, "predictor.error", "no_data")
    bus.wait(60)
    assert [e["type"] for e in bus.prediction.messages()] == ["predictor.start", "predictor.error"]
