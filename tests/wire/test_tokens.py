from __future__ import annotations

import jwt
import pytest

from harness.wire.tokens import TokenError, claims_of, issue

SECRET = "a secret of more than thirty-two bytes"
NOW = 1640995200.0


def test_a_token_says_whose_it_is_and_for_how_long():
    claims = claims_of(issue("user_789", SECRET, NOW, 60.0, role="tester"), SECRET, NOW)
    assert claims == {"sub": "user_789", "iat": 1640995200, "exp": 1640995260, "role": "tester"}


def test_any_other_library_reads_it():
    token = issue("user_789", SECRET, NOW, 60.0)
    claims = jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_exp": False})
    assert claims["sub"] == "user_789"


def test_it_expires_by_the_clock_of_the_stage_and_no_other():
    token = issue("user_789", SECRET, NOW, 60.0)
    assert claims_of(token, SECRET, NOW + 59.9)
    with pytest.raises(TokenError, match="the token has expired"):
        claims_of(token, SECRET, NOW + 60.0)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        "a.b.c",
        issue("user_789", "another secret of more than thirty-two bytes", NOW, 60.0),
        jwt.encode({"sub": "user_789", "exp": 1640995260}, "", algorithm="none"),
        jwt.encode({"sub": "user_789"}, SECRET, algorithm="HS256"),
        jwt.encode({"exp": 1640995260}, SECRET, algorithm="HS256"),
        jwt.encode({"sub": "user_789", "exp": "soon"}, SECRET, algorithm="HS256"),
        jwt.encode({"sub": "user_789", "exp": True}, SECRET, algorithm="HS256"),
    ],
)
def test_whatever_else_is_no_token(token):
    with pytest.raises(TokenError, match="the token is not valid"):
        claims_of(token, SECRET, NOW)
