"""Proposals from their creation to what becomes of them."""

from decimal import Decimal

import pytest

from harness.protocols.sigmax.analysis import Analysis
from harness.protocols.sigmax.books import ZERO, exact

BTC = "BTC/USDT"
BUY, SELL, HOLD = (Analysis(BTC, *scores, "") for scores in ((0.9, 0.1), (0.1, 0.9), (0.5, 0.5)))


def lives(client):
    """Proposal id -> its events, as (type, time), in order."""
    lives = {}
    for time, message in client.log:
        if isinstance(message, dict) and "proposal_id" in message["data"]:
            lives.setdefault(message["data"]["proposal_id"], []).append((message["type"], time))
    return lives


@pytest.fixture
def desk(world_of):
    """The desk of a world whose time stands still."""
    return world_of().desk


def test_every_proposal_is_approved_and_executed_within_three_seconds(system_of):
    system = system_of()
    client = system.connect("proposals", "executions")
    system.wait(200)
    complete = [events for events in lives(client).values() if events[0][1] < 197]
    assert len(complete) > 40
    for events in complete:
        assert [kind for kind, _ in events] == ["proposal_created", "proposal_approved", "trade_executed"]
        assert events[2][1] - events[0][1] <= 3


def test_a_proposal_keeps_its_symbol_action_and_size(system_of):
    system = system_of()
    client = system.connect("proposals", "executions")
    system.wait(60)
    terms = {}
    for data in client.data("proposal_created", "proposal_approved", "trade_executed"):
        term = (data["symbol"], data["action"], data["size"])
        assert terms.setdefault(data["proposal_id"], term) == term


def test_a_trade_is_told_as_in_the_sample(system_of):
    system = system_of(facts={"volatility": 0.0})
    client = system.connect("executions", "proposals")
    system.wait(20)
    trade = client.data("trade_executed")[0]
    assert (trade["proposal_id"], trade["order_id"], trade["status"]) == ("prop_123", "order_456", "filled")
    assert trade["timestamp"] == client.messages("trade_executed")[0]["timestamp"]
    assert exact(trade["fee"]) == (exact(trade["size"]) * exact(trade["filled_price"]) / 1000).quantize(Decimal("1e-8"))
    created = client.messages("proposal_created")[0]
    assert created["data"]["created_at"] == created["timestamp"]
    assert created["data"]["reason"].startswith("Agent consensus: ")


def test_trades_are_filled_at_the_price_that_the_market_told_last(system_of):
    system = system_of()
    client = system.connect("executions", "market")
    system.wait(100)
    prices = {}
    for message in client.messages("market_update", "trade_executed"):
        if message["type"] == "market_update":
            prices = {row["symbol"]: row["price"] for row in message["data"]}
        else:
            assert message["data"]["filled_price"] == prices[message["data"]["symbol"]]


def test_refused_proposals_bring_an_alert_instead_of_an_approval(system_of):
    system = system_of(facts={"proposals": "refused", "refusal": "leverage is too high"})
    client = system.connect("all")
    system.wait(30)
    names = [data["proposal_id"] for data in client.data("proposal_created") if data]
    alerts = client.data("alert")
    assert client.messages("proposal_approved", "trade_executed") == []
    assert len(alerts) >= 5
    for name, alert in zip(names, alerts, strict=False):
        text = f"Proposal {name} was refused: leverage is too high"
        assert alert == {"level": "warning", "message": text, "source": "risk"}


def test_proposals_that_are_left_lapse_after_a_minute_and_set_nothing_aside_any_more(system_of):
    system = system_of(facts={"proposals": "left"})
    client = system.connect("proposals")
    system.wait(12)
    proposal = system.world.desk.waiting(client.data("proposal_created")[0]["proposal_id"])
    assert proposal is not None
    assert system.world.desk.free_cash() < system.world.desk.books.cash
    system.wait(60)
    assert system.world.desk.waiting(proposal.id) is None
    system.world.change({"proposals_every_s": 1000.0}, system.now)
    system.wait(120)
    assert system.world.desk.free_cash() == system.world.desk.books.cash


def test_a_purchase_takes_more_when_little_is_invested_and_the_agents_are_sure(desk):
    price = desk.world.market.pairs[BTC].price
    at_first = desk.size_for(BUY) * price
    assert at_first == pytest.approx(Decimal(95_00), rel=Decimal("0.06"))
    assert desk.size_for(Analysis(BTC, 0.55, 0.45, "")) * price < at_first
    desk.books.execute("ETH/USDT", "buy", Decimal(15), Decimal(3500))
    assert desk.size_for(BUY) * price < at_first / 10


def test_nothing_is_bought_for_a_trifle_or_sold_that_is_not_there_or_traded_on_hold(world_of):
    assert world_of(capital=50.0).desk.size_for(BUY) == ZERO
    desk = world_of().desk
    assert desk.size_for(SELL) == ZERO
    assert desk.size_for(HOLD) == ZERO


def test_a_sale_takes_a_part_and_the_last_bit_as_a_whole(desk):
    desk.books.execute(BTC, "buy", Decimal("0.1"), Decimal(95000))
    assert ZERO < desk.size_for(SELL) < Decimal("0.015")
    desk.books.execute(BTC, "sell", Decimal("0.0995"), Decimal(95000))
    assert desk.size_for(SELL) == Decimal("0.0005")


def test_what_is_set_aside_is_not_offered_twice(desk):
    desk.books.execute(BTC, "buy", Decimal("0.0005"), Decimal(95000))
    desk.propose(SELL, desk.size_for(SELL), 0.0)
    assert desk.size_for(SELL) == ZERO
    free = desk.free_cash()
    desk.propose(BUY, desk.size_for(BUY), 0.0)
    assert desk.free_cash() < free


def test_what_there_is_no_money_or_stock_for_is_refused(desk):
    assert desk.approve(desk.create(BTC, "buy", Decimal(2)), 0.0) == "it takes 193993.80, and 100000.00 are there"
    assert desk.approve(desk.create(BTC, "sell", Decimal(2)), 0.0) == "it takes 2, and 0 are there"
    assert desk.open == {}


def test_a_purchase_never_spends_more_than_there_is_however_far_the_market_runs(world_of):
    world = world_of(volatility=0.0, proposals="left")
    desk = world.desk
    proposal = desk.create(BTC, "buy", Decimal(1))
    desk.approve(proposal, 0.0)
    world.market.jump(9.0, 0.0)
    world.agenda.run(1.9)
    assert 0 <= desk.books.cash < 1
    assert desk.books.held(BTC) == 1
    assert desk.audit() == []


def test_a_sale_is_filled_at_the_market_even_in_a_crash(world_of):
    world = world_of(volatility=0.0, proposals="left")
    world.desk.books.execute(BTC, "buy", Decimal(1), Decimal(95000))
    world.desk.approve(world.desk.create(BTC, "sell", Decimal(1)), 0.0)
    world.market.jump(-0.9, 0.0)
    world.agenda.run(1.9)
    assert world.desk.books.sold == 9500


def test_a_desk_that_sets_too_much_aside_is_told(desk):
    desk.create(BTC, "buy", Decimal(1)).cash = Decimal(200_000)
    desk.create(BTC, "sell", Decimal(1)).units = Decimal(1)
    assert desk.audit() == ["more cash is set aside than there is", "more of a pair is set aside than there is"]


def test_with_nothing_left_nothing_is_invested(world_of):
    desk = world_of().desk
    desk.books.cash = ZERO
    assert desk.invested() == 0.0
