"""Cancel: of previews, of orders and of all of them."""

RESTING = "Buy 10 shares of AAPL at limit 5.00, good till cancelled"


def test_a_cancelled_preview_cannot_be_approved_and_nothing_else_is_said(play):
    client = play().trader()
    preview = client.preview()
    client.say("Cancel", target="preview", preview_id=preview["preview_id"])
    assert client.inbox == []
    assert client.error("INVALID_REQUEST", client.approve(preview))["details"]["preview"] == "cancelled"
    client.error("INVALID_REQUEST", client.say("Cancel", target="preview", preview_id=preview["preview_id"]))


def test_a_cancelled_order_says_so_and_is_not_filled(play):
    stage = play()
    client = stage.trader()
    order = client.order()
    client.say("Cancel", target="order", order_id=order["order_id"])
    status = client.take("Status")["data"]
    assert (status["status"], status["filled"], status["remaining"]) == ("cancelled", 0, 200)
    assert list(status["timestamps"]) == ["created", "acknowledged", "cancelled"]
    stage.wait(30.0)
    assert client.inbox == []
    client.error("ORDER_REJECTED", client.say("Cancel", target="order", order_id=order["order_id"]))


def test_an_order_may_be_cancelled_before_it_is_acknowledged(play):
    stage = play(facts={"think_s": 1.0})
    client = stage.trader()
    client.say("Chat", text=RESTING)
    stage.wait(2.0)
    client.say("Approve", preview_id=client.take_all("Preview")[0]["data"]["preview_id"])
    client.say("Cancel", target="all_orders")
    stage.wait(5.0)
    (status,) = client.take_all("Status")
    assert list(status["data"]["timestamps"]) == ["created", "cancelled"]


def test_unknown_orders_and_those_of_others_cannot_be_cancelled(play):
    stage = play()
    client = stage.trader()
    order = client.order(RESTING)
    other = stage.trader("demo-user-2")
    for order_id in ("ord-000000", order["order_id"]):
        other.error("INVALID_REQUEST", other.say("Cancel", target="order", order_id=order_id))


def test_all_orders_are_cancelled_together_or_none_in_silence(play):
    client = play().trader()
    client.say("Cancel", target="all_orders")
    assert client.inbox == []
    ids = [client.order(RESTING)["order_id"] for _ in range(3)]
    client.say("Cancel", target="all_orders")
    cancelled = [s["data"] for s in client.take_all("Status")]
    assert [(s["order_id"], s["status"]) for s in cancelled] == [(i, "cancelled") for i in ids]
