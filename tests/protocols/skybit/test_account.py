from decimal import Decimal

import pytest

from harness.protocols.skybit.account import ORDER_MEMORY_S, PREVIEW_MEMORY_S, Account, Position, Preview
from harness.protocols.skybit.chat import OrderIntent
from harness.protocols.skybit.credentials import SAMPLE_USER
from harness.protocols.skybit.errors import Refusal
from harness.protocols.skybit.orders import Fill, Order

PRICE = Decimal("10.00")


@pytest.fixture
def account():
    return Account(SAMPLE_USER, Decimal(10_000), {"MSFT": Position(50, Decimal(500))})


def placed(account, side="buy", quantity=10, symbol="AAPL", price=PRICE):
    terms = OrderIntent(side, quantity, symbol, "limit", price)
    order = Order(f"ord-{len(account.orders)}", "cli", "origin", terms, price, 0.0)
    account.orders[order.id] = order
    return order


def test_a_purchase_turns_cash_into_shares(account):
    order = placed(account)
    assert account.buying_power == Decimal(10_000) - 100 - 1
    account.book(order, Fill(10, PRICE, 1.0))
    assert account.cash == account.buying_power == Decimal("9899.00")
    assert account.position("AAPL") == Position(10, Decimal(100))
    assert account.position("AAPL").average == 10


def test_a_sale_turns_shares_into_cash_and_keeps_the_average(account):
    order = placed(account, "sell", 20, "MSFT")
    assert account.sellable("MSFT") == 30
    account.book(order, Fill(20, Decimal(12), 1.0))
    assert account.cash == Decimal(10_000) + 240 - 1
    assert account.position("MSFT") == Position(30, Decimal(300))
    assert account.position("NONE").average == 0


def test_the_commission_is_charged_once(account):
    order = placed(account, quantity=20)
    account.book(order, Fill(10, PRICE, 1.0))
    account.book(order, Fill(10, PRICE, 2.0))
    assert account.cash == Decimal(10_000) - 200 - 1


def test_buying_power_is_never_below_nothing(account):
    account.cash = Decimal(-5)
    assert account.buying_power == 0


def test_equity_is_cash_and_shares_at_market(account):
    assert account.equity({"MSFT": Decimal(11)}) == Decimal(10_550)


def test_exposure_counts_shares_held_and_open_purchases(account):
    placed(account, "buy", 5, "MSFT")
    placed(account, "sell", 5, "MSFT")
    placed(account, "buy", 5, "AAPL")
    assert account.exposure("MSFT", Decimal(11)) == 50 * 11 + 5 * 10


def test_an_order_is_found_while_it_is_open(account):
    order = placed(account)
    assert account.order(order.id) is order
    order.cancel(1.0)
    with pytest.raises(Refusal, match="is cancelled and cannot") as refusal:
        account.order(order.id)
    assert refusal.value.code == "ORDER_REJECTED"
    with pytest.raises(Refusal, match="There is no order ord-x") as refusal:
        account.order("ord-x")
    assert refusal.value.code == "INVALID_REQUEST"


@pytest.mark.parametrize(
    ("fate", "now", "word"), [("open", 60.0, "expired"), ("used", 5.0, "used already"), ("cancelled", 5.0, "cancelled")]
)
def test_a_preview_can_be_had_once_and_in_time(account, fate, now, word):
    preview = Preview("prev-1", None, 60.0)
    account.keep(preview, 0.0)
    assert account.preview("prev-1", 59.9) is preview
    preview.fate = fate
    with pytest.raises(Refusal, match=f"Preview prev-1 is {word}"):
        account.preview("prev-1", now)


def test_an_unknown_preview_is_called_so(account):
    with pytest.raises(Refusal, match="Preview prev-9 is unknown"):
        account.preview("prev-9", 0.0)


def test_previews_that_are_long_over_are_forgotten(account):
    for number in range(3):
        account.keep(Preview(f"prev-{number}", None, 60.0 + number), 0.0)
    account.keep(Preview("prev-3", None, 800.0), 61.5 + PREVIEW_MEMORY_S)
    assert list(account.previews) == ["prev-2", "prev-3"]


def test_finished_orders_are_forgotten_after_a_day_and_the_books_still_balance(account):
    bought, sold, resting = placed(account), placed(account, "sell", 20, "MSFT"), placed(account, "buy", 1)
    account.book(bought, Fill(10, PRICE, 1.0))
    account.book(sold, Fill(20, Decimal(12), 1.0))
    account.settle(ORDER_MEMORY_S - 0.1)
    assert len(account.orders) == 3
    account.settle(ORDER_MEMORY_S)
    assert list(account.orders.values()) == [resting]
    assert account.audit() == []


@pytest.mark.parametrize("cents", [100, 200])
def test_what_shares_cost_goes_with_the_last_of_them(cents):
    account = Account(SAMPLE_USER, Decimal(0), {"MSFT": Position(7, Decimal(cents) / 100)})
    order = placed(account, "sell", 7, "MSFT")
    for quantity in (3, 4):
        account.book(order, Fill(quantity, PRICE, 1.0))
    assert account.position("MSFT") == Position(0, Decimal(0))


def test_a_key_is_remembered_for_a_day_and_no_longer(account):
    first, second = placed(account), placed(account)
    account.remember("k1", first, 0.0, 100.0)
    assert account.remembered("k1", 99.9, 100.0) is first
    assert account.remembered("k1", 100.0, 100.0) is None
    assert account.remembered("k2", 0.0, 100.0) is None
    assert account.remembered(None, 0.0, 100.0) is None
    account.remember("k2", second, 50.0, 100.0)
    account.remember("k1", second, 100.0, 100.0)
    assert account.remembered("k1", 150.0, 100.0) is second


def test_books_that_do_not_balance_are_found_out(account):
    order = placed(account)
    account.book(order, Fill(10, PRICE, 1.0))
    assert account.audit() == []
    account.cash += 1
    account.positions["AAPL"].quantity += 2
    order.fills.append(Fill(1, PRICE, 1.0))
    assert [fault.split(" ")[0] for fault in account.audit()] == ["order", "cash", "positions"]
