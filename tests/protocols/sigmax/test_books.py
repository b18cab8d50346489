from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.protocols.sigmax.books import Books, exact


def books_of(*trades, capital="100000"):
    books = Books(Decimal(capital))
    for symbol, action, size, price in trades:
        books.execute(symbol, action, Decimal(size), Decimal(price))
    return books


def test_the_fee_is_that_of_the_sample():
    assert Books(Decimal(1000)).execute("BTC/USDT", "buy", exact(0.001), exact(95000.0)) == exact(0.095)


def test_a_purchase_moves_cash_by_value_and_fee():
    books = books_of(("BTC/USDT", "buy", "0.5", "90000"))
    assert books.cash == Decimal("54955")
    assert books.held("BTC/USDT") == Decimal("0.5")
    assert books.held("ETH/USDT") == 0


def test_the_position_of_the_sample():
    books = books_of(("BTC/USDT", "buy", "0.5", "90000"))
    assert books.portfolio({"BTC/USDT": Decimal("95000.00")}) == {
        "total_value": 102455.0,
        "available_cash": 54955.0,
        "positions": [
            {
                "symbol": "BTC/USDT",
                "size": 0.5,
                "entry_price": 90000.0,
                "current_price": 95000.0,
                "value": 47500.0,
                "pnl": 2500.0,
                "pnl_percent": 5.56,
            }
        ],
        "total_pnl": 2455.0,
        "total_pnl_percent": 2.4,
    }


def test_entries_are_averages_weighted_by_size_which_sales_do_not_change():
    trades = [("A/B", "buy", "1", "100.00"), ("A/B", "buy", "3", "200.00"), ("A/B", "sell", "2", "500.00")]
    position = books_of(*trades).portfolio({"A/B": Decimal("300.00")})["positions"][0]
    assert (position["size"], position["entry_price"], position["pnl"]) == (2.0, 175.0, 250.0)


def test_the_gain_of_a_position_follows_to_the_cent_from_its_size_and_the_prices_shown():
    trades = [("XRP/USDT", "buy", "7001", "2.2501"), ("XRP/USDT", "buy", "2000", "2.2504")]
    position = books_of(*trades).portfolio({"XRP/USDT": Decimal("2.3000")})["positions"][0]
    assert position["entry_price"] == 2.25016666
    assert position["pnl"] == 448.55
    gain = position["size"] * (position["current_price"] - position["entry_price"])
    assert abs(gain - position["pnl"]) < 0.0051


def test_a_position_that_is_sold_as_a_whole_is_gone():
    books = books_of(("A/B", "buy", "3", "1"), ("A/B", "sell", "1", "1"), ("A/B", "sell", "2", "1"))
    assert books.positions == {}
    assert books.audit() == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["A/B", "C/D"]),
            st.booleans(),
            st.decimals("0.000001", "50", places=6),
            st.decimals("0.0001", "1000", places=4),
        ),
        max_size=20,
    )
)
def test_whatever_is_traded_the_sums_agree_to_the_cent(deeds):
    books = Books(Decimal(100_000))
    for symbol, buys, size, price in deeds:
        if buys and size * price * 2 < books.cash:
            books.execute(symbol, "buy", size, price)
        elif 0 < size < books.held(symbol):
            books.execute(symbol, "sell", size, price)
        assert books.audit() == []
    shown = books.portfolio({"A/B": Decimal("12.3456"), "C/D": Decimal("0.05")})
    total = exact(shown["available_cash"]) + sum(exact(p["value"]) for p in shown["positions"])
    assert exact(shown["total_value"]) == total
    assert exact(shown["total_pnl"]) == total - 100_000


@pytest.mark.parametrize(
    ("fault", "spoil"),
    [
        ("cash is not capital, sales and purchases", lambda books: setattr(books, "cash", Decimal(1))),
        ("cash and costs are not capital and gains", lambda books: setattr(books, "realized", Decimal(1))),
        ("more was spent than there was", lambda books: setattr(books, "cash", Decimal(-1))),
        ("more was sold than there was", lambda books: setattr(books.positions["A/B"], "size", Decimal(-1))),
    ],
)
def test_books_that_do_not_balance_are_told(fault, spoil):
    books = books_of(("A/B", "buy", "1", "1"))
    spoil(books)
    assert fault in books.audit()
