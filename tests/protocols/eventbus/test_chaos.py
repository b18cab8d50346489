"""Scripts and facts at random, in any order and at any moment: what every stream keeps all the same."""

import json
import random
from itertools import pairwise

import pytest

from harness.protocols.eventbus import PROTOCOL
from harness.wire.schemas import shapes

EXAMPLES = shapes(PROTOCOL.folder).examples
TURNS = {
    "predictor": ("running", "stopped", "failing"),
    "hft": ("running", "stopped", "failing"),
    "training": ("mixed", "succeeding", "failing", "paused"),
    "automation": ("mixed", "succeeding", "failing", "paused"),
    "flatten": (True, False),
    "broker": ("one", "other"),
    "volatility": (0.0, 1.0, 50.0),
    "pace": (0.1, 1.0, 20.0),
}
SAID = {
    "hft.entry": ({"payload.qty": -2.5}, {"payload.entry": 99999.0}, {"payload.entry": 0.01, "payload.qty": 0.001}),
    "prediction.created": ({"payload.ts_pred": 1705314000}, {"payload.ts_pred": 1705314700.5}),
}


@pytest.fixture(params=range(16))
def shaken(request, bus_of, turn):
    """A bus to which much has happened. Its play has held each event to its schema, and the books to balance."""
    chance, bus = random.Random(request.param), bus_of(request.param)
    for _ in range(80):
        bus.wait(chance.choice((0, 0.5, 1, chance.uniform(0, 5))))
        if chance.random() < 0.3:
            fact = chance.choice(list(TURNS))
            turn(bus, **{fact: chance.choice(TURNS[fact])})
        else:
            name = chance.choice(list(EXAMPLES))
            changes = chance.choice(({}, *SAID.get(name, ())))
            bus.world.scripted(name, chance.choice((None, *EXAMPLES[name])), changes, bus.play.now)
    bus.wait(60)
    return bus


def test_no_stream_goes_back(shaken):
    for client in (shaken.prediction, shaken.automation, shaken.training, shaken.hft):
        for one, next_ in pairwise(client.messages()):
            assert one["id"] < next_["id"]
            assert one["ts"] <= next_["ts"]


def test_no_zero_has_a_sign(shaken, has_signed_zero):
    clients = (shaken.prediction, shaken.automation, shaken.training, shaken.hft)
    assert not any(has_signed_zero(json.dumps(client.messages())) for client in clients)


def test_trades_are_entered_guarded_and_closed_in_that_order(shaken):
    open_, closed = {}, set()
    for event in shaken.hft.messages("hft.entry", "hft.trade_risk", "hft.exit"):
        said = event["payload"]
        if event["type"] == "hft.entry":
            open_[said["trade_id"]] = said
        elif event["type"] == "hft.trade_risk":
            assert said["trade_id"] not in closed
        elif said["trade_id"] in open_:  # Where none is open, a script speaks of one from before.
            trade = open_.pop(said["trade_id"])
            closed.add(said["trade_id"])
            assert said["pnl"] == pytest.approx((said["price"] - trade["entry"]) * trade["qty"], abs=0.00501)
    assert closed
