"""Broken servers, at the login and with credentials."""

from __future__ import annotations

import base64
import json
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.core.defect import Defect, in_session, on_message
from harness.core.http import HttpReply, HttpRequest
from harness.core.message import Message, merged
from harness.core.session import Close, Effects, HangUp, Session
from harness.protocols.megabot.credentials import Identity
from harness.protocols.megabot.errors import Refusal
from harness.protocols.megabot.login import login
from harness.protocols.megabot.session import MegabotSession

Answer = Callable[[Any, Any, HttpRequest, float], HttpReply]

# Login -------------------------------------------------------------------------------------------


def _at_login(breaks: str, also: tuple[str, ...] = ()) -> Callable[[Answer], Defect]:
    """A fault of the login."""

    def declare(answer: Answer) -> Defect:
        def apply(protocol: Any) -> Any:
            return replace(protocol, http=tuple(replace(each, answer=answer) for each in protocol.http))

        return Defect(answer.__name__.replace("_", "-"), breaks, also, (answer.__doc__ or "").strip(), apply)

    return declare


@_at_login("MEG-AUTH-01")
def calls_it_jwt(world: Any, rules: Any, request: HttpRequest, now: float) -> HttpReply:
    """Gives the token by another name."""
    reply = login(world, rules, request, now)
    return HttpReply({"jwt": reply.body["token"]}) if reply.status == 200 else reply


@_at_login("MEG-AUTH-02", also=("MEG-AUTH-07", "MEG-AUTH-08"))
def gives_half_a_token(world: Any, rules: Any, request: HttpRequest, now: float) -> HttpReply:
    """Gives a token without its signature."""
    reply = login(world, rules, request, now)
    return HttpReply({"token": reply.body["token"].rpartition(".")[0]}) if reply.status == 200 else reply


def _asked(request: HttpRequest) -> Any:
    return json.loads(request.body)


def _with(request: HttpRequest, **changes: str) -> HttpRequest:
    return replace(request, body=json.dumps({**_asked(request), **changes}).encode())


@_at_login("MEG-AUTH-03")
def looks_at_no_password(world: Any, rules: Any, request: HttpRequest, now: float) -> HttpReply:
    """Gives a token for any password."""
    known = world.facts.users["user"]
    return login(world, rules, _with(request, password=known) if "password" in _asked(request) else request, now)


@_at_login("MEG-AUTH-04")
def looks_at_no_username(world: Any, rules: Any, request: HttpRequest, now: float) -> HttpReply:
    """Gives a token for any username."""
    return login(world, rules, _with(request, username="user"), now)


@_at_login("MEG-AUTH-05")
def fails_without_a_password(world: Any, rules: Any, request: HttpRequest, now: float) -> HttpReply:
    """Says 500 when there is no password."""
    return login(world, rules, request, now) if "password" in _asked(request) else HttpReply({}, 500)


# Good credentials --------------------------------------------------------------------------------


class Picky(MegabotSession):
    """Refuses some clients that are good."""

    @abstractmethod
    def refuses(self) -> bool:
        """Whether it refuses this one."""

    def opened(self, now: float) -> Effects:
        if self.refuses():
            return self.turn_away(Refusal("authentication_failed", "Not like this"), now)
        return super().opened(now)

    def presents(self, *names: str) -> bool:
        """Whether the client has exactly these headers of credentials."""
        return tuple(n for n in ("authorization", "x-api-key") if n in self.context.request.headers) == names


@in_session("MEG-AUTH-06", also=("MEG-CONN-01", "MEG-CONN-02", "MEG-CONN-12"))
class WantsCredentials(Picky):
    """Refuses a client that says nothing of itself."""

    def refuses(self) -> bool:
        return not self.context.request.query and self.presents()


@in_session("MEG-AUTH-07")
class NoTokensInTheQuery(Picky):
    """Refuses tokens in the query."""

    def refuses(self) -> bool:
        return "token" in self.context.request.query


def _bearer(session: MegabotSession) -> str:
    return session.context.request.headers.get("authorization", "").removeprefix("Bearer ")


@in_session("MEG-AUTH-08")
class NoTokensAsBearer(Picky):
    """Refuses tokens in the header."""

    def refuses(self) -> bool:
        return "." in _bearer(self)


@in_session("MEG-AUTH-09")
class OneHeaderAtMost(Picky):
    """Refuses a key that is presented in two headers."""

    def refuses(self) -> bool:
        return self.presents("authorization", "x-api-key")


@in_session("MEG-AUTH-10")
class NoKeyAlone(Picky):
    """Refuses a key in X-API-Key when there is no Bearer."""

    def refuses(self) -> bool:
        return self.presents("x-api-key")


@in_session("MEG-AUTH-11")
class NoKeyAsBearer(Picky):
    """Refuses a key as Bearer when there is no X-API-Key."""

    def refuses(self) -> bool:
        return self.presents("authorization") and "." not in _bearer(self)


@on_message("MEG-AUTH-12", "connection_established")
def a_user_for_each_token(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Makes a user up for every connection with a token."""
    has_token = "token" in session.context.request.query
    return merged(message, {"payload.user_id": session.world.number("user")}) if has_token else message


# Bad credentials ---------------------------------------------------------------------------------


class Gullible(MegabotSession):
    """Lets some clients in that it should refuse."""

    @abstractmethod
    def believes(self, refusal: Refusal) -> bool:
        """Whether it lets this one in."""

    def turn_away(self, refusal: Refusal, now: float) -> Effects:
        if not self.believes(refusal):
            return super().turn_away(refusal, now)
        self.admit(Identity(), now)
        return (self.say("connection_established", self.greeting(), now),)

    @property
    def token(self) -> str:
        """What the query has for a token."""
        return self.context.request.query.get("token", "")


@in_session("MEG-AUTH-13")
class TakesAnyToken(Gullible):
    """Lets a client in whose token is none, in the query."""

    def believes(self, refusal: Refusal) -> bool:
        return bool(self.token) and self.token.count(".") != 2


@in_session("MEG-AUTH-14")
class TakesAnyBearer(Gullible):
    """Lets a client in whose Bearer is no token."""

    def believes(self, refusal: Refusal) -> bool:
        return bool(_bearer(self)) and "x-api-key" not in self.context.request.headers


@in_session("MEG-AUTH-15")
class TakesAnyKey(Gullible):
    """Lets a client in whose key is nobody's."""

    def believes(self, refusal: Refusal) -> bool:
        return "x-api-key" in self.context.request.headers


def _expiry(token: str) -> int:
    claims = token.split(".")[1]
    return int(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"])


@in_session("MEG-AUTH-16")
class LooksAtNoSignature(Gullible):
    """Lets a client in with a token that somebody else may have signed."""

    def believes(self, refusal: Refusal) -> bool:
        return self.token.count(".") == 2 and _expiry(self.token) > 1_000_000_060


@in_session("MEG-AUTH-17")
class LooksAtNoClock(Gullible):
    """Lets a client in whose token has expired."""

    def believes(self, refusal: Refusal) -> bool:
        return self.token.count(".") == 2 and _expiry(self.token) <= 1_000_000_060


def _is_refusal(message: Message) -> bool:
    return bool(message["payload"]["error"] == "authentication_failed")


@on_message("MEG-AUTH-18", "connection_error", also=("MEG-ERR-04",))
def says_403(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Calls a bad token 403."""
    return merged(message, {"payload.code": 403}) if _is_refusal(message) else message


@on_message("MEG-AUTH-19", "connection_error")
def says_unauthorized(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Calls a bad token unauthorized."""
    return merged(message, {"payload.error": "unauthorized"}) if _is_refusal(message) else message


@in_session("MEG-AUTH-20", also=("MEG-CONN-13",))
class ServesThoseItRefused(MegabotSession):
    """Says authentication_failed, and serves all the same."""

    def turn_away(self, refusal: Refusal, now: float) -> Effects:
        self.admit(Identity(), now)
        return self.refuse(refusal, None, now)


@in_session("MEG-AUTH-21")
class CutsThoseItRefused(MegabotSession):
    """Cuts the connection of a client with a bad token, instead of closing it."""

    def turn_away(self, refusal: Refusal, now: float) -> Effects:
        return tuple(HangUp() if isinstance(each, Close) else each for each in super().turn_away(refusal, now))
