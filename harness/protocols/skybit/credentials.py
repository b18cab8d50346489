"""Who a token belongs to: the mock's demo credentials."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

from harness.protocols.skybit.errors import Refusal

EXPIRED_TOKEN = "demo-expired"  # noqa: S105 - a demo credential that everyone may know
SAMPLE_TOKEN = "eyJhbGciOiJIUzI1NiIs..."  # noqa: S105 - the token of the spec's Auth sample, as it is printed there
DEMO_TOKEN = re.compile(r"demo-user-([1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True)
class User:
    """A user, as Auth names one."""

    id: str
    email: str


SAMPLE_USER = User("user-123", "trader@example.com")


def user_of(token: str, accept_any: bool) -> User:
    """The user of a token. Refusal SESSION_EXPIRED or AUTH_FAILED; only the latter ends the connection.

    With `accept_any`, every token but the expired one is good, and each has a user of its own.
    """
    if token == EXPIRED_TOKEN:
        raise Refusal("SESSION_EXPIRED", "The session token has expired")
    demo = DEMO_TOKEN.fullmatch(token)
    if demo:
        user = User(f"user-{demo[1]}", f"user-{demo[1]}@example.com")
        return SAMPLE_USER if user.id == SAMPLE_USER.id else user
    if token == SAMPLE_TOKEN:
        return SAMPLE_USER
    if accept_any:
        name = f"user-{zlib.crc32(token.encode())}"
        return User(name, f"{name}@example.com")
    text = "Authentication failed: the token is not known here"
    raise Refusal("AUTH_FAILED", text, suggestions=("Use a token such as demo-user-1",), closes=True)
