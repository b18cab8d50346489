"""Auth: who is let in, and what is said to those who are not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.conformance.check import Unobserved, Violation, check, expect, given
from harness.core.conversation import Conversation
from harness.core.message import Message, field_of
from harness.protocols.skybit.checks.probing import SERVICE, code, turned_away
from harness.protocols.skybit.checks.trades import is_not_negative, is_text, members
from harness.protocols.skybit.lab import SkybitLab, SkybitPeer

QUOTE_S = 15.0  # How long the first quote of a busy symbol may take.


def quotes(*symbols: str) -> list[Message]:
    """The channels of a Subscribe to the quotes of these symbols."""
    return [{"type": "quotes", "symbols": list(symbols)}]


# The confirmation --------------------------------------------------------------------------------


@check("SKY-AUTH-01")
async def a_good_token_is_confirmed(lab: SkybitLab) -> None:
    """Send Auth with a token of the profile."""
    token = await lab.token()
    peer = await lab.anonymous()
    reply = await peer.authenticate(token)
    expect(peer.authenticated, "an Auth confirmation", reply)


@check("SKY-AUTH-02")
def the_confirmation_says_authenticated(conversation: Conversation) -> Iterator[None]:
    """Every confirmation."""
    yield from members(conversation, "Auth", "data.status", lambda v: v == "authenticated", '"authenticated"')


@check("SKY-AUTH-03")
def the_confirmation_names_the_user(conversation: Conversation) -> Iterator[None]:
    """Every confirmation."""
    yield from members(conversation, "Auth", "data.user.id", is_text, "a string that is not empty")


@check("SKY-AUTH-04")
def the_confirmation_gives_the_mail_address(conversation: Conversation) -> Iterator[None]:
    """Every confirmation."""
    yield from members(conversation, "Auth", "data.user.email", _is_address, "an e-mail address")


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and "@" in value


@check("SKY-AUTH-05")
def the_confirmation_lists_features(conversation: Conversation) -> Iterator[None]:
    """Every confirmation; the list may be empty."""
    yield from members(conversation, "Auth", "data.features", is_list_of_texts, "a list of strings")


def is_list_of_texts(value: Any) -> bool:
    """A list of strings."""
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


@check("SKY-AUTH-06")
def the_confirmation_limits_orders(conversation: Conversation) -> Iterator[None]:
    """Every confirmation."""
    yield from members(conversation, "Auth", "data.limits.max_orders_per_day", _is_count, "a whole number")


def _is_count(value: Any) -> bool:
    return is_not_negative(value) and value % 1 == 0


@check("SKY-AUTH-07")
def the_confirmation_limits_positions(conversation: Conversation) -> Iterator[None]:
    """Every confirmation."""
    path = "data.limits.max_position_value"
    yield from members(conversation, "Auth", path, is_not_negative, "a number, 0 or more")


@check("SKY-AUTH-08")
async def each_new_session_has_an_id_of_its_own(lab: SkybitLab) -> None:
    """Authenticate twice, as one user."""
    with given("two connections of one user"):
        one, other = await lab.trader(), await lab.trader()
    expect(one.session != other.session, "two sessions", f"{one.session} twice")


@check("SKY-AUTH-17")
def each_confirmation_answers_an_auth(conversation: Conversation) -> Iterator[None]:
    """Count both on every connection, in the order in which they came."""
    if conversation.dropped:
        return  # The Auth may not be in this record.
    asked = 0
    for entry, message in conversation.messages(None, "Auth"):
        asked += 1 if entry.sender == "client" else -1
        if entry.sender == "server":
            yield expect(asked >= 0, "no more confirmations than Auths", message)


@check("SKY-AUTH-21")
async def each_user_is_called_by_name(lab: SkybitLab) -> None:
    """Authenticate as one user twice, and as another."""
    tokens = await lab.borrow(2)
    with given("three connections of two users"):
        peers = [await lab.trader(token) for token in (tokens[0], tokens[0], tokens[1])]
    confirmations = [peer.conversation.received("Auth")[0] for peer in peers]
    one, again, other = (field_of(confirmation, "data.user.id") for confirmation in confirmations)
    expect(one == again, f"the user {one} again, for the same token", confirmations[1])
    expect(other != one, f"another user than {one}, for another token", confirmations[2])


@check("SKY-AUTH-18")
async def a_second_auth_is_answered(trader: SkybitPeer) -> None:
    """Send Auth again on an authenticated connection."""
    reply = await trader.authenticate(await trader.lab.token())
    expect(reply["type"] in ("Auth", "Error"), "an Error or a new confirmation", reply)


# Refusals ----------------------------------------------------------------------------------------


@check("SKY-AUTH-09")
async def a_bad_token_is_refused(peer: SkybitPeer) -> None:
    """Send Auth with the profile's bad token."""
    reply = await peer.authenticate(peer.lab.profile.bad_token)
    expect(code(reply) == "AUTH_FAILED", "AUTH_FAILED", reply)


@check("SKY-AUTH-10")
async def nothing_is_served_after_a_bad_token(peer: SkybitPeer) -> None:
    """After AUTH_FAILED send Heartbeat, Chat and Subscribe, as far as the connection lasts."""
    with given("AUTH_FAILED"):
        reply = await peer.authenticate(peer.lab.profile.bad_token)
        expect(code(reply) == "AUTH_FAILED", "AUTH_FAILED", reply)
    await _ask_for_all(peer)
    served = peer.conversation.received(*SERVICE)
    expect(not served, "nothing but Errors after AUTH_FAILED", served[0] if served else None)


async def _ask_for_all(peer: SkybitPeer) -> None:
    """Ask for every service, as long as the server listens, and wait for what comes."""
    lab = peer.lab
    try:
        await peer.say("Heartbeat", client_ts=peer.envelope("Heartbeat", {})["ts"])
        await peer.say("Chat", text=lab.resting_order)
        await peer.say("Subscribe", channels=quotes(lab.symbol))
    except Violation:
        return  # It has ended the connection.
    await peer.pause(3 * lab.profile.quiet_s)


@check("SKY-AUTH-11")
async def an_expired_token_is_refused(peer: SkybitPeer) -> None:
    """Send Auth with the profile's expired token."""
    reply = await peer.authenticate(_expired(peer))
    expect(code(reply) == "SESSION_EXPIRED", "SESSION_EXPIRED", reply)


def _expired(peer: SkybitPeer) -> str:
    if peer.lab.profile.expired_token is None:
        raise Unobserved("the profile names no expired_token")
    return peer.lab.profile.expired_token


@check("SKY-AUTH-12")
async def a_good_token_follows_an_expired_one(lab: SkybitLab) -> None:
    """After SESSION_EXPIRED send Auth with a good token on the same connection."""
    token = await lab.token()
    with given("SESSION_EXPIRED"):
        peer = await lab.anonymous()
        reply = await peer.authenticate(_expired(peer))
        expect(code(reply) == "SESSION_EXPIRED", "SESSION_EXPIRED", reply)
    await peer.pause(peer.lab.profile.quiet_s)
    if peer.is_lost:
        raise Unobserved("the server ends the connection after SESSION_EXPIRED, as it may")
    reply = await peer.authenticate(token)
    expect(peer.authenticated, "a confirmation of the second Auth", reply)


@check("SKY-AUTH-13")
async def auth_without_a_token_is_refused(peer: SkybitPeer) -> None:
    """Send Auth with version and platform alone."""
    request = await peer.say("Auth", version="1.0.0", platform="linux")
    reply = await peer.answer_to(request, "Auth")
    expect(reply["type"] == "Error", "an Error", reply)


@check("SKY-AUTH-14")
async def a_chat_before_auth_is_turned_away(peer: SkybitPeer) -> None:
    """Send an order in words as the first message."""
    request = await peer.say("Chat", text=peer.lab.resting_order)
    await turned_away(peer, request, "Plan", "Preview")


@check("SKY-AUTH-15")
async def a_subscription_before_auth_delivers_nothing(lab: SkybitLab) -> None:
    """Send Subscribe as the first message, while another connection, which is authenticated, gets its quotes."""
    with given("a connection to compare with"):
        trader = await lab.trader()
    peer = await lab.anonymous()
    await peer.say("Subscribe", channels=quotes(lab.symbol))
    with given("quotes of the same symbol after Auth"):
        await trader.say("Subscribe", channels=quotes(lab.symbol))
        await trader.receive("MarketData", within_s=QUOTE_S)
    await peer.pause(lab.profile.quiet_s)
    quoted = peer.conversation.received("MarketData")
    expect(not quoted, "no MarketData before Auth", quoted[0] if quoted else None)


@check("SKY-AUTH-16")
def nothing_of_a_session_comes_before_it_is_confirmed(conversation: Conversation) -> Iterator[None]:
    """The first message of a session on every connection; Heartbeats and Errors do not count."""
    if conversation.dropped:
        return  # The confirmation may not be in this record.
    # Heartbeats are left out: a server may begin those by itself.
    first = next(iter(conversation.received("Auth", "Plan", "Preview", "Status", "MarketData")), None)
    if first is not None:
        yield expect(first["type"] == "Auth", "an Auth confirmation before anything of a session", first)
