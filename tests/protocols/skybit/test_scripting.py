"""What a script makes a session say, and that the world follows."""

import re
from decimal import Decimal

import pytest

from harness.core.limits import Rate
from harness.protocols.skybit import PROTOCOL
from harness.protocols.skybit.session import State
from harness.scenario.scenario import Action, Step
from harness.wire.schemas import shapes

EXAMPLES = shapes(PROTOCOL.folder).examples


def script(client, name, variant=None, changes=None, trigger=None):
    """Let the script act now; what was sent."""
    session = client.link.session
    client.link.perform(lambda now: session.scripted(name, variant, changes or {}, trigger, now), client.play.now)
    client.play.wait(0.0)
    return client.inbox.pop()


def scripted_approve(client, preview, *actions):
    """Approve by scripted actions (variant, changes) in place of the protocol's own; the data of each Status."""
    trigger = {
        "type": "Approve",
        "id": "350e8400-e29b-41d4-a716-446655440000",
        "session": client.session_id,
        "data": {"preview_id": preview["preview_id"]},
    }
    return [script(client, "Status", variant, changes, trigger)["data"] for variant, changes in actions]


@pytest.mark.parametrize(("name", "variant"), [(n, v) for n, named in EXAMPLES.items() for v in named])
@pytest.mark.parametrize("authenticated", [True, False])
def test_every_example_can_be_sent_unasked_in_a_fresh_envelope(play, name, variant, authenticated):
    client = play().trader() if authenticated else play().connect()
    message = script(client, name, variant)
    assert (message["type"], message["session"]) == (name, client.link.session.id)
    assert message["ts"] == "2024-01-15T10:30:00.000Z"
    assert message["id"] != EXAMPLES[name][variant]["id"]


def test_the_first_example_is_meant_where_none_is_named(play):
    assert script(play().trader(), "Status")["data"]["status"] == "acknowledged"


def test_changes_have_the_last_word(play):
    client = play().trader()
    assert script(client, "Status", "filled", {"data.filled": 7})["data"]["filled"] == 7


def test_an_error_answers_its_trigger(play):
    client = play().trader()
    trigger = {"type": "Chat", "id": "the-chat", "data": {"text": "hello"}}
    assert script(client, "Error", "MARKET_CLOSED", {}, trigger)["data"]["request_id"] == "the-chat"
    assert script(client, "Error", "MARKET_CLOSED")["data"]["request_id"] is None


def test_a_session_that_a_script_ends_is_over(play):
    client = play().trader()
    script(client, "Error", "SESSION_EXPIRED")
    client.error("SESSION_EXPIRED", client.say("Heartbeat", client_ts="2024-01-15T10:30:30.123Z"))
    client.auth()
    client.take("Auth")


@pytest.mark.parametrize(("token", "user"), [("demo-user-5", "user-5"), ("demo-expired", "user-123")])
def test_a_scripted_confirmation_admits_whatever_the_token(play, token, user):
    client = play().connect()
    trigger = {"type": "Auth", "id": "a", "session": "new", "data": {"token": token}}
    message = script(client, "Auth", changes={"data.features": ["equities"]}, trigger=trigger)
    assert message["data"]["user"]["id"] == user
    assert message["data"]["features"] == ["equities"]
    assert client.link.session.state is State.READY


def test_a_confirmation_that_nobody_asked_for_changes_nothing(play):
    client = play().trader("demo-user-4")
    assert script(client, "Auth")["data"]["user"]["id"] == "user-4"
    assert client.link.session.id == client.session_id


def test_a_scripted_heartbeat_answers_the_clients_own(play):
    client = play().trader()
    trigger = {"type": "Heartbeat", "id": "h", "data": {"client_ts": "2024-01-15T10:29:59.900Z"}}
    assert script(client, "Heartbeat", trigger=trigger)["data"]["latency_ms"] == 100


def test_scripted_market_data_is_the_symbols_own_quote_where_there_is_one(play):
    client = play().trader()
    assert script(client, "MarketData", changes={"data.symbol": "MSFT"})["data"]["last"] == 415.27
    assert script(client, "MarketData", changes={"data.symbol": "ACME"})["data"]["symbol"] == "ACME"


def test_plan_and_preview_are_those_of_the_chat(play):
    client = play().trader()
    trigger = {"type": "Chat", "id": "c", "data": {"text": "Sell 5 MSFT at limit 900.00"}}
    assert script(client, "Plan", trigger=trigger)["data"]["intent"] == "Place limit sell order for MSFT"
    preview = script(client, "Preview", trigger=trigger)["data"]
    assert preview["headline"] == "Sell 5 MSFT @ $900.00 (DAY)"
    question = {"type": "Chat", "id": "c", "data": {"text": "hello"}}
    assert script(client, "Plan", trigger=question)["data"] == EXAMPLES["Plan"]["order"]["data"]


def test_a_scripted_preview_can_be_approved_by_the_id_that_the_script_gives(play):
    client = play().trader()
    preview = script(client, "Preview", changes={"data.preview_id": "prev-mine"})["data"]
    client.approve(preview)
    assert client.take("Status")["data"]["quantity"] == 200


# Status -----------------------------------------------------------------------------------------


def test_a_scripted_order_is_filled_as_the_script_says_and_booked(play):
    stage = play()
    client = stage.trader()
    preview = client.preview("Buy 200 shares of MSFT at limit 400.00")
    acknowledged, partial, filled = scripted_approve(
        client,
        preview,
        ("acknowledged", {}),
        ("partial_fill", {"data.filled": 150, "data.last_fill.price": 399.5}),
        ("filled", {}),
    )
    assert (acknowledged["symbol"], acknowledged["filled"], acknowledged["remaining"]) == ("MSFT", 0, 200)
    assert (partial["filled"], partial["remaining"], partial["avg_fill_price"]) == (150, 50, 399.5)
    assert partial["last_fill"]["quantity"] == 150
    assert (filled["filled"], filled["avg_fill_price"]) == (200, 399.625)
    assert {s["order_id"] for s in (acknowledged, partial, filled)} == {"ord-789012"}
    account = stage.world.accounts["user-1"]
    assert account.position("MSFT").quantity == 200
    assert account.cash == Decimal(100_000) - Decimal(str(filled["net_amount"]))


# A trigger is known by its identity, so these go through real scripts.


@pytest.fixture
def scripted(play):
    """Makes a trader on a stage with these steps."""

    def make(*steps, **more):
        stage = play(**more)
        object.__setattr__(stage.stage.scenario, "steps", steps)
        return stage.trader()

    return make


def step(*actions, own_answer=False, when="Approve", where=None):
    patterns = {path: re.compile(pattern) for path, pattern in (where or {}).items()}
    return Step(when=when, where=patterns, own_answer=own_answer, actions=actions)


def status(variant, after_s=0.0, **changes):
    return Action(
        after_s=after_s, send=("Status", variant), changes={k.replace("__", "."): v for k, v in changes.items()}
    )


def test_later_actions_go_on_with_the_order_of_their_own_approve(scripted):
    client = scripted(step(status("acknowledged"), status("partial_fill", 1.0), status("filled", 1.0)))
    first, second = client.preview("Buy 300 AAPL at limit 5.00"), client.preview("Buy 2 MSFT at limit 7.00")
    client.approve(first)
    client.play.wait(0.5)
    client.approve(second)
    client.play.wait(5.0)
    seen = [(s["data"]["symbol"], s["data"]["status"], s["data"]["filled"]) for s in client.take_all("Status")]
    assert seen == [
        ("AAPL", "acknowledged", 0),
        ("MSFT", "acknowledged", 0),
        ("AAPL", "partial_fill", 100),
        ("MSFT", "partial_fill", 1),
        ("AAPL", "filled", 300),
        ("MSFT", "filled", 2),
    ]


def test_a_script_goes_on_with_the_order_that_the_own_answer_placed(scripted):
    client = scripted(step(status("partial_fill", 1.0, data__filled=3), own_answer=True))
    client.approve(client.preview("Buy 10 AAPL at limit 5.00"))
    client.play.wait(5.0)
    assert client.statuses() == [("acknowledged", 0), ("partial_fill", 3)]
    assert len(client.play.world.accounts["user-1"].orders) == 1


def test_the_matching_engine_leaves_a_scripted_order_alone(scripted):
    client = scripted(step(status("acknowledged")))
    client.approve(client.preview("Buy 10 AAPL at market"))
    client.play.wait(20.0)
    assert client.statuses() == [("acknowledged", 0)]


def test_a_script_goes_on_with_the_order_of_an_earlier_session_on_its_connection(scripted):
    client = scripted(step(status("filled"), when="Heartbeat"), rules={"session_life_s": 20.0})
    order = client.order("Buy 10 AAPL at limit 5.00")
    client.play.wait(20.0)
    client.auth()
    client.take("Auth")
    client.say("Heartbeat", client_ts="2024-01-15T10:30:30.123Z")
    status_data = client.take("Status")["data"]
    assert (status_data["order_id"], status_data["status"]) == (order["order_id"], "filled")


def test_a_script_may_take_an_order_from_the_engine_at_any_step(scripted):
    client = scripted(step(status("filled"), when="Heartbeat"))
    client.order("Buy 10 AAPL at limit 5.00")
    client.say("Heartbeat", client_ts="2024-01-15T10:30:30.123Z")
    assert client.statuses() == [("filled", 10)]
    client.approve(client.preview("Buy 10 AAPL at market"))
    client.say("Heartbeat", client_ts="2024-01-15T10:30:30.123Z")
    client.play.wait(5.0)
    assert client.statuses() == [("acknowledged", 0), ("filled", 10)]


def test_an_order_that_a_script_takes_before_it_is_acknowledged_is_not_acknowledged_again(scripted):
    client = scripted(step(status("acknowledged"), own_answer=True))
    client.approve(client.preview("Buy 10 AAPL at market"))
    client.play.wait(5.0)
    assert client.statuses() == [("acknowledged", 0)]


def test_a_repeat_meets_the_same_scripted_order(scripted):
    client = scripted(step(status("acknowledged")))
    preview = client.preview("Buy 10 AAPL at limit 5.00")
    client.approve(preview, idem_key="k")
    client.approve(preview, idem_key="k")
    ids = {s["data"]["order_id"] for s in client.take_all("Status")}
    assert ids == {"ord-789012"}


def test_an_approve_of_nothing_known_places_the_samples_order(scripted):
    client = scripted(step(status("acknowledged")))
    client.approve({"preview_id": "prev-from-nowhere"})
    data = client.take("Status")["data"]
    assert (data["symbol"], data["quantity"]) == ("AAPL", 200)


def test_modifications_that_no_order_can_have_are_refused_in_a_script_too(scripted):
    client = scripted(step(status("acknowledged")))
    request = client.approve(client.preview("Buy 10 AAPL at market"), modifications={"limit_price": 5.0})
    client.error("INVALID_REQUEST", request)


def test_a_cancel_that_loses_the_race_is_told_of_its_own_order(scripted):
    client = scripted(step(status("filled"), Action(send=("Error", "ORDER_REJECTED")), when="Cancel"))
    first = client.order("Buy 10 AAPL at limit 5.00")
    client.order("Buy 20 AAPL at limit 5.00")
    request = client.say("Cancel", target="order", order_id=first["order_id"])
    data = client.take("Status")["data"]
    assert (data["order_id"], data["status"], data["filled"]) == (first["order_id"], "filled", 10)
    client.error("ORDER_REJECTED", request)


def test_a_cancel_of_no_order_by_name_is_about_the_newest(scripted):
    client = scripted(step(status("cancelled"), when="Cancel"))
    client.order("Buy 10 AAPL at limit 5.00")
    newest = client.order("Buy 20 AAPL at limit 5.00")
    client.say("Cancel", target="all_orders")
    data = client.take("Status")["data"]
    assert (data["order_id"], data["status"]) == (newest["order_id"], "cancelled")
    client.say("Cancel", target="all_orders")
    assert client.statuses() == [("cancelled", 0)]  # Nothing moves an order that is over.


@pytest.mark.parametrize(
    ("changes", "filled", "price"),
    [
        ({}, 100, 5.0),
        ({"data__last_fill__quantity": 30}, 30, 5.0),
        ({"data__last_fill": {"quantity": 30, "price": 4.5, "timestamp": "2024-01-15T10:31:45Z"}}, 30, 4.5),
        ({"data__filled": 1000, "data__last_fill__price": 4}, 120, 4.0),
        ({"data__filled": 0}, 0, None),
    ],
)
def test_a_partial_fill_books_what_the_script_says(scripted, monkeypatch, changes, filled, price):
    client = scripted(step(status("partial_fill", **changes)))
    # A script may say what no server should.
    monkeypatch.setattr(client.link.stage.shapes, "problem", lambda *_: None)
    client.approve(client.preview("Buy 120 AAPL at limit 5.00"))
    client.take("Status")
    order = client.play.world.accounts["user-1"].orders["ord-789012"]
    assert order.filled == filled
    assert [float(f.price) for f in order.fills] == ([price] if filled else [])


def test_one_share_is_filled_whole_even_by_a_partial_fill(scripted):
    client = scripted(step(status("acknowledged"), status("acknowledged"), status("partial_fill")))
    client.approve(client.preview("Buy 1 AAPL at limit 5.00"))
    assert [s for s, _ in client.statuses()] == ["acknowledged", "acknowledged", "partial_fill"]
    assert not client.play.world.accounts["user-1"].orders["ord-789012"].is_open


def test_other_connections_hear_of_what_a_script_does(scripted):
    client = scripted(step(status("acknowledged"), status("filled")))
    follower = client.play.trader()
    follower.say("Subscribe", channels=[{"type": "orders", "all": True}])
    client.approve(client.preview("Buy 10 AAPL at limit 5.00"))
    assert client.statuses() == follower.statuses() == [("acknowledged", 0), ("filled", 10)]


def test_a_status_that_the_protocol_lacks_ends_the_order(scripted):
    client = scripted(step(Action(send=("Status", "odd"))))
    examples = {"Status": {"odd": {"data": {"status": "rejected", "reason": "halted"}}}}
    object.__setattr__(client.link.session.context, "examples", examples)
    client.approve(client.preview("Buy 10 AAPL at limit 5.00"))
    data = client.take("Status")["data"]
    assert (data["status"], data["reason"], data["remaining"]) == ("rejected", "halted", 10)
    account = client.play.world.accounts["user-1"]
    assert list(account.open_orders()) == []
    assert account.buying_power == account.cash


def test_what_a_script_answers_counts_in_the_rate_limits_too(scripted):
    client = scripted(step(status("filled"), when="Chat"), rules={"chats": Rate(2, 60.0)})
    for _ in range(3):
        client.say("Chat", text="hello")
    assert len(client.take_all("Status")) == 2
    assert client.take("Error")["data"]["code"] == "RATE_LIMIT"
