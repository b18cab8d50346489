"""How each protocol lets connections in, played against its mock; and what is told of one who is not let in."""

import importlib
import random
from dataclasses import replace

import pytest

from harness import protocols
from harness.load.dial import Dial
from harness.load.seats import CUT, Cause, Refusal, tokens_in
from harness.protocols.brainstream.credentials import DEMO_TOKEN
from tests.load.memory import MemoryDoor, crowd_of

CREDENTIALS = {  # What the mock is made to demand, and what it is shown.
    "brainstream": ({"token": "required"}, {}, DEMO_TOKEN),
    "sigmax": ({}, {"api_key": "secret"}, "secret"),
}


def seats_of(name):
    return importlib.import_module(f"harness.protocols.{name}.seats").SEATS


class Line:
    """A line on which these messages come, and then its end, or nothing."""

    def __init__(self, *replies, ending=None):
        self.ending = ending
        self.session = ""
        self.chance = random.Random(1)
        self.replies = list(replies)

    def wall_s(self):
        return 0.0

    def send(self, message):
        pass

    def receive(self, *types):
        return self.replies.pop(0) if self.replies else None

    def ping(self):
        return False

    def ended(self, within_s):
        return self.ending is not None


def test_every_protocol_has_its_seats():
    assert protocols.having("seats") == protocols.names()


@pytest.mark.parametrize("name", protocols.names())
def test_whoever_comes_is_let_in_served_and_kept(name):
    crowd = crowd_of(protocols.load(name), seats_of(name))
    for _ in range(3):
        assert crowd.enter().refusal is None
    for _ in range(7):  # More than two minutes: who says nothing for a minute is closed by some.
        crowd.door.pause(20.0)
        for keep in crowd.door.calls:
            keep()
    assert crowd.lost() == []
    assert crowd.health().is_good
    for line in crowd.lines:
        line.cut()
    assert crowd.health().served == 0


@pytest.mark.parametrize("name", sorted(CREDENTIALS))
def test_credentials_are_shown_where_they_are_demanded(name):
    protocol = protocols.load(name)
    rules, facts, token = CREDENTIALS[name]
    door = MemoryDoor(protocol, replace(protocol.rules, **rules), replace(protocol.facts, **facts))
    assert crowd_of(protocol, seats_of(name), [token], door=door).enter().refusal is None
    assert crowd_of(protocol, seats_of(name), ["wrong"], door=door).enter().refusal.code == 1008


def test_megabot_is_shown_the_token_and_says_what_is_wrong_with_it():
    crowd = crowd_of(protocols.load("megabot"), seats_of("megabot"), ["wrong"])
    assert str(crowd.enter().refusal) == "the error authentication_failed, closed with 1008"


@pytest.mark.parametrize("name", protocols.names())
def test_who_hears_nothing_or_is_closed_is_not_let_in(name):
    admit = seats_of(name).admit
    assert admit(Line(), "").cause is Cause.SILENCE
    ending = Refusal("closed with 1013", code=1013)
    assert admit(Line(ending=ending), "") is ending


@pytest.mark.parametrize(
    ("name", "refusal", "is_documented"),
    [
        ("skybit", Refusal("", error="RATE_LIMIT"), True),
        ("skybit", Refusal("", error="MARKET_CLOSED"), False),
        ("skybit", Refusal("", code=1008), True),
        ("skybit", Refusal("", code=CUT), True),
        ("skybit", Refusal("", status=429), True),
        ("skybit", Refusal("", cause=Cause.UNREACHABLE), True),
        ("skybit", Refusal("", cause=Cause.SILENCE), False),
        ("sigmax", Refusal("", error="MAX_CONNECTIONS_EXCEEDED"), True),
        ("sigmax", Refusal("", error="MAX_CONNECTIONS_EXCEEDED", code=1000), True),
        ("sigmax", Refusal("", status=503), True),
        ("sigmax", Refusal("", status=429), True),
        ("sigmax", Refusal("", status=403), False),
        ("sigmax", Refusal("", code=1013), False),
        ("brainstream", Refusal("", status=429), True),
        ("brainstream", Refusal("", status=500), True),
        ("brainstream", Refusal("", code=4003), True),
        ("brainstream", Refusal("", cause=Cause.SILENCE), False),
    ],
)
def test_what_is_documented_of_a_refusal(name, refusal, is_documented):
    assert seats_of(name).documents(refusal) is is_documented


def test_the_limits_are_those_of_the_specs():
    found = {name: (seats_of(name).limit, seats_of(name).scope) for name in protocols.names() if seats_of(name).limit}
    assert found == {
        "skybit": (10, "of one user"),
        "brainstream": (10, "from one address"),
        "sigmax": (1000, "in all"),
    }


def test_new_users_are_seldom_the_same():
    chance = random.Random(1)
    assert len({seats_of("skybit").new_token(chance) for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("name", "token", "url", "subprotocols"),
    [
        ("skybit", "demo-user-1", "ws://here/api/ws?stage=a", ()),
        ("sigmax", "key", "ws://here/api/ws?stage=a&api_key=key", ()),
        ("sigmax", "", "ws://here/api/ws?stage=a", ()),
        ("megabot", "b c", "ws://here/api/ws?stage=a&token=b+c", ()),
        ("megabot", "", "ws://here/api/ws?stage=a", ()),
        ("brainstream", "jwt", "ws://here/api/ws?stage=a", ("token", "jwt")),
        ("brainstream", "", "ws://here/api/ws?stage=a", ()),
        ("eventbus", "", "ws://here/api/ws/hft?stage=a", ()),
    ],
)
def test_where_credentials_go(name, token, url, subprotocols):
    assert seats_of(name).dial("ws://here/api/ws?stage=a", token) == Dial(url, {}, subprotocols)


def test_credentials_come_one_a_line(tmp_path):
    path = tmp_path / "tokens.txt"
    path.write_text("first\nsecond\n\n")
    assert tokens_in(path) == ["first", "second"]
    path.write_text("\n")
    with pytest.raises(ValueError, match=r"tokens.txt: expected credentials, one a line, found none"):
        tokens_in(path)
    with pytest.raises(ValueError, match=r"nowhere: cannot be read"):
        tokens_in(tmp_path / "nowhere")
