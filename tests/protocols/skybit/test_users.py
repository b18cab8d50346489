"""A trader of the load test, played against the mock in memory and virtual time."""

import random
from collections import defaultdict
from dataclasses import replace

import pytest

from harness.core.clock import Clock
from harness.core.message import Frame, Opcode, epoch_s
from harness.core.session import Request
from harness.load.behaviour import Lost
from harness.protocols.skybit import PROTOCOL
from harness.protocols.skybit.users import SkybitTrader
from harness.scenario.scenario import plain
from harness.scenario.stage import Stage
from harness.wire.codec import decode, encode

PACES = {"heartbeat_s": 10.0, "chat_s": 10.0}


class Exchange:
    """A shell for one trader, and the transport of its connection: time jumps to whatever is due next."""

    def __init__(self, facts=None, paces=PACES, tokens=(), same_clock=True):
        self.chance = random.Random(7)
        self.paces = paces
        self.tokens = tokens
        self.same_clock = same_clock
        self.now = 0.0
        self.samples = defaultdict(list)
        self.errors = []
        self.intended = []
        self.sent = []
        self.arrived = []
        self.closed = False
        self.stage = Stage(replace(plain(PROTOCOL), facts=facts or PROTOCOL.facts), Clock())
        self.link = self.stage.connect(Request("/artifact/v1"), Transport(self), 0.0)
        self.trader = SkybitTrader(self)
        self.trader.opened(0.0)
        self.deliver()

    def now_s(self):
        return self.now

    def wall_s(self, now_s):
        return self.stage.clock.wall_s(now_s)

    def wake(self):
        pass

    def intend(self, name):
        self.intended.append(name)

    def measure(self, name, ms, size=0, error=None):
        if error:
            self.errors.append((name, error))
        else:
            self.samples[name].append(ms)

    def send(self, message):
        if self.closed:
            raise Lost
        self.sent.append(message)
        self.link.receive(Frame(Opcode.TEXT, encode(message)), self.now)
        self.stage.advance(self.now)

    def deliver(self):
        while self.arrived:
            frame = self.arrived.pop(0)
            if frame.opcode is Opcode.TEXT:
                self.trader.received(decode(frame), self.now, len(frame.data))
            self.closed = self.closed or frame.opcode is Opcode.CLOSE

    def run(self, until_s):
        while not self.trader.has_left:
            due = [d for d in (self.stage.next_due(), self.trader.agenda.next_due()) if d is not None]
            if min(due) > until_s:
                return self
            self.now = max(self.now, min(due))
            self.stage.advance(self.now)
            self.deliver()
            self.trader.agenda.run(self.now)
            self.deliver()
        return self

    def sent_of(self, kind):
        return [m for m in self.sent if m["type"] == kind]


class Transport:
    def __init__(self, exchange):
        self.exchange = exchange

    def send(self, frame):
        self.exchange.arrived.append(frame)

    def hang_up(self):
        self.exchange.closed = True


def test_a_trader_measures_every_kind_of_request_without_an_error():
    exchange = Exchange().run(300)
    assert set(exchange.samples) == set(SkybitTrader.ROWS) - {"connect"}
    assert exchange.errors == []


def test_each_latency_is_that_of_its_own_reply():
    exchange = Exchange(paces={**PACES, "chat_s": 1.0}).run(60)
    think_ms = PROTOCOL.facts.think_s * 1000
    assert exchange.samples["heartbeat"] == pytest.approx([0.0] * len(exchange.samples["heartbeat"]), abs=1e-6)
    assert exchange.samples["plan"] == pytest.approx([think_ms] * len(exchange.samples["plan"]))
    assert exchange.samples["preview"] == pytest.approx([2 * think_ms] * len(exchange.samples["preview"]))


def test_latency_counts_from_the_intended_moment_even_when_sending_was_late():
    exchange = Exchange()
    exchange.now = 2.0
    exchange.trader.beat(0.5)
    exchange.deliver()
    assert exchange.samples["heartbeat"] == [1500.0]


def test_at_the_quickest_pace_the_limits_of_the_spec_are_kept():
    quickest = {name: pace.least_s for name, pace in SkybitTrader.PACES.items()}
    exchange = Exchange(paces=quickest, facts=replace(PROTOCOL.facts, orders_today=0)).run(65)
    assert len(exchange.sent_of("Heartbeat")) > 110
    assert exchange.errors == []


def test_resting_orders_are_cancelled():
    exchange = Exchange().run(300)
    assert len(exchange.sent_of("Cancel")) == len(exchange.samples["cancel"]) > 0


def test_before_the_orders_of_a_day_are_used_up_the_next_trader_takes_the_seat():
    exchange = Exchange(paces={**PACES, "chat_s": 1.0}).run(10_000)
    assert exchange.trader.has_left
    assert 68 <= len(exchange.sent_of("Approve")) <= 70
    assert exchange.errors == []


def test_a_trader_whose_orders_the_policy_forbids_leaves():
    exchange = Exchange(facts=replace(PROTOCOL.facts, buying_power=1.0)).run(60)
    assert exchange.trader.has_left
    assert exchange.sent_of("Approve") == []
    assert exchange.errors == []


def test_a_trader_who_leaves_waits_for_the_replies_that_are_still_to_come():
    exchange = Exchange()
    exchange.trader.leaving = True
    exchange.trader.expect("approve", "cli-1", "id", 0.0)
    exchange.trader.chat(0.0)
    assert not exchange.trader.has_left


def test_a_refused_auth_is_an_error_and_the_trader_leaves():
    exchange = Exchange(tokens=("not-a-token",))
    assert exchange.errors == [("auth", "Error AUTH_FAILED")]
    assert exchange.trader.has_left


def test_an_error_later_on_fails_the_request_it_names():
    exchange = Exchange()
    exchange.trader.session = "another"
    exchange.trader.chat(exchange.now)
    exchange.deliver()
    assert exchange.errors == [("plan", "Error INVALID_REQUEST"), ("preview", "Error INVALID_REQUEST")]
    assert not exchange.trader.has_left


def test_quotes_are_not_timed_by_another_machines_clock():
    assert "quote" not in Exchange(same_clock=False).run(10).samples


def test_quotes_are_timed_from_their_own_timestamp():
    exchange = Exchange()
    exchange.now = 3.0
    quote = {"timestamp": "2024-01-15T10:30:01.500Z"}
    exchange.trader.received({"type": "MarketData", "data": quote}, exchange.now, 1)
    assert exchange.wall_s(0) == epoch_s("2024-01-15T10:30:00Z")
    assert exchange.samples["quote"] == [pytest.approx(1500.0)]


def test_without_words_of_the_order_a_reply_is_known_by_its_turn():
    exchange = Exchange()
    exchange.trader.expect("plan", ("AAPL", 1), "id", 0.0)
    exchange.trader.received({"type": "Plan", "data": {"tools": [{"name": "data.snapshot"}]}}, 0.25, 1)
    exchange.trader.expect("preview", ("AAPL", 1), "id", 0.0)
    exchange.trader.leaving = True
    exchange.trader.received({"type": "Preview", "data": {"policy": {"passed": False}}}, 0.5, 1)
    assert exchange.samples["plan"] == [250.0]
    assert exchange.samples["preview"] == [500.0]


def test_what_nobody_waits_for_changes_nothing():
    exchange = Exchange()
    for kind in ("Auth", "Plan", "Preview", "Status", "Surprise"):
        exchange.trader.received({"type": kind}, 0.0, 1)
    assert exchange.errors == []
    assert set(exchange.samples) <= {"auth", "quote"}
