"""The portfolio: trades follow signals and leave the nav as it is; profit and drawdown follow from the nav."""

import random

import pytest

from harness.protocols.brainstream.portfolio import PAUSE_TICKS, TRADE_MOST, Portfolio
from harness.protocols.brainstream.rules import Facts
from harness.protocols.brainstream.strategy import Signal

DAY = 19_000


def portfolio(**facts):
    return Portfolio(Facts(**facts), DAY)


def signal(side, approved):
    return Signal(side, 0.9, "Because", approved, approved)


def weight(portfolio, price):
    return 1 - portfolio.cents / 100 / portfolio.nav(price)


def follow(portfolio, given, price, ticks):
    """The trades of so many ticks, each of which leaves the nav as it is, up to a cent."""
    trades = []
    for tick in range(ticks):
        before = portfolio.nav(price)
        trade = portfolio.follow(given, price, tick)
        portfolio.mark(price, DAY)
        assert portfolio.nav(price) == pytest.approx(before, abs=0.0101)
        assert portfolio.audit(price) == []
        if trade is not None:
            trades.append((tick, trade))
    return trades


def test_it_begins_as_the_sample():
    data = portfolio().data(450.32)
    assert data == {"nav": 105234.56, "cash": 85000.0, "daily_pnl": 1234.56, "max_drawdown": 0.0}


def test_a_day_that_began_badly_begins_with_a_drawdown():
    data = portfolio(cash=900, shares=0, daily_pnl=-100).data(450.32)
    assert (data["daily_pnl"], data["max_drawdown"]) == (-100, -0.1)


def test_a_buy_raises_the_position_to_the_approved_size_in_steps_with_pauses():
    ours = portfolio(shares=0, cash=10_000)
    trades = follow(ours, signal("BUY", 0.12), 450.0, 40)
    ticks = [tick for tick, _ in trades]
    assert ticks == [0, PAUSE_TICKS, 2 * PAUSE_TICKS]
    assert max(trade.cents for _, trade in trades) <= TRADE_MOST * 1_000_000 + 100
    assert weight(ours, 450.0) == pytest.approx(0.12, abs=0.001)


def test_a_buy_does_not_sell_what_is_held_beyond_the_approved_size():
    ours = portfolio()
    assert follow(ours, signal("BUY", 0.1), 450.32, 20) == []


def test_a_sell_gives_all_of_it_up_in_steps_of_the_approved_size():
    ours = portfolio()
    trades = follow(ours, signal("SELL", 0.04), 450.32, 60)
    assert len(trades) == 5
    assert max(-trade.cents for _, trade in trades) <= 0.04 * 10_523_456 + 100
    assert ours.micros == 0
    assert ours.data(450.32)["cash"] == pytest.approx(105234.56, abs=0.05)
    assert follow(ours, signal("SELL", 0.04), 450.32, 10) == []


@pytest.mark.parametrize("side", ["FLAT", "BUY", "SELL"])
def test_nothing_is_traded_where_no_size_is_approved(side):
    assert follow(portfolio(), signal(side, 0.0), 450.32, 10) == []


@pytest.mark.parametrize(("side", "shares"), [("BUY", 0), ("SELL", 0.000002)])
def test_less_than_a_millionth_of_a_share_is_not_traded(side, shares):
    ours = portfolio(cash=1, shares=shares, price=1e6, daily_pnl=0)
    assert follow(ours, signal(side, 0.2), 1e6, 10) == []
    assert ours.micros == shares * 1e6


def test_all_can_be_sold_at_once():
    ours = portfolio()
    trade = ours.sell_out(450.32)
    assert trade.micros == -44_933_736
    assert trade.cents == -2_023_456
    assert (ours.micros, ours.nav(450.32)) == (0, 105234.56)
    assert ours.audit(450.32) == []


def test_profit_counts_from_the_nav_at_the_end_of_the_day_before():
    ours = portfolio(cash=1000, shares=10, daily_pnl=0)
    ours.mark(500.0, DAY)
    assert ours.data(500.0)["daily_pnl"] == pytest.approx(496.8)
    ours.mark(510.0, DAY + 1)
    assert ours.data(510.0)["daily_pnl"] == pytest.approx(100.0)


def test_a_drawdown_is_the_deepest_fall_from_a_peak_and_never_recovers():
    ours = portfolio(cash=1, shares=100, price=100.0, daily_pnl=0)
    falls = []
    for price in (100, 120, 90, 150, 140, 150, 75, 200):
        ours.mark(price, DAY)
        falls.append(round(ours.data(price)["max_drawdown"], 3))
    assert falls == [0, 0, -0.25, -0.25, -0.25, -0.25, -0.5, -0.5]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_traded_the_books_balance(seed):
    chance = random.Random(seed)
    ours = portfolio()
    price, start, gained = 450.32, 105234.56, 0.0
    for tick in range(2000):
        before = price
        price = round(price * (1 + chance.gauss(0, 0.004)), 2)
        gained += ours.micros / 1e6 * (price - before)
        ours.follow(signal(chance.choice(["BUY", "SELL"]), round(chance.uniform(0, 0.2), 4)), price, tick)
        ours.mark(price, DAY + tick // 500)
        assert ours.audit(price) == []
        assert 0 <= weight(ours, price) < 0.4
    # What is there is what was there, and what prices added to the shares held, up to half a cent for each trade.
    assert ours.nav(price) == pytest.approx(start + gained, abs=2.5)


def test_the_audit_tells_what_is_wrong():
    def faults(**changes):
        ours = portfolio()
        for name, value in changes.items():
            setattr(ours, name, value)
        return ours.audit(450.32)

    assert faults() == []
    assert faults(cents=8_500_000 + 3) == [
        "the trades do not lead to what is held",
        "the nav that was told is not cash and shares at the price",
    ]
    assert "cash or shares are below nothing" in faults(micros=-1)
    assert faults(drawdown=0.1) == ["the drawdown is no deepest fall from a peak"]
    assert faults(drawdown=-1.1) == ["the drawdown is no deepest fall from a peak"]
