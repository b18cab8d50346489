"""POST /api/auth/login: a name and a password in, a token out."""

import json

import pytest

from harness.core.http import HttpRequest
from harness.protocols.megabot import PROTOCOL
from harness.protocols.megabot.credentials import SECRET
from harness.wire import tokens

GOOD = {"username": "user", "password": "pass"}


def login(bot, body):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    (endpoint,) = PROTOCOL.http
    assert (endpoint.method, endpoint.path) == ("POST", "/api/auth/login")
    request = HttpRequest("POST", "/api/auth/login", headers={"content-type": "application/json"}, body=data)
    return bot.stage.answer(endpoint, request, bot.now)


def test_the_sample_user_gets_a_signed_token_that_expires_by_the_clock_of_the_stage(bot_of):
    bot = bot_of(rules={"token_life_s": 100.0})
    bot.wait(50.0)
    reply = login(bot, GOOD)
    assert reply.status == 200
    assert set(reply.body) == {"token"}
    now_s = bot.stage.clock.wall_s(bot.now)
    assert tokens.claims_of(reply.body["token"], SECRET, now_s + 99) == {
        "sub": "user",
        "iat": int(now_s),
        "exp": int(now_s + 100),
    }
    with pytest.raises(tokens.TokenError):
        tokens.claims_of(reply.body["token"], SECRET, now_s + 100)


def test_the_token_of_the_login_opens_a_connection_for_the_user(bot_of):
    bot = bot_of()
    token = login(bot, GOOD).body["token"]
    assert bot.visit({"token": token}).greeting["user_id"] == "user"


def test_a_token_of_one_stage_is_good_on_another(bot_of):
    token = login(bot_of(), GOOD).body["token"]
    assert bot_of(seed=99).visit({"token": token}).greeting["user_id"] == "user"


@pytest.mark.parametrize("body", [{**GOOD, "password": "word"}, {**GOOD, "username": "nobody"}])
def test_wrong_credentials_get_401(bot_of, body):
    reply = login(bot_of(), body)
    expected = {"error": "authentication_failed", "message": "Invalid username or password", "code": 401}
    assert (reply.status, reply.body) == (401, expected)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "the body: expected a JSON object with username and password"),
        (b"username=user&password=pass", "the body: expected a JSON object with username and password"),
        (b"\xff\xfe", "the body: expected a JSON object with username and password"),
        (b"[" * 100_000, "the body: expected a JSON object with username and password"),
        ([], "the body: expected a JSON object with username and password"),
        ({"password": "pass"}, "username: expected a text"),
        ({"username": "user"}, "password: expected a text"),
        ({**GOOD, "username": 5}, "username: expected a text"),
        ({**GOOD, "password": ""}, "password: expected a text"),
        ({**GOOD, "username": "us\ud800er"}, "username: expected a text"),
    ],
)
def test_a_body_without_credentials_gets_400(bot_of, body, said):
    reply = login(bot_of(facts={"accept_any_password": True}), body)
    assert (reply.status, reply.body["error"], reply.body["code"]) == (400, "invalid_message", 400)
    assert reply.body["message"].startswith(said)


def test_a_scenario_may_let_everyone_in(bot_of):
    bot = bot_of(facts={"accept_any_password": True})
    token = login(bot, {"username": "ann.other", "password": "x"}).body["token"]
    assert bot.visit({"token": token}).greeting["user_id"] == "ann.other"


def test_users_may_be_others_from_some_moment_on(bot_of):
    bot = bot_of(script="steps:\n  - {at: 5s, world: {users: {admin: secret}}}\n")
    bot.visit()
    assert login(bot, GOOD).status == 200
    bot.wait(5.0)
    assert login(bot, GOOD).status == 401
    assert login(bot, {"username": "admin", "password": "secret"}).status == 200
