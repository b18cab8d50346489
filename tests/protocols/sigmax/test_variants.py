"""What variants of SIGMAX do where no check looks, and that those which refuse handshakes let others in."""

import pytest

from harness import protocols
from harness.core.session import Request
from harness.protocols.sigmax import PROTOCOL


@pytest.fixture
def varied(play_of):
    """A client of this variant of SIGMAX; `ask` gives what came at once."""

    def connect(name, query=None, **more):
        play = play_of(protocols.variants("sigmax")[name].apply(PROTOCOL), **more)
        client = play.connect(query=query)

        def ask(kind, data=None):
            before = len(client.log)
            client.say({"type": kind, "data": data or {}})
            return [what for _, what in client.log[before:]]

        client.ask = ask
        return client

    return connect


def test_a_prefix_may_be_refused(varied):
    client = varied("knows-no-prefix")
    asked = {"topics": ["market", "symbol:BTC/USDT"], "symbols": ["symbol:ETH/USDT", "SOL/USDT"]}
    *errors, confirmed = client.ask("subscribe", asked)
    assert [error["data"]["code"] for error in errors] == ["INVALID_TOPIC", "INVALID_SYMBOL"]
    assert (confirmed["data"]["topics"], confirmed["data"]["symbols"]) == (["market"], ["SOL/USDT"])


def test_lower_case_may_be_taken(varied):
    (confirmed,) = varied("takes-lower-case").ask("subscribe", {"symbols": ["btc/usdt"]})
    assert confirmed["data"]["symbols"] == ["BTC/USDT"]


@pytest.mark.parametrize(("query", "kind"), [({}, "connected"), ({"api_key": "no"}, "error")])
def test_who_has_no_key_may_be_served(query, kind, varied):
    client = varied("serves-the-keyless", query, facts={"api_key": "k-1"})
    assert [message["type"] for message in client.messages()] == [kind]


@pytest.mark.parametrize(("kind", "ends"), [("pong", []), ("get_status", [1001])])
def test_nothing_but_pongs_may_keep_a_connection(kind, ends, varied):
    client = varied("nothing-but-pongs-counts")
    for _ in range(4):
        client.play.wait(20.0)
        client.ask(kind)
    assert client.ends == ends


@pytest.mark.parametrize(
    ("name", "closed", "full"), [("unauthorized-and-unavailable", 401, 503), ("forbidden-and-too-many", 403, 429)]
)
def test_who_is_turned_away_is_so_before_the_handshake(name, closed, full, varied):
    key = {"api_key": "k-1"}
    stage = varied(name, key, facts=key, rules={"max_connections": 2}).play.stage
    assert stage.admit(Request("/api/ws", {"api_key": "other"}), 0.0).status == closed
    assert stage.admit(Request("/api/ws", key), 0.0) is None
    stage.world.connections.add("another")
    assert stage.admit(Request("/api/ws", key), 0.0).status == full
