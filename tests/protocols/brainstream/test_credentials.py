"""Who may listen where a token is demanded."""

import pytest

from harness.protocols.brainstream.credentials import DEMO_TOKEN, SECRET, refusal_of
from harness.wire.tokens import issue

NOW = 1_705_314_600.0


def offered(text):
    return refusal_of({"sec-websocket-protocol": text}, NOW)


def test_the_demo_token_is_good_for_decades():
    assert offered(f"token, {DEMO_TOKEN}") is None
    assert offered(f"token,{DEMO_TOKEN}") is None
    assert refusal_of({"sec-websocket-protocol": f"token, {DEMO_TOKEN}"}, 4_000_000_000) is None


def test_the_demo_token_can_be_a_subprotocol():
    assert all(letter.isalnum() or letter in "-_." for letter in DEMO_TOKEN)


def test_a_token_of_ones_own_is_good_until_it_expires():
    assert offered(f"token, {issue('demo-user', SECRET, NOW - 10, 11)}") is None
    assert offered(f"token, {issue('demo-user', SECRET, NOW - 10, 10)}") == "the token has expired"


@pytest.mark.parametrize(
    "text", ["", "token", f"{DEMO_TOKEN}", f"bearer, {DEMO_TOKEN}", f"{DEMO_TOKEN}, token", f"token, x, {DEMO_TOKEN}"]
)
def test_without_one_the_way_out_is_told(text):
    assert offered(text) == "a token is required: offer the subprotocols token and the JWT"
    assert refusal_of({}, NOW) == offered("")


@pytest.mark.parametrize(
    "token",
    [
        "nonsense",
        "a.b.c",
        DEMO_TOKEN[:-2],
        issue("demo-user", "another-secret-of-thirty-two-bytes-or-more", NOW, 3600),
        issue("demo-user", SECRET, NOW, 3600, exp="ü" * 500),
    ],
)
def test_a_bad_token_is_refused_in_words_that_fit_into_a_close(token):
    why = offered(f"token, {token}")
    assert why.startswith("the token is not valid: ")
    assert len(why.encode()) <= 123
