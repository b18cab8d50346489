"""Broken servers, at Auth."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from harness.core.defect import in_session, on_message
from harness.core.message import Message, Problem, merged
from harness.core.session import Close, Effects, Session
from harness.protocols.skybit.credentials import SAMPLE_USER, User
from harness.protocols.skybit.defects.breaking import code, copied
from harness.protocols.skybit.errors import Refusal
from harness.protocols.skybit.session import SkybitSession, State

# The confirmation --------------------------------------------------------------------------------


@on_message("SKY-AUTH-01", "Auth", also=("SKY-AUTH-12", "SKY-RATE-09"))
def confirms_nothing(message: Message, session: Session[Any, Any], now: float) -> None:
    """Never confirms an Auth."""


@on_message("SKY-AUTH-02", "Auth")
def says_ok(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Says "ok" for "authenticated"."""
    return merged(message, {"data.status": "ok"})


@on_message("SKY-AUTH-03", "Auth", also=("SKY-AUTH-21",))
def numbers_its_users(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives the user's id as a number."""
    return merged(message, {"data.user.id": 123})


@on_message("SKY-AUTH-21", "Auth")
def calls_everybody_the_same(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Confirms every Auth as that of one user."""
    return merged(message, {"data.user": {"id": "user-123", "email": "trader@example.com"}})


@on_message("SKY-AUTH-04", "Auth")
def forgets_the_mail_address(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Leaves out the user's mail address."""
    return merged(message, {"data.user": {"id": message["data"]["user"]["id"]}})


@on_message("SKY-AUTH-05", "Auth")
def joins_its_features(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives the features as one string."""
    return merged(message, {"data.features": ",".join(message["data"]["features"])})


@on_message("SKY-AUTH-06", "Auth")
def limits_orders_in_words(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives the number of orders a day as a string."""
    return merged(message, {"data.limits.max_orders_per_day": "100"})


@on_message("SKY-AUTH-07", "Auth")
def limits_no_positions(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives null for the greatest value of a position."""
    return merged(message, {"data.limits.max_position_value": None})


@in_session(
    "SKY-AUTH-08",
    also=(
        "SKY-APPR-01",
        "SKY-APPR-05",
        "SKY-APPR-06",
        "SKY-APPR-07",
        "SKY-APPR-12",
        "SKY-CANC-02",
        "SKY-IDEM-10",
    ),
)
class OneSessionForEachUser(SkybitSession):
    """Gives all connections of a user the same session."""

    def admit(self, user: User, session: str, now: float) -> None:
        super().admit(user, session, now)
        self.id = str(uuid.uuid5(uuid.NAMESPACE_URL, user.id))


@on_message("SKY-AUTH-17", "Auth")
def confirms_twice(message: Message, session: Session[Any, Any], now: float) -> Iterable[Message]:
    """Sends each confirmation twice."""
    return message, copied(message, session)


@in_session("SKY-AUTH-18")
class SilentOnASecondAuth(SkybitSession):
    """Says nothing to an Auth on an authenticated connection."""

    def unexpected(self, message: Message, now: float) -> Effects:
        return () if self.state is State.READY else super().unexpected(message, now)


# Refusals ----------------------------------------------------------------------------------------


@in_session("SKY-AUTH-09")
class RefusesWithoutAWord(SkybitSession):
    """Closes on a bad token without an Error."""

    def refuse(self, refusal: Refusal, about: Message | None, now: float) -> Effects:
        return (Close(1008),) if refusal.code == "AUTH_FAILED" else super().refuse(refusal, about, now)


class Hospitable(SkybitSession):
    """Lets a guest in where the good server refuses."""

    def let_in(self, now: float) -> None:
        """Serve this connection from now on."""
        self.admit(SAMPLE_USER, "new", now)


@in_session("SKY-AUTH-10", also=("SKY-AUTH-16",))
class ServesThoseItRefused(Hospitable):
    """Says AUTH_FAILED, and serves all the same."""

    guest = False

    def refuse(self, refusal: Refusal, about: Message | None, now: float) -> Effects:
        if refusal.code != "AUTH_FAILED":
            return super().refuse(refusal, about, now)
        self.let_in(now)
        self.guest = True
        refusal.closes = False
        return super().refuse(refusal, about, now)

    def look_at_session(self, message: Message, now: float) -> None:
        if not self.guest:
            super().look_at_session(message, now)


@on_message("SKY-AUTH-11", "Error")
def knows_no_expiry(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Says AUTH_FAILED about a token that has expired."""
    if code(message) != "SESSION_EXPIRED":
        return message
    return merged(message, {"data.code": "AUTH_FAILED", "data.recoverable": False})


@in_session("SKY-AUTH-12")
class ForgivesNoExpiry(SkybitSession):
    """Refuses every Auth on a connection that came with an expired token."""

    expired = False

    def authenticate(self, message: Message, now: float) -> Effects:
        if self.expired:
            raise Refusal("SESSION_EXPIRED", "The session has expired")
        self.expired = message["data"]["token"] == "demo-expired"  # noqa: S105 - the mock's own, known to all
        return super().authenticate(message, now)


@in_session("SKY-AUTH-13")
class WantsNoToken(Hospitable):
    """Lets a client in that brings no token."""

    def refused(self, problem: Problem, now: float) -> Effects:
        if problem.where != "data.token":
            return super().refused(problem, now)
        self.let_in(now)
        return (self.say("Auth", self.confirmation(SAMPLE_USER), now),)


@in_session("SKY-AUTH-14", also=("SKY-AUTH-16", "SKY-STATE-05"))
class ChatsWithStrangers(Hospitable):
    """Answers a Chat before Auth."""

    def unexpected(self, message: Message, now: float) -> Effects:
        if self.state is not State.AUTHENTICATING or message["type"] != "Chat":
            return super().unexpected(message, now)
        self.let_in(now)
        return self.chat(message, now)


@in_session("SKY-AUTH-15", also=("SKY-AUTH-16",))
class QuotesToStrangers(Hospitable):
    """Delivers quotes before Auth."""

    def unexpected(self, message: Message, now: float) -> Effects:
        if self.state is not State.AUTHENTICATING or message["type"] != "Subscribe":
            return super().unexpected(message, now)
        self.let_in(now)
        return self.subscribe(message, now)


@in_session("SKY-AUTH-16", also=("SKY-AUTH-10", "SKY-AUTH-15", "SKY-SUB-02", "SKY-SUB-15"))
class BeginsWithAQuote(SkybitSession):
    """Sends a quote to everyone who connects."""

    def opened(self, now: float) -> Effects:
        quote = self.quote_data(self.world.market.quote("AAPL", now))
        return (*super().opened(now), self.say("MarketData", quote, now))
