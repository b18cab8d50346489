"""Every shipped scenario of Skybit shows what its title says. Each test is named after its scenario."""

import random
from collections import Counter

import pytest

from harness.core.message import Opcode, rfc3339, uuid4
from harness.scenario.library import Library
from harness.scenario.loading import load

FILES = Library().files("skybit")
ORDER = "Buy 200 shares of AAPL at limit 225.10, good for the day"


class Trader:
    """A client of Skybit on a stage, whose every move has its time."""

    def __init__(self, connect, stage, now=0.0, token="demo-user-1", auth=True):
        self.stage = stage
        self.client = connect(stage, now)
        self.chance = random.Random(1)
        self.session = "new"
        self.now = now
        if auth:
            self.say("Auth", token=token)
            self.wait(0.5)
            self.session = next((m["session"] for m in self.got("Auth")), "new")

    def say(self, kind, **data):
        """Send a message now; its id."""
        envelope = {"type": kind, "id": uuid4(self.chance), "ts": rfc3339(self.stage.clock.wall_s(self.now))}
        self.client.say({**envelope, "session": self.session, "data": data}, self.now)
        return envelope["id"]

    def wait(self, seconds):
        """Let time pass, while staying alive."""
        self.now += seconds
        self.stage.until(self.now)

    def got(self, kind):
        """All messages of a type."""
        return [m for m in self.client.got() if isinstance(m, dict) and m["type"] == kind]

    def errors(self):
        """The codes of all errors."""
        return [m["data"]["code"] for m in self.got("Error")]

    def statuses(self):
        """How the order stood in each Status: its word, and what is filled."""
        return [(m["data"]["status"], m["data"]["filled"]) for m in self.got("Status")]

    def ends(self):
        """Close codes, and `cut`."""
        return [what for what in self.client.got() if isinstance(what, int) or what == "cut"]

    def preview(self, text=ORDER):
        """The id of the Preview of an order."""
        self.say("Chat", text=text)
        self.wait(0.5)
        return self.got("Preview")[-1]["data"]["preview_id"]

    def approve(self, preview_id, **data):
        """Approve; the id of the message."""
        return self.say("Approve", preview_id=preview_id, **data)

    def order(self, text=ORDER):
        """Have an order previewed, and approve it."""
        return self.approve(self.preview(text))


@pytest.fixture
def trader(another, staged, request):
    """A trader on the scenario that the test is named after, authenticated unless `auth` is false."""

    def connect(stage=None, **options):
        if stage is None:
            name = request.node.name.removeprefix("test_").split("[")[0].replace("_", "-")
            stage = staged(load(FILES[name]))
        return Trader(another, stage, **options)

    return connect


def test_happy_path(trader):
    client = trader()
    client.order()
    client.wait(15)
    assert [m["data"]["intent"] for m in client.got("Plan")] != []
    assert client.statuses() == [("acknowledged", 0), ("partial_fill", 100), ("filled", 200)]
    assert client.errors() == client.ends() == []


def test_fill_in_parts(trader):
    client = trader()
    client.order("Buy 200 shares of AAPL at market")
    client.wait(10)
    assert client.statuses() == [("acknowledged", 0), ("partial_fill", 80), ("partial_fill", 160), ("filled", 200)]
    first, second, third = [t for t, m in client.client.log if isinstance(m, dict) and m["type"] == "Status"][1:]
    assert (second - first <= 2, third - second) == (True, 2)


def test_fill_by_script(trader):
    client = trader()
    client.order()
    began = client.now
    client.wait(60)
    assert client.statuses() == [("acknowledged", 0), ("partial_fill", 100), ("filled", 200)]
    moments = [t - began for t, m in client.client.log if isinstance(m, dict) and m["type"] == "Status"]
    assert moments == pytest.approx([0, 1, 4])
    assert client.errors() == ["MARKET_CLOSED"]
    assert client.client.log[-1] == (40.0, 1012)
    assert client.stage.world.check_books() == []


def test_resting_limit_order(trader):
    client = trader()
    client.order("Buy 50 shares of AAPL at limit 225.10")
    client.wait(20)
    assert client.statuses() == [("acknowledged", 0)]
    for _ in range(4):
        client.wait(20)
        client.say("Heartbeat", client_ts="2024-01-15T10:30:30.123Z")
    assert client.statuses() == [("acknowledged", 0), ("filled", 50)]


def test_rejected_order(trader):
    client = trader()
    request = client.order()
    assert client.errors() == ["ORDER_REJECTED"]
    [error] = client.got("Error")
    assert (error["data"]["message"], error["data"]["request_id"]) == ("The symbol is halted", request)
    assert client.got("Preview")[0]["data"]["policy"]["passed"] is False


def test_daily_trade_limit(trader):
    client = trader()
    client.order()
    assert client.errors() == ["ORDER_REJECTED"]
    assert "100 of 100" in client.got("Error")[0]["data"]["message"]


def test_insufficient_funds(trader):
    client = trader()
    client.order()
    assert client.errors() == ["INSUFFICIENT_FUNDS"]
    details = client.got("Error")[0]["data"]["details"]
    assert (details["required"], details["available"]) == (45020.0, 10000.0)


def test_position_limit(trader):
    client = trader()
    client.order()
    assert client.errors() == ["POSITION_LIMIT"]
    client.order("Sell 10 shares of AAPL at market")
    client.wait(5)
    assert client.statuses()[-1] == ("filled", 10)


def test_market_closed(trader):
    client = trader()
    client.order()
    assert client.errors() == ["MARKET_CLOSED"]


def test_market_closes(trader):
    client = trader()
    client.order("Buy 10 shares of AAPL at limit 5")
    client.wait(25)
    assert client.statuses() == [("acknowledged", 0)]
    client.wait(10)
    assert client.statuses() == [("acknowledged", 0), ("cancelled", 0)]
    client.order()
    assert client.errors() == ["MARKET_CLOSED"]


def test_unknown_symbol(trader):
    client = trader()
    request = client.say("Chat", text=ORDER)
    client.wait(1)
    assert client.errors() == ["SYMBOL_NOT_FOUND"]
    assert client.got("Error")[0]["data"]["request_id"] == request
    assert client.got("Plan") == []


def test_not_understood(trader):
    client = trader()
    client.say("Chat", text=ORDER)
    client.preview()
    assert client.errors() == ["INVALID_REQUEST"]
    assert len(client.got("Preview")) == 1


def test_preview_expires(trader):
    client = trader()
    kept, late = client.preview(), client.preview()
    client.approve(kept)
    client.wait(6)
    client.approve(late)
    assert client.errors() == ["INVALID_REQUEST"]
    assert "expired" in client.got("Error")[0]["data"]["message"]
    assert client.statuses()[0] == ("acknowledged", 0)


def test_repeated_approval(trader):
    client = trader()
    client.say("Chat", text=ORDER)
    client.wait(10)
    preview = client.got("Preview")[0]["data"]["preview_id"]
    for _ in range(2):
        client.approve(preview, idem_key="idem-550e8400")
        client.wait(1.5)
        assert client.statuses() == []
    client.wait(4)
    assert len(client.statuses()) >= 2
    assert len({m["data"]["order_id"] for m in client.got("Status")}) == 1
    assert client.errors() == []


def test_cancel_races_fill(trader):
    client = trader()
    client.order("Buy 100 shares of AAPL at limit 225.10")
    client.wait(20)
    assert client.statuses() == [("acknowledged", 0)]
    client.say("Cancel", target="order", order_id=client.got("Status")[0]["data"]["order_id"])
    client.wait(5)
    assert client.statuses() == [("acknowledged", 0), ("filled", 100)]
    assert client.errors() == ["ORDER_REJECTED"]
    assert client.stage.world.check_books() == []


def test_chat_rate_limit(trader):
    client = trader()
    for _ in range(4):
        client.say("Chat", text="What is the price of AAPL?")
    assert client.errors() == ["RATE_LIMIT"]
    client.wait(10)
    client.say("Chat", text="What is the price of AAPL?")
    client.wait(1)
    assert (len(client.got("Plan")), client.errors()) == (4, ["RATE_LIMIT"])


def test_total_rate_limit(trader):
    client = trader()
    for _ in range(10):
        client.say("Heartbeat", client_ts="2024-01-15T10:30:30.123Z")
    assert (len(client.got("Heartbeat")), client.errors()) == (9, ["RATE_LIMIT"])


def test_too_many_connections(trader):
    client = trader()
    second = trader(client.stage)
    assert (second.errors(), second.ends(), client.ends()) == (["RATE_LIMIT"], [1008], [])
    assert trader(client.stage, token="demo-user-2").errors() == []


def test_session_expires(trader):
    client = trader()
    client.wait(19)
    client.preview()
    client.wait(1)
    client.say("Chat", text=ORDER)
    client.wait(1)
    assert (client.errors(), client.ends(), len(client.got("Preview"))) == (["SESSION_EXPIRED"], [], 1)
    client.say("Auth", token="demo-user-1")
    client.wait(1)
    client.session = client.got("Auth")[-1]["session"]
    client.preview()
    assert len(client.got("Preview")) == 2


def test_bad_token(trader):
    client = trader()
    assert (client.errors(), client.ends(), client.got("Auth")) == (["AUTH_FAILED"], [1008], [])


def test_internal_error(trader):
    client = trader()
    preview = client.preview()
    client.approve(preview)
    assert (client.errors(), client.statuses(), client.ends()) == (["INTERNAL_ERROR"], [], [])
    client.approve(preview)
    client.wait(1)
    assert (client.errors(), client.statuses()[0]) == (["INTERNAL_ERROR"], ("acknowledged", 0))


def test_connection_error(trader):
    client = trader()
    client.wait(9)
    assert client.errors() == []
    client.wait(5)
    assert client.errors() == ["CONNECTION_ERROR"]
    assert client.client.log[-1] == (11.0, "cut")


def test_quote_storm(trader):
    client = trader()
    client.say("Subscribe", channels=[{"type": "quotes", "symbols": ["AAPL", "MSFT"]}])
    client.wait(2)
    quotes = Counter(m["data"]["symbol"] for m in client.got("MarketData"))
    assert set(quotes) == {"AAPL", "MSFT"}
    assert 98 <= quotes["AAPL"] <= 102
    prices = [m["data"]["last"] for m in client.got("MarketData") if m["data"]["symbol"] == "AAPL"]
    assert max(prices) - min(prices) > 2


def test_heartbeats_unanswered(trader):
    client = trader()
    for _ in range(4):
        client.wait(30)
        client.say("Heartbeat", client_ts="2024-01-15T10:30:30.123Z")
    client.wait(5)
    assert (client.got("Heartbeat"), client.errors(), client.ends()) == ([], [], [])


def test_idle_timeout(trader):
    client = trader()
    client.wait(20)
    assert client.client.log[-1] == (10.0, 1001)


def test_slow_server(trader):
    client = trader(auth=False)
    client.say("Auth", token="demo-user-1")
    client.wait(3)
    [confirmation] = client.got("Auth")
    client.session = confirmation["session"]
    client.say("Heartbeat", client_ts=rfc3339(client.stage.clock.wall_s(3.0)))
    client.say("Chat", text=ORDER)
    client.wait(10)
    [heartbeat] = client.got("Heartbeat")
    assert heartbeat["data"]["latency_ms"] == 3000
    moments = {m["type"]: t for t, m in client.client.log if isinstance(m, dict)}
    assert (moments["Auth"], moments["Plan"], moments["Preview"]) == (3.0, 6.0, 9.0)


def test_flaky_network(trader):
    client = trader(auth=False)
    client.say("Auth", token="demo-user-1")
    client.wait(1)
    assert 0.3 <= client.client.moments()[0] <= 0.5
    client.session = client.got("Auth")[0]["session"]
    client.say("Subscribe", channels=[{"type": "quotes", "symbols": ["AAPL"]}])
    client.wait(30)
    client.say("Heartbeat", client_ts="2024-01-15T10:30:30.123Z")
    client.wait(60)
    moments = client.client.moments()
    assert [t for t in moments if 15 <= t < 19] == []
    assert moments.count(19.0) >= 3
    assert len([m for m in client.client.got() if isinstance(m, dict)]) == 60
    assert client.ends() == ["cut"]


def test_buggy_server(trader):
    client = trader()
    client.say("Subscribe", channels=[{"type": "quotes", "symbols": ["AAPL"]}])
    client.say("Heartbeat", client_ts="2024-01-15T10:30:30.123Z")
    client.order()
    client.wait(50)
    assert client.got("Plan") == []
    assert isinstance(client.got("Heartbeat")[0]["data"]["latency_ms"], str)
    assert client.got("Preview")[0]["data"]["impact"]["total_cost"] is None
    moments = [m["data"]["timestamp"] for m in client.got("MarketData")]
    assert moments != sorted(moments)
    assert max(Counter(m["id"] for m in client.got("Status")).values()) == 2


def test_server_restarts(trader):
    client = trader()
    client.order("Buy 1 share of AAPL at limit 5")
    client.wait(25)
    assert client.client.log[-1] == (20.0, 1012)
    client.client.link.gone(client.now)
    again = trader(client.stage, now=client.now)
    again.say("Cancel", target="order", order_id=client.got("Status")[0]["data"]["order_id"])
    again.say("Subscribe", channels=[{"type": "orders", "all": True}])
    again.wait(30)
    assert (again.errors(), again.ends()) == ([], [])


def test_every_shipped_scenario_has_a_test_of_its_name():
    tests = {name.removeprefix("test_").replace("_", "-") for name in globals() if name.startswith("test_")}
    assert set(FILES) - tests == set()


@pytest.mark.parametrize("name", FILES)
def test_the_same_seed_gives_the_same_bytes(another, staged, name):
    def frames(seed):
        stage = staged(load(FILES[name]), seed)
        client = Trader(another, stage)
        client.say("Subscribe", channels=[{"type": "quotes", "symbols": ["AAPL"]}])
        client.say("Chat", text=ORDER)
        client.wait(10)
        for preview in client.got("Preview"):
            client.approve(preview["data"]["preview_id"], client_order_id="cli-unique-123")
        client.wait(30)
        entries = client.client.link.conversation.entries
        return client.client.moments(), [e.frame for e in entries if e.frame.opcode is Opcode.TEXT]

    assert frames(3) == frames(3) != frames(4)
