"""What our mock says, which is less than the document allows to servers: everything has the form of the examples."""

import re

from harness.protocols.sigmax import PROTOCOL
from harness.wire.schemas import shapes

EXAMPLES = shapes(PROTOCOL.folder).examples
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
PAIR = re.compile(r"[A-Z0-9]+/[A-Z0-9]+")
WORDS = {
    "decision": {"buy", "sell", "hold"},
    "action": {"buy", "sell"},
    "level": {"info", "warning", "critical"},
    "status": {"running", "paused", "filled"},
    "previous_status": {"running", "paused"},
}


def form(value):
    """Members and types, without the values; of a list, those that its entries have."""
    if isinstance(value, dict):
        return {name: form(child) for name, child in value.items()}
    if isinstance(value, list):
        return [form(child) for child in value[:1]]
    return "number" if isinstance(value, int | float) else type(value).__name__


def forms(messages):
    """The forms of the data of these messages, where lists are empty or not."""
    return [form(message["data"]) for message in messages]


def leaves(value, name=""):
    """Each value that is no object and no list, with the name of its member."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield from leaves(child, key)
    elif isinstance(value, list):
        for child in value:
            yield from leaves(child, name)
    else:
        yield name, value


def said(system_of):
    """A client to which everything was said that there is, but for what only refused ones hear."""
    system = system_of(facts={"alerts_per_second": 0.5})
    client = system.connect("all", symbols=["BTC/USDT", "ETH/USDT"])
    for kind in ("ping", "get_status", "get_subscriptions"):
        client.ask(kind)
    client.subscribe("prices", "market")
    client.unsubscribe("market", symbols=["ETH/USDT"])
    client.command("pause")
    client.command("analyze", symbol="BTC/USDT")
    system.wait(60)
    return client


def test_everything_has_the_members_and_types_of_an_example(system_of):
    client = said(system_of)
    empty_portfolio = form({**EXAMPLES["portfolio_update"]["sample"]["data"], "positions": []})
    nothing_subscribed = form(EXAMPLES["subscribed"]["nothing"]["data"])
    assert {message["type"] for message in client.messages()} == set(EXAMPLES)
    for message in client.messages():
        allowed = [*forms(EXAMPLES[message["type"]].values()), empty_portfolio, nothing_subscribed]
        if message["type"] in ("subscribed", "unsubscribed"):
            allowed.append({"topics": ["str"], "symbols": [], "message": "str"})
        assert form(message["data"]) in allowed


def test_everything_has_its_connection_and_a_time_with_milliseconds_and_z(system_of):
    client = said(system_of)
    for message in client.messages():
        assert list(message)[:4] == ["type", "data", "timestamp", "connection_id"]
        assert message["connection_id"] == client.id
        times = [value for name, value in leaves(message) if name in ("timestamp", "created_at")]
        assert all(TIME.fullmatch(time) for time in times)


def test_words_are_those_of_the_readings_and_pairs_are_in_upper_case(system_of):
    for name, value in leaves([message["data"] for message in said(system_of).messages()]):
        assert value in WORDS.get(name, {value})
        assert name not in ("symbol", "symbols") or PAIR.fullmatch(value)
