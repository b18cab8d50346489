"""A simulated day of Skybit, and many short ones: traders who chat, approve, modify and cancel, come and go."""

import random

import pytest

from harness.core.message import uuid4

pytestmark = pytest.mark.no_cover  # Measuring makes long plays three times as long; short ones reach the same lines.

SYMBOLS = ("AAPL", "MSFT", "KO", "INTC", "TSLA")
HEARTBEAT = {"client_ts": "2024-01-15T10:30:30.123Z"}
# What a trader of these tests may be told; whatever else would be a bug of the mock.
EXPECTED = {
    *("INVALID_REQUEST", "INSUFFICIENT_FUNDS", "POSITION_LIMIT", "ORDER_REJECTED", "SESSION_EXPIRED"),
    *("SYMBOL_NOT_FOUND", "INVALID_SYMBOL", "RATE_LIMIT", "MARKET_CLOSED"),
}


class Trader:
    """One user with one connection at a time, who acts by chance. What it was told is kept by order."""

    def __init__(self, play, number, seed):
        self.play = play
        self.token = f"demo-user-{number}"
        self.chance = random.Random(f"{seed}/{number}")
        self.orders = {}
        self.ids = set()
        self.heard = 0
        self.client = play.trader(self.token)

    def act(self):
        """Do something that a trader does, and look at all that came."""
        move = self.chance.choices(("order", "cancel", "ask", "quotes", "leave"), (6, 2, 1, 1, 1))[0]
        getattr(self, move)()
        self.client.say("Heartbeat", **HEARTBEAT)
        self.look()

    def order(self):
        """An order in words, which is mostly approved, sometimes modified, sometimes twice."""
        side, symbol = self.chance.choice(("Buy", "Sell")), self.chance.choice(SYMBOLS)
        price = float(self.play.price(symbol).last) * self.chance.uniform(0.99, 1.01)
        kind = self.chance.choice(("at market", f"at limit {price:.2f}", f"at limit {price:.2f}, good till cancelled"))
        self.client.chat(f"{side} {self.chance.randint(1, 40)} shares of {symbol} {kind}")
        previews = self.client.take_all("Preview")
        self.note(previews)
        if previews and self.chance.random() < 0.9:
            changes = {"quantity": self.chance.randint(1, 40)} if self.chance.random() < 0.2 else None
            key = uuid4(self.chance)
            for _ in range(self.chance.choice((1, 1, 2))):
                self.client.approve(previews[0]["data"], modifications=changes, idem_key=key)

    def cancel(self):
        """One open order, or all of them."""
        open_orders = [
            each for each, status in self.orders.items() if status["status"] in ("acknowledged", "partial_fill")
        ]
        if open_orders and self.chance.random() < 0.7:
            self.client.say("Cancel", target="order", order_id=self.chance.choice(open_orders))
        else:
            self.client.say("Cancel", target="all_orders")

    def ask(self):
        """A question."""
        self.client.chat(self.chance.choice(("What is the price of AAPL?", "Show my positions", "Sing me a song")))

    def quotes(self):
        """A moment of quotes."""
        self.client.say("Subscribe", channels=[{"type": "quotes", "symbols": [self.chance.choice(SYMBOLS)]}])
        self.play.wait(2)
        self.client.say("Unsubscribe", channels=["quotes"])

    def leave(self):
        """Another connection in place of this one."""
        self.look()
        self.client.link.gone(self.play.now)
        self.client = self.play.trader(self.token)

    def look(self):
        """Hold all that came to the laws that no shape can say."""
        messages = self.client.take_all()
        self.note(messages)
        for message in messages:
            if message["type"] == "Error":
                assert message["data"]["code"] in EXPECTED, message
                if message["data"]["code"] == "SESSION_EXPIRED":
                    self.client.auth(self.token)
            elif message["type"] == "Status":
                self.follow(message["data"])

    def note(self, messages):
        """Ids are never used twice."""
        self.heard += len(messages)
        assert self.ids.isdisjoint(m["id"] for m in messages)
        self.ids |= {m["id"] for m in messages}

    def follow(self, status):
        """How an order may go on."""
        assert status["filled"] + status["remaining"] == status["quantity"]
        before = self.orders.get(status["order_id"], status)
        assert status["filled"] >= before["filled"]
        if before["status"] in ("filled", "cancelled"):
            assert status["status"] == before["status"]  # Only a repeated Approve is told of it again.
        self.orders[status["order_id"]] = status


def live(play, seed, hours, traders=3, every_s=50, audit_s=0.0):
    """Let traders act until the day is over; they are given back."""
    stage = play(facts={"orders_today": 0}, rules={"max_orders_per_day": 100_000}, seed=seed)
    stage.audit_s = audit_s
    everybody = [Trader(stage, number, seed) for number in range(1, traders + 1)]
    while stage.now < hours * 3600:
        for trader in everybody:
            trader.act()
        stage.wait(every_s)
    stage.audit_s = 0.0
    stage.wait(every_s)
    for trader in everybody:
        trader.look()
    return everybody


@pytest.mark.slow
def test_a_day_of_trading_keeps_every_law(play):
    everybody = live(play, seed=1, hours=24, traders=2, every_s=55, audit_s=900.0)  # Else it would take its time.
    statuses = {status["status"] for trader in everybody for status in trader.orders.values()}
    assert {"filled", "cancelled"} <= statuses
    assert min(trader.heard for trader in everybody) > 2000
    assert min(len(trader.orders) for trader in everybody) > 200


@pytest.mark.parametrize("seed", range(20))
def test_an_hour_of_any_seed_keeps_them_too(play, seed):
    everybody = live(play, seed, hours=1)
    assert sum(len(trader.orders) for trader in everybody) > 10


def test_the_same_seed_gives_the_same_orders(play):
    first, second = (live(play, 7, hours=1) for _ in range(2))
    assert [trader.orders for trader in first] == [trader.orders for trader in second]
    assert [trader.ids for trader in first] == [trader.ids for trader in second]
