"""What a scenario lets happen: once for all, with the world following, so that the books balance."""

import pytest

BTC, ETH = "BTC/USDT", "ETH/USDT"
QUIET = "world: {proposals_every: 1d, volatility: 0}\n"  # No proposals but the script's.


def answers(system_of, step, *request, **more):
    """What a client gets for a message where the script has this step."""
    return system_of(f"steps:\n  - {step}").connect(**more).ask(*request)


# At a moment ----------------------------------------------------------------------------------------


def test_an_event_at_a_moment_goes_once_to_each_of_those_who_subscribed(system_of):
    system = system_of("steps: [{at: 4s, send: alert.drawdown, with: {data.level: info}}]")
    one, both, none = system.connect("alerts"), system.connect("alerts", "all"), system.connect("market")
    system.wait(5)
    for client in (one, both):
        assert client.times("alert") == [4.0]
        assert client.data("alert")[0]["level"] == "info"
        assert client.data("alert")[0]["source"] == "portfolio"
        assert client.messages("alert")[0]["connection_id"] == client.id
    assert none.messages("alert") == []


def test_what_is_said_to_one_client_goes_to_each_of_them(system_of):
    system = system_of("steps: [{at: 4s, send: error.INVALID_TOPIC}, {at: 5s, send: ping}]")
    clients = [system.connect(), system.connect()]
    system.wait(5)
    for client in clients:
        assert client.data("error")[0]["details"] == "Topic 'invalid_topic' does not exist"
        assert client.times("ping") == [5.0]


def test_a_scripted_trade_is_told_with_its_whole_life_and_moves_the_books(system_of):
    system = system_of(QUIET + "steps: [{at: 4s, send: trade_executed, with: {data.size: 0.5}}]")
    client = system.connect("proposals", "executions", "portfolio")
    system.wait(6)
    assert [m["type"] for m in client.messages()[2:]] == [
        *("portfolio_update", "proposal_created", "proposal_approved", "trade_executed", "portfolio_update")
    ]
    trade = client.data("trade_executed")[0]
    assert (trade["symbol"], trade["size"], trade["filled_price"], trade["fee"]) == (BTC, 0.5, 95000.0, 47.5)
    assert {d["proposal_id"] for d in client.data("proposal_created", "proposal_approved")} == {trade["proposal_id"]}
    assert client.data("portfolio_update")[-1]["available_cash"] == 52452.5
    assert client.data("portfolio_update")[-1]["positions"][0]["size"] == 0.5
    system.wait(60)
    assert len(client.messages("trade_executed")) == 1


def test_a_scripted_trade_has_the_price_that_the_script_says(system_of):
    with_ = "{data.size: 0.5, data.filled_price: 90000.5}"
    system = system_of(QUIET + f"steps: [{{at: 4s, send: trade_executed, with: {with_}}}]")
    system.connect()
    system.wait(5)
    assert system.world.desk.books.bought == 45000.25


def test_a_scripted_trade_takes_no_more_than_cash_and_positions_allow(system_of):
    steps = """steps:
  - {at: 4s, send: trade_executed, with: {data.size: 50}}
  - {at: 5s, send: trade_executed.sell, with: {data.symbol: BTC/USDT, data.size: 50}}
  - {at: 6s, send: trade_executed.sell}
"""
    system = system_of(QUIET + steps)
    client = system.connect("executions")
    system.wait(4.5)
    assert 0 < system.world.desk.books.cash < 1
    system.wait(1)
    assert system.world.desk.books.positions == {}
    cash = system.world.desk.books.cash
    system.wait(1)
    assert system.world.desk.books.cash == cash
    assert [data["size"] for data in client.data("trade_executed")] == [50, 50, 0.05]


@pytest.mark.parametrize("kind", ["proposal_created", "proposal_approved", "trade_executed", "trade_executed.sell"])
@pytest.mark.parametrize("changes", ["data.size: 1.0e+300", "data.size: 1.0e-300", "data.action: HODL"])
def test_whatever_a_script_tells_of_trades_the_books_can_bear_it(system_of, caplog, kind, changes):
    system = system_of(QUIET + f"steps: [{{at: 4s, send: {kind}, with: {{{changes}}}}}]")
    client = system.connect("all")
    system.wait(20)
    name, value = changes.removeprefix("data.").split(": ")
    assert str(client.data(kind.removesuffix(".sell"))[0][name]) == value.replace("1.0e", "1e")
    assert caplog.records == []


@pytest.mark.parametrize("price", ["1.0e+300", "1.0e-300"])
@pytest.mark.parametrize("symbol", ["BTC/USDT", "XYZ/USDT"])
def test_whatever_price_a_script_says_the_books_can_bear_it(system_of, caplog, symbol, price):
    with_ = f"{{data.symbol: {symbol}, data.filled_price: {price}}}"
    system = system_of(QUIET + f"steps: [{{at: 4s, send: trade_executed, with: {with_}}}]")
    client = system.connect("all")
    system.wait(20)
    assert client.data("trade_executed")[0]["filled_price"] == float(price)
    assert caplog.records == []


def test_any_word_for_a_purchase_is_one_and_any_other_is_a_sale(system_of):
    steps = """steps:
  - {at: 4s, send: trade_executed, with: {data.size: 0.1, data.action: BUY}}
  - {at: 5s, send: trade_executed, with: {data.size: 0.1, data.action: SHORT}}
"""
    system = system_of(QUIET + steps)
    client = system.connect("executions")
    system.wait(4.5)
    assert float(system.world.desk.books.held(BTC)) == 0.1
    system.wait(1)
    assert system.world.desk.books.held(BTC) == 0
    assert [data["action"] for data in client.data("trade_executed")] == ["BUY", "SHORT"]


def test_a_trade_that_was_not_filled_moves_nothing(system_of):
    system = system_of(QUIET + "steps: [{at: 4s, send: trade_executed, with: {data.status: rejected}}]")
    client = system.connect("executions")
    system.wait(5)
    assert client.data("trade_executed")[0]["status"] == "rejected"
    assert system.world.desk.books.cash == 100_000


def test_a_trade_of_a_pair_that_is_not_traded_brings_it_to_the_market(system_of):
    with_ = "{data.symbol: XYZ/USDT, data.size: 10, data.filled_price: 2.5}"
    system = system_of(QUIET + f"steps: [{{at: 4s, send: trade_executed, with: {with_}}}]")
    client = system.connect("portfolio")
    system.wait(6)
    (position,) = client.data("portfolio_update")[-1]["positions"]
    assert (position["symbol"], position["value"], position["pnl"]) == ("XYZ/USDT", 25.0, 0.0)


def test_a_life_can_be_told_step_by_step_under_an_id_of_ones_own(system_of):
    steps = """steps:
  - {at: 4s, send: proposal_created.buy, with: {data.proposal_id: mine, data.size: 0.1}}
  - {at: 10s, send: proposal_approved, with: {data.proposal_id: mine}}
  - {at: 11s, send: trade_executed, with: {data.proposal_id: mine}}
"""
    system = system_of("world: {proposals_every: 1d, proposals: left}\n" + steps)
    client = system.connect("proposals", "executions")
    system.wait(60)
    events = client.messages("proposal_created", "proposal_approved", "trade_executed")
    assert [m["type"] for m in events] == ["proposal_created", "proposal_approved", "trade_executed"]
    assert {m["data"]["proposal_id"] for m in events} == {"mine"}
    assert float(system.world.desk.books.held(BTC)) == 0.1


def test_a_trade_of_a_proposal_that_waits_tells_its_approval_before(system_of):
    steps = """steps:
  - {at: 4s, send: proposal_created, with: {data.proposal_id: mine}}
  - {at: 5s, send: trade_executed, with: {data.proposal_id: mine}}
"""
    system = system_of("world: {proposals_every: 1d, proposals: left}\n" + steps)
    client = system.connect("all")
    system.wait(60)
    events = client.messages("proposal_created", "proposal_approved", "trade_executed")
    assert [m["type"] for m in events] == ["proposal_created", "proposal_approved", "trade_executed"]


def test_a_scripted_proposal_goes_its_way_as_any(system_of):
    system = system_of(QUIET + "steps: [{at: 4s, send: proposal_created}, {at: 10s, send: proposal_approved}]")
    client = system.connect("proposals", "executions")
    system.wait(15)
    assert [data["proposal_id"] for data in client.data("trade_executed")] == ["prop_123", "prop_124"]


def test_an_approval_of_what_cannot_be_paid_ends_in_an_alert(system_of):
    system = system_of(QUIET + "steps: [{at: 4s, send: proposal_approved, with: {data.size: 50}}]")
    client = system.connect("alerts", "executions")
    system.wait(15)
    assert client.messages("trade_executed") == []
    assert client.data("alert")[0]["message"].startswith("Proposal prop_123 was refused: it takes ")


def test_a_scripted_status_is_the_worlds_until_the_script_says_another(system_of):
    steps = "steps: [{at: 4s, send: status_change.error}, {at: 50s, send: status_change, with: {data.status: running}}]"
    system = system_of(steps)
    client = system.connect("status", "proposals")
    system.wait(60)
    first, second = client.data("status_change")
    assert first == {"previous_status": "running", "status": "error", "reason": "The exchange does not answer"}
    assert (second["previous_status"], second["status"]) == ("error", "running")
    assert [t for t in client.times("proposal_created") if 4 < t < 50] == []
    assert {data["status"] for data in client.data("system_status")[:9]} == {"error"}


def test_prices_go_where_a_scripted_market_says_and_on_from_there(system_of):
    rows = (
        "[{symbol: BTC/USDT, price: 80000, volume_24h: 1, change_24h: -16}, "
        "{symbol: NO/NE, price: 1, volume_24h: 1, change_24h: 0}]"
    )
    system = system_of(QUIET + f"steps: [{{at: 5s, send: market_update, with: {{data: {rows}}}}}]")
    client = system.connect("market")
    part = system.connect(symbols=[BTC])
    system.wait(6)
    assert client.times("market_update") == [2.0, 4.0, 5.0, 6.0]
    assert [row["symbol"] for row in client.data("market_update")[2]] == [BTC, "NO/NE"]
    assert client.data("market_update")[3][0]["price"] == 80000.0
    assert [row["symbol"] for row in part.data("market_update")[2]] == [BTC]


def test_what_is_measured_is_told_as_it_is_and_a_named_example_as_it_is_written(system_of):
    steps = """steps:
  - {at: 4500ms, send: market_update}
  - {at: 4500ms, send: portfolio_update}
  - {at: 4500ms, send: portfolio_update.sample}
  - {at: 4500ms, send: health_update}
  - {at: 4500ms, send: health_update.overloaded}
  - {at: 4500ms, send: system_status}
  - {at: 4500ms, send: analysis_update, with: {data.symbol: ETH/USDT}}
  - {at: 4500ms, send: analysis_update.hold}
  - {at: 4500ms, send: analysis_update, with: {data.symbol: NO/NE}}
"""
    system = system_of(QUIET + steps)
    client = system.connect("all")
    system.play.wait(4.5)
    told = [m["data"] for m in client.messages() if m["timestamp"].endswith(":04.500Z")]
    market, portfolio, sample, health, overloaded, status, eth, hold, none = told
    assert len(market) == 6
    assert (portfolio["total_value"], portfolio["positions"]) == (100000.0, [])
    assert sample["positions"][0]["size"] == 0.5
    assert health["cpu_percent"] < 90 < overloaded["cpu_percent"]
    assert status["connections"] == 1
    assert eth["symbol"] == ETH
    assert "within a minute" in eth["reasoning"]
    assert (hold["symbol"], hold["reasoning"]) == ("SOL/USDT", "No clear direction")
    assert (none["symbol"], none["decision"]) == ("NO/NE", "buy")


# In answer to a client ------------------------------------------------------------------------------


def test_a_scripted_error_answers_its_trigger(system_of):
    step = "{when: subscribe, where: {data.topics: health}, reply: [error.INVALID_TOPIC]}"
    client = system_of(f"steps: [{step}]").connect()
    (error,) = client.ask("subscribe", {"topics": ["health"]}, request_id="r-1")
    assert (error["data"]["code"], error["request_id"]) == ("INVALID_TOPIC", "r-1")
    assert client.subscribe("market")[0]["type"] == "subscribed"


def test_a_scripted_greeting_names_the_connection(system_of):
    client = system_of("steps: [{when: open, reply: [connected]}]").connect()
    (greeting,) = client.messages()
    assert greeting["data"]["connection_id"] == greeting["connection_id"]


def test_a_scripted_confirmation_does_what_it_confirms(system_of):
    steps = "steps: [{when: subscribe, reply: [subscribed]}, {when: unsubscribe, reply: [unsubscribed]}]"
    client = system_of(steps).connect()
    (answer,) = client.subscribe("market", "x", symbols=[BTC])
    assert answer["data"]["message"] == "Subscribed to 1 topics and 1 symbols"
    client.play.wait(2)
    (answer,) = client.unsubscribe("market")
    assert answer["data"]["topics"] == ["market"]
    client.play.wait(4)
    assert len(client.data("market_update")[0]) == 6
    assert [[row["symbol"] for row in rows] for rows in client.data("market_update")[1:]] == [[BTC], [BTC]]


@pytest.mark.parametrize(
    ("step", "topics"),
    [
        ("{when: ping, reply: [subscribed]}", ["market"]),
        ("{when: ping, reply: [subscribed.nothing]}", []),
        ("{when: ping, reply: [unsubscribed]}", ["market"]),
    ],
)
def test_a_confirmation_of_nothing_tells_what_is_or_the_example(system_of, step, topics):
    client = system_of(f"steps: [{step}]").connect("market")
    (answer,) = client.ask("ping")
    assert answer["data"]["topics"] == topics


def test_a_scripted_status_answers_the_command_that_it_stands_for(system_of):
    client = system_of(
        "steps: [{when: command, reply: [system_status]}, {when: ping, reply: [system_status]}]"
    ).connect()
    assert client.command("sell_everything")[0]["data"]["command"] == "sell_everything"
    assert "command" not in client.ask("ping")[0]["data"]
    answer = answers(system_of, "{when: ping, reply: [system_status.command]}", "ping")[0]
    assert (answer["data"]["status"], answer["data"]["command"]) == ("paused", "pause")


def test_an_event_in_answer_to_a_client_reaches_it_in_any_case_and_others_by_subscription(system_of):
    system = system_of("steps: [{when: ping, also: [alert]}]")
    plain, subscribed, other = system.connect(), system.connect("alerts"), system.connect("all")
    for client in (plain, subscribed):
        assert [m["type"] for m in client.ask("ping", request_id="r-1")] == ["pong", "alert"]
        assert "request_id" not in client.messages("alert")[0]
    assert (len(plain.messages("alert")), len(subscribed.messages("alert"))) == (1, 2)
    assert len(other.messages("alert")) == 2


def test_a_script_may_give_another_connection_id(system_of):
    client = system_of("steps: [{when: ping, reply: [{send: pong, with: {connection_id: somebody}}]}]").connect()
    assert client.ask("ping")[0]["connection_id"] == "somebody"
    assert client.link.conversation.entries[-1].frame.data.count(b"connection_id") == 1
