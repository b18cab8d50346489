"""Many seeds, and a simulated day: whatever happens, every packet is valid and the numbers agree with each other."""

import math
import re
from collections import Counter, defaultdict
from statistics import median

import orjson
import pytest

from harness.core.clock import Clock
from harness.core.message import epoch_s, leaves
from harness.core.session import Request
from harness.protocols.brainstream import PROTOCOL
from harness.protocols.brainstream.rules import REGIMES, Facts
from harness.protocols.brainstream.workers import AGENTS
from harness.scenario.scenario import Scenario
from harness.scenario.stage import Stage

pytestmark = pytest.mark.no_cover  # Measuring makes long plays three times as long; short ones reach the same lines.

DAY_S = 86_400
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")


class Watcher:
    """A client that looks at each packet and at the one before; it keeps figures only, since a day has many."""

    def __init__(self, seed, **facts):
        scenario = Scenario("watched", "A watched run", PROTOCOL, facts=Facts(**facts))
        self.stage = Stage(scenario, Clock(), seed)
        self.every_s = scenario.facts.tick_every_s
        self.before = None
        self.packets = 0
        self.sizes = []
        self.regimes = Counter()
        self.sides = Counter()
        self.alphas = defaultdict(list)
        self.trades = 0
        self.link = self.stage.connect(Request("/ws/stream"), self, 0.0)

    def run(self, ticks):
        """Let so many ticks pass; the books must balance after each hundredth."""
        for number in range(1, ticks + 1):
            self.stage.advance(number * self.every_s)
            if number % 100 == 0:
                assert self.stage.world.check_books() == []
        assert self.packets == ticks + 1
        return self

    def send(self, frame):
        """Transport: a packet."""
        message = orjson.loads(frame.data)
        problem = self.stage.shapes.problem(message, "server")
        assert problem is None, problem
        self.packets += 1
        self.sizes.append(len(frame.data))
        data = message["data"]
        self.look_at(data)
        if self.before is not None:
            self.compare(self.before, data)
        self.before = data

    def look_at(self, data):
        """What holds in each packet."""
        self.look_closely(data)
        market, portfolio, signal = data["market"], data["portfolio"], data["signal"]
        world = self.stage.world
        held = world.portfolio.micros / 1e6 * market["price"]
        assert abs(portfolio["nav"] - portfolio["cash"] - held) < 0.0051
        assert 0 <= data["governance"]["approved_size"] <= 0.2 * signal["confidence"] + 1e-4
        if signal["side"] == "FLAT" or market["regime"] == "Critical":
            assert data["governance"]["approved_size"] == 0
        assert all(entry["timestamp"] <= data["timestamp"] for entry in data["logs"])
        for job in AGENTS:
            told = data["agents"][job.name]
            good = told["success_rate"] * told["invocations"]
            assert abs(good - round(good)) < 0.1
        self.regimes[market["regime"]] += 1
        self.sides[signal["side"]] += 1
        self.alphas[market["regime"]].append(market["alpha"])

    def look_closely(self, data):
        """What the mock keeps to, although the document asks less of servers."""
        assert all(TIME.fullmatch(each["timestamp"]) for each in (data, *data["logs"]))
        assert data["market"]["regime"] in REGIMES
        assert data["market"]["price"] > 0
        texts = [data["market"]["symbol"], data["signal"]["reasoning"], *(entry["message"] for entry in data["logs"])]
        assert all(texts)
        assert all(each.get("cache_hit_rate", 0) is not None for each in data["models"].values())

    def compare(self, before, data):
        """What holds from one packet to the next."""
        assert epoch_s(data["timestamp"]) - epoch_s(before["timestamp"]) == pytest.approx(self.every_s, abs=1e-6)
        for kind in ("agents", "models"):
            for name, told in before[kind].items():
                assert data[kind][name]["invocations"] >= told["invocations"]
        old, new = before["portfolio"], data["portfolio"]
        assert new["max_drawdown"] <= old["max_drawdown"]
        if before["timestamp"][:10] == data["timestamp"][:10]:
            gained = new["nav"] - old["nav"]
            assert abs(new["daily_pnl"] - old["daily_pnl"] - gained) < 0.011
        else:
            assert abs(new["daily_pnl"] - (new["nav"] - old["nav"])) < 0.011
        self.trades += old["cash"] != new["cash"]


WORLDS = [
    {},
    {"volatility": 30.0},
    {"regime": "Critical", "volatility": 5.0},
    {"regime": "Lévy Stable", "price": 0.75, "shares": 900.0, "cash": 2000.0, "daily_pnl": -50.0},
    {"drift": -2e-3, "packet_bytes": 3000},
    {"tick_every_s": 0.05, "drift": 1e-3},
]


@pytest.mark.parametrize("seed", range(24))
def test_ten_minutes_of_any_seed_and_world(seed):
    watcher = Watcher(seed, **WORLDS[seed % len(WORLDS)]).run(600)
    assert all(math.isfinite(value) for _, value in leaves(watcher.before) if isinstance(value, float))


@pytest.mark.parametrize("seed", range(20))
def test_alpha_is_clearly_higher_in_the_gaussian_regime_than_in_the_stable_one(seed):
    gaussian, levy = (
        median(Watcher(seed, regime=regime).run(450).alphas[regime]) for regime in ("Gaussian", "Lévy Stable")
    )
    assert gaussian > 1.2 * levy


@pytest.mark.slow
def test_a_day():
    watcher = Watcher(7).run(DAY_S)
    assert set(watcher.regimes) == set(REGIMES)
    assert min(watcher.regimes.values()) > 0.02 * DAY_S
    assert set(watcher.sides) == {"BUY", "SELL", "FLAT"}
    assert watcher.trades > 500
    assert 2000 <= min(watcher.sizes) <= max(watcher.sizes) <= 5000
    assert median(watcher.alphas["Gaussian"]) > 1.3 * median(watcher.alphas["Lévy Stable"])
    assert 0.5 < watcher.before["market"]["price"] / 450.32 < 2
    assert watcher.before["timestamp"] == "2024-01-16T10:30:00.000Z"
