"""Who a handshake says that its client is."""

import pytest

from harness.core.session import Request
from harness.protocols.megabot.credentials import SECRET, Identity, identify, new_token
from harness.protocols.megabot.errors import Refusal
from harness.wire import tokens

NOW_S = 1705314600.0
KEY = "your_api_key"
TOKEN = new_token("user", NOW_S, 60.0)


def identity(query=None, required=False, at_s=NOW_S, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return identify(Request("/ws", query or {}, named), (KEY,), required, at_s)


def refusal(*args, **more):
    with pytest.raises(Refusal) as refused:
        identity(*args, **more)
    assert refused.value.slug == "authentication_failed"
    return refused.value.text


def test_nobody_needs_credentials_unless_they_are_required():
    assert identity() == Identity()
    assert refusal(required=True).startswith("No credentials provided: add ?token=")


def test_a_token_names_its_user_and_its_end():
    expected = Identity("user", "user", NOW_S + 60)
    assert identity({"token": TOKEN}) == expected
    assert identity(authorization=f"Bearer {TOKEN}") == expected
    assert identity(authorization=f" bearer  {TOKEN} ", required=True) == expected


def test_a_key_is_good_in_either_header_and_names_no_user():
    expected = Identity(f"key {KEY}")
    assert identity(x_api_key=KEY) == expected
    assert identity(authorization=f"Bearer {KEY}", x_api_key=KEY) == expected


def test_a_user_id_of_the_query_wins_over_the_token():
    assert identity({"user_id": "user123"}) == Identity(None, "user123")
    assert identity({"user_id": "user123", "token": TOKEN}).user_id == "user123"
    assert identity({"user_id": "", "token": TOKEN}).user_id == "user"


def test_a_token_says_more_than_a_key_and_the_first_to_expire_counts():
    later = new_token("user", NOW_S, 600.0)
    assert identity({"token": later}, authorization=f"Bearer {TOKEN}", x_api_key=KEY) == Identity(
        "user", "user", NOW_S + 60
    )


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", KEY, TOKEN[:-2], tokens.issue("user", "x" * 32, NOW_S, 60)])
def test_a_token_that_is_none_is_refused(token):
    assert refusal({"token": token}).startswith("Invalid token provided: the token is not valid")


def test_a_token_is_good_until_it_expires():
    assert identity({"token": TOKEN}, at_s=NOW_S + 59.9).principal == "user"
    assert refusal({"token": TOKEN}, at_s=NOW_S + 60) == "Invalid token provided: the token has expired"


@pytest.mark.parametrize("value", ["Bearer \udcff", "Bearer tökén"])
def test_a_header_that_holds_no_ascii_is_refused(value):
    assert refusal(authorization=value) == "Invalid token provided: it has to be of ASCII characters"


def test_a_subject_that_cannot_be_printed_is_refused():
    token = tokens.issue("us\ud800er", SECRET, NOW_S, 60)
    assert refusal({"token": token}) == "Invalid token provided: its subject cannot be printed"


def test_every_credential_has_to_be_good():
    assert refusal({"token": TOKEN}, x_api_key="wrong") == "Invalid API key provided"
    assert refusal({"token": TOKEN}, authorization="Bearer wrong").startswith("Invalid token provided")
    assert refusal(authorization="Basic dXNlcjpwYXNz", x_api_key=KEY).startswith("Invalid Authorization provided")
