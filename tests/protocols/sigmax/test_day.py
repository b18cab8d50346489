"""What one client hears of everything, audited by books of its own: over many seeds, and over a whole day."""

from decimal import ROUND_HALF_UP, Decimal

import pytest

from harness.core.message import rfc3339

pytestmark = pytest.mark.no_cover  # Measuring makes long plays three times as long; short ones reach the same lines.

CADENCES = {"market_update": 2, "portfolio_update": 3, "system_status": 5, "health_update": 10, "ping": 30}
LIFE = ["proposal_created", "proposal_approved", "trade_executed"]
COUNTED = {
    "analyses": "analysis_update",
    "proposals": "proposal_created",
    "trades": "trade_executed",
    "alerts": "alert",
}


def exact(number):
    return Decimal(str(number))


def cents(amount):
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


class Auditor:
    """Reads all events in order and knows from them alone what the next must say."""

    def __init__(self, capital=100_000):
        self.capital = self.cash = exact(capital)
        self.positions = {}  # Symbol -> [size, cost].
        self.prices = {}
        self.lives = {}  # Proposal id -> (its newest event, when it was created, its terms), while it is not complete.
        self.counts = {}
        self.proposals, self.orders = set(), set()
        self.last_at = 0.0

    def read(self, at, message):
        """Take in one event. What it says must follow from those before."""
        kind, data = message["type"], message["data"]
        assert at >= self.last_at
        assert message["timestamp"] == rfc3339(1705314600.0 + at)
        self.last_at = at
        count = self.counts[kind] = self.counts.get(kind, 0) + 1
        if kind in CADENCES:
            assert at == count * CADENCES[kind]
        getattr(self, kind, lambda at, data: None)(at, data)

    def market_update(self, at, rows):
        self.prices = {row["symbol"]: row["price"] for row in rows}
        assert len(self.prices) == len(rows) == 6

    def analysis_update(self, at, data):
        lead = round(data["bull_score"] - data["bear_score"], 2)
        assert data["decision"] == ("hold" if abs(lead) < 0.1 else "buy" if lead > 0 else "sell")
        assert 0.5 < data["confidence"] < 1

    def proposal_created(self, at, data):
        assert data["proposal_id"] not in self.proposals
        self.proposals.add(data["proposal_id"])
        self.step(at, data, LIFE[0])

    def proposal_approved(self, at, data):
        self.step(at, data, LIFE[1])

    def trade_executed(self, at, data):
        self.step(at, data, LIFE[2])
        assert data["order_id"] not in self.orders
        self.orders.add(data["order_id"])
        assert data["filled_price"] == self.prices[data["symbol"]]
        self.book(data)

    def step(self, at, data, kind):
        """One more event in the life of a proposal: in order, of the same terms, within three seconds."""
        terms = data["symbol"], data["action"], data["size"]
        newest, since, told = self.lives.pop(data["proposal_id"], (None, at, terms))
        assert (newest, told) == (LIFE[LIFE.index(kind) - 1] if kind != LIFE[0] else None, terms)
        assert at - since <= 3
        if kind != LIFE[2]:
            self.lives[data["proposal_id"]] = kind, since, terms

    def book(self, data):
        size, price, fee = (exact(data[name]) for name in ("size", "filled_price", "fee"))
        assert abs(fee - size * price / 1000) < Decimal("1e-8")
        position = self.positions.setdefault(data["symbol"], [Decimal(0), Decimal(0)])
        if data["action"] == "buy":
            self.cash -= size * price + fee
            position[0] += size
            position[1] += size * price
        else:
            self.cash += size * price - fee
            position[1] -= position[1] * size / position[0]
            position[0] -= size
        assert self.cash >= 0
        assert position[0] >= 0
        if not position[0]:
            del self.positions[data["symbol"]]

    def portfolio_update(self, at, data):
        assert exact(data["available_cash"]) == cents(self.cash)
        assert {p["symbol"]: exact(p["size"]) for p in data["positions"]} == {
            symbol: size for symbol, (size, _) in self.positions.items()
        }
        for position in data["positions"]:
            self.position(position)
        total = exact(data["available_cash"]) + sum(exact(p["value"]) for p in data["positions"])
        gain = total - self.capital
        assert (exact(data["total_value"]), exact(data["total_pnl"])) == (total, gain)
        assert abs(exact(data["total_pnl_percent"]) - 100 * gain / total) <= Decimal("0.005")

    def position(self, shown):
        size, cost = self.positions[shown["symbol"]]
        assert shown["current_price"] == self.prices[shown["symbol"]]
        value = size * exact(shown["current_price"])
        assert exact(shown["value"]) == cents(value)
        assert abs(exact(shown["pnl"]) - (value - cost)) <= Decimal("0.0051")
        assert abs(exact(shown["pnl_percent"]) - 100 * (value - cost) / cost) <= Decimal("0.0051")
        assert abs(exact(shown["entry_price"]) - cost / size) <= Decimal("1e-4")
        gain = size * (exact(shown["current_price"]) - exact(shown["entry_price"]))
        assert abs(exact(shown["pnl"]) - gain) <= Decimal("0.0051")

    def system_status(self, at, data):
        assert data["uptime_s"] == at
        for name, kind in COUNTED.items():
            assert data[name] == self.counts.get(kind, 0)

    def ended(self, at):
        """All that began more than three seconds ago is complete."""
        assert all(at - since <= 3 for _, since, _ in self.lives.values())


def audit(system, auditor, seconds, chunk_s=300):
    """Let one client hear everything, and the auditor read it in parts."""
    client = system.connect("all", "market", symbols=["BTC/USDT"])
    client.client.log.clear()
    for _ in range(int(seconds / chunk_s)):
        system.wait(chunk_s)
        for at, message in client.log:
            auditor.read(at, message)
        client.client.log.clear()
    auditor.ended(system.now)
    assert client.ends == []


@pytest.mark.parametrize("seed", range(24))
def test_everything_that_is_told_agrees_whatever_the_seed(system_of, seed):
    facts = {"volatility": (0.0, 1.0, 10.0, 100.0)[seed % 4], "drift": (0.0, 0.001, -0.001)[seed % 3]}
    auditor = Auditor()
    audit(system_of(seed=seed, facts=facts), auditor, 600)
    assert auditor.counts["trade_executed"] > 40


def test_everything_agrees_while_the_world_is_turned_upside_down(system_of):
    steps = "".join(f"  - {{at: {7 * n}s, world: {{shock: {(-0.3, 0.5, -0.5, 0.9)[n % 4]}}}}}\n" for n in range(1, 40))
    auditor = Auditor(capital=500)
    audit(system_of(f"world: {{capital: 500, proposals_every: 500ms}}\nsteps:\n{steps}", seed=2), auditor, 300)
    assert auditor.counts["alert"] > 100


@pytest.mark.slow
def test_everything_agrees_for_a_whole_day(system_of):
    auditor = Auditor()
    audit(system_of(seed=1), auditor, 86_400, chunk_s=600)
    assert {kind: auditor.counts[kind] for kind in CADENCES} == {k: 86_400 // s for k, s in CADENCES.items()}
    assert 18_000 < auditor.counts["trade_executed"] < 24_000
