"""Who a client is: the tokens of the login, API keys, and what a handshake presents of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from harness.core.session import Request
from harness.protocols.megabot.errors import Refusal
from harness.wire import tokens

# One key for all stages, so that a token of one is good on another: a login cannot know where its token will be used.
SECRET = "everyone may sign the tokens of this mock with this very key"  # noqa: S105 - it protects nothing
FAILED = "authentication_failed"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a handshake says of its client.

    `principal` is whom its credentials belong to (the user of a token, or the API key), None without credentials.
    `user_id` is what it wants to be called, None for nothing in particular. `expires_s` is when the first of its
    tokens expires, in epoch seconds.
    """

    principal: str | None = None
    user_id: str | None = None
    expires_s: float | None = None


@dataclass(frozen=True, slots=True)
class _Credential:
    """One that is good: whom it belongs to, and until when."""

    principal: str
    subject: str | None = None
    expires_s: float | None = None


def new_token(user: str, at_epoch_s: float, life_s: float) -> str:
    """A JSON Web Token for the user."""
    return tokens.issue(user, SECRET, at_epoch_s, life_s)


def identify(request: Request, api_keys: Collection[str], required: bool, at_epoch_s: float) -> Identity:
    """Who opens this connection. Every credential that is presented must be good; Refusal when one is not.

    The query parameter `user_id` names the user, else the subject of a token does.
    """
    credentials = list(_presented(request, api_keys, at_epoch_s))
    if required and not credentials:
        text = "No credentials provided: add ?token= with a token of POST /api/auth/login, or the header X-API-Key"
        raise Refusal(FAILED, text)
    subject = next((each.subject for each in credentials if each.subject), None)
    ends = [each.expires_s for each in credentials if each.expires_s is not None]
    return Identity(
        # A token says more of its bearer than a key that many may share.
        principal=subject or next((each.principal for each in credentials), None),
        user_id=request.query.get("user_id") or subject,
        expires_s=min(ends, default=None),
    )


def _presented(request: Request, api_keys: Collection[str], at_epoch_s: float) -> Iterator[_Credential]:
    if "token" in request.query:
        yield _token(request.query["token"], at_epoch_s)
    if "authorization" in request.headers:
        scheme, _, value = request.headers["authorization"].strip().partition(" ")
        if scheme.lower() != "bearer":
            raise Refusal(FAILED, "Invalid Authorization provided: it has to be Bearer, and a token or an API key")
        value = value.strip()
        yield _Credential(f"key {value}") if value in api_keys else _token(value, at_epoch_s)
    if "x-api-key" in request.headers:
        value = request.headers["x-api-key"].strip()
        if value not in api_keys:
            raise Refusal(FAILED, "Invalid API key provided")
        yield _Credential(f"key {value}")


def _token(token: str, at_epoch_s: float) -> _Credential:
    if not token.isascii():  # As every token is; a header may even hold what is no text.
        raise Refusal(FAILED, "Invalid token provided: it has to be of ASCII characters")
    try:
        claims = tokens.claims_of(token, SECRET, at_epoch_s)
    except tokens.TokenError as error:
        raise Refusal(FAILED, f"Invalid token provided: {error}") from error
    # Nobody logs in by a name that cannot be printed, and a surrogate could not be sent.
    if not claims["sub"].isprintable():
        raise Refusal(FAILED, "Invalid token provided: its subject cannot be printed")
    return _Credential(claims["sub"], claims["sub"], claims["exp"])
