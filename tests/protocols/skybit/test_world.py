"""The world as a whole: whatever clients do, books balance, and the same seed gives the same bytes."""

from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.protocols.skybit import world
from harness.protocols.skybit.money import ZERO

LIVES = ["good for the day", "good till cancelled", "immediate or cancel", "fill or kill"]
KINDS = ["at market", "at limit {price}", "stop at {price}", "stop {price} limit {price}"]

orders = st.builds(
    lambda side, quantity, symbol, kind, cents, life: (
        f"{side} {quantity} {symbol} {kind.format(price=f'{cents / 100:.2f}')}, {life}"
    ),
    st.sampled_from(["Buy", "Sell"]),
    st.integers(1, 700),
    st.sampled_from(["ACME", "INTC"]),
    st.sampled_from(KINDS),
    st.integers(1950, 2050),
    st.sampled_from(LIVES),
)
deeds = st.lists(
    st.one_of(
        orders.map(lambda text: ("order", text)),
        st.sampled_from([("cancel", "all_orders"), ("cancel", "newest")]),
        st.floats(0.05, 4.0).map(lambda seconds: ("wait", seconds)),
    ),
    max_size=15,
)


def do(client, deed, argument):
    """Carry out one deed of a client."""
    if deed == "wait":
        client.play.wait(argument)
    elif deed == "order":
        client.approve(client.preview(argument))
    elif argument == "all_orders":
        client.say("Cancel", target="all_orders")
    elif client.link.session.own.orders:
        client.say("Cancel", target="order", order_id=list(client.link.session.own.orders)[-1])


def look(stage, account, start):
    """What must hold at every instant."""
    assert account.audit() == []
    last = stage.world.last_prices(stage.now)
    fills = [(o, f) for o in account.orders.values() for f in o.fills]
    earned = sum(
        ((last[o.terms.symbol] - f.price) * f.quantity * (1 if o.terms.side == "buy" else -1) for o, f in fills), ZERO
    )
    held = sum((last[s] * n for s, n in account.shares_at_start.items()), ZERO)
    charges = sum((o.charges.total for o in account.orders.values()), ZERO)
    assert account.equity(last) == start + held + earned - charges
    assert account.cash - sum((o.set_aside for o in account.open_orders()), ZERO) >= 0
    for order in account.orders.values():
        assert order.filled + order.remaining == order.terms.quantity
        assert order.remaining >= 0
        assert len(order.fills) <= 3
    for symbol, position in account.positions.items():
        assert position.quantity >= 0
        assert position.cost >= 0
        assert account.sellable(symbol) >= 0


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds, st.integers(0, 1000), st.integers(1, 300))
def test_whatever_a_trader_does_the_books_balance(play, deeds, seed, liquidity):
    facts = {
        "prices": {"ACME": 20.0, "INTC": 20.0},
        "positions": {"INTC": 500},
        "buying_power": 12_000.0,
        "liquidity": liquidity,
        "volatility": 5.0,
    }
    stage = play(facts=facts, seed=seed)
    client = stage.trader()
    for deed, argument in deeds:
        do(client, deed, argument)
        look(stage, client.link.session.own, Decimal(12_000))
    for status in (m["data"] for m in client.take_all("Status")):
        assert status["filled"] + status["remaining"] == status["quantity"]


def plays(play, seed):
    """All that two clients are told in a play of some length."""
    stage = play(seed=seed)
    clients = [stage.trader("demo-user-1"), stage.trader("demo-user-2")]
    for client in clients:
        client.say("Subscribe", channels=[{"type": "quotes", "symbols": ["AAPL"]}])
        client.order(f"Buy {100 + 50 * len(client.play.stage.links)} AAPL at market")
        stage.wait(2.5)
    clients[0].chat("What are my positions?")
    return [client.inbox for client in clients]


def test_the_same_seed_gives_the_same_messages(play):
    assert plays(play, 3) == plays(play, 3)
    assert plays(play, 3) != plays(play, 4)


def test_what_others_do_does_not_change_what_a_quote_says(play):
    busy, calm = play(seed=3), play(seed=3)
    for _ in range(5):
        busy.trader().order("Buy 10 AAPL at market")
    busy.wait(60.0 - busy.now)
    calm.wait(60.0)
    assert busy.price() == calm.price()


def test_ids_are_counted_and_never_given_twice(play):
    world = play().world
    assert [world.number("prev"), world.number("prev"), world.number("ord")] == [
        "prev-123456",
        "prev-123457",
        "ord-789012",
    ]
    world._counts["cli"] = 999_999
    assert [world.number("cli"), world.number("cli")] == ["cli-999999", "cli-1000000"]


def test_of_too_many_accounts_the_oldest_without_use_or_trades_is_forgotten(play, monkeypatch):
    monkeypatch.setattr(world, "ACCOUNTS_KEPT", 3)
    stage = play()
    trader, idle, busy = (stage.trader(f"demo-user-{n}") for n in (1, 2, 3))
    trader.order("Buy 1 AAPL at limit 5.00")
    for client in (trader, idle):
        client.link.gone(stage.now)
    stage.trader("demo-user-4")
    assert list(stage.world.accounts) == ["user-1", "user-3", "user-4"]
    stage.trader("demo-user-5")
    assert len(stage.world.accounts) == 4
    busy.say("Unsubscribe", channels=["quotes"])
    assert busy.inbox == []


def test_books_that_do_not_balance_are_named_with_their_user(play):
    stage = play()
    stage.trader("demo-user-8")
    stage.world.accounts["user-8"].cash += 1
    assert [fault[:7] for fault in stage.world.check_books()] == ["user-8:"]
    stage.world.accounts["user-8"].cash -= 1
