"""Authentication: the login, tokens and API keys, and what is said to those who are not let in."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from harness.conformance.check import Unobserved, Violation, check, expect, given
from harness.conformance.peer import Refused
from harness.core.conversation import Entry
from harness.core.message import Message, Opcode, field_of
from harness.protocols.megabot.checks.connection import SERVICE
from harness.protocols.megabot.lab import MegabotLab, MegabotPeer, is_error, token_of

# Login -------------------------------------------------------------------------------------------


@check("MEG-AUTH-01")
async def the_login_gives_a_token(lab: MegabotLab) -> None:
    """Log in by the credentials of the profile."""
    answer = await lab.log_in()
    expect(200 <= answer.status < 300 and token_of(answer), "a 2xx status and a token", f"status {answer.status}")


@check("MEG-AUTH-02")
async def the_token_is_a_jwt(lab: MegabotLab) -> None:
    """Look at the token of the login: header, claims and signature (RFC 7519, 3)."""
    with given("a token"):
        token = await lab.token()
    expect(_is_jwt(token), "three parts in base64url, the first two of them JSON objects", f"{len(token)} characters")


def _is_jwt(token: str) -> bool:
    parts = token.split(".")
    try:
        opened = [json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2]]
    except (ValueError, RecursionError):
        return False
    return len(parts) == 3 and all(isinstance(each, dict) for each in opened)


async def _login_is_refused(lab: MegabotLab, body: Any) -> None:
    with given("a login by good credentials"):
        await lab.token()
    answer = await lab.post(body)
    good = 400 <= answer.status < 500 and token_of(answer) is None
    expect(good, "a 4xx status and no token", f"status {answer.status}")


@check("MEG-AUTH-03")
async def a_wrong_password_gives_no_token(lab: MegabotLab) -> None:
    """Log in by another password."""
    await _login_is_refused(lab, {"username": lab.credential("username"), "password": lab.unique("wrong")})


@check("MEG-AUTH-04")
async def an_unknown_user_gets_no_token(lab: MegabotLab) -> None:
    """Log in by a name that nobody has."""
    await _login_is_refused(lab, {"username": lab.unique("nobody"), "password": lab.credential("password")})


@check("MEG-AUTH-05")
async def no_password_gives_no_token(lab: MegabotLab) -> None:
    """Log in without a password."""
    await _login_is_refused(lab, {"username": lab.credential("username")})


# Good credentials --------------------------------------------------------------------------------


async def _is_greeted(lab: MegabotLab, **options: Any) -> MegabotPeer:
    knock = await knocked(lab, **options)
    expect(knock.is_greeted, "connection_established", knock.shown)
    assert knock.peer is not None
    return knock.peer


@check("MEG-AUTH-06")
async def a_connection_without_credentials_is_greeted(lab: MegabotLab) -> None:
    """Connect to the bare URL."""
    await _is_greeted(lab)


@check("MEG-AUTH-07")
async def a_token_in_the_query_is_accepted(lab: MegabotLab) -> None:
    """Log in, and connect with the token."""
    with given("a token"):
        token = await lab.token()
    await _is_greeted(lab, token=token)


@check("MEG-AUTH-08")
async def a_bearer_token_is_accepted(lab: MegabotLab) -> None:
    """Log in, and connect with the token in the header Authorization."""
    with given("a token"):
        token = await lab.token()
    await _is_greeted(lab, headers={"Authorization": f"Bearer {token}"})


@check("MEG-AUTH-09")
async def an_api_key_in_both_headers_is_accepted(lab: MegabotLab) -> None:
    """Connect as the sample does."""
    key = lab.credential("api_key")
    await _is_greeted(lab, headers={"Authorization": f"Bearer {key}", "X-API-Key": key})


@check("MEG-AUTH-10")
async def an_api_key_in_its_own_header_is_accepted(lab: MegabotLab) -> None:
    """Connect with X-API-Key alone."""
    await _is_greeted(lab, headers={"X-API-Key": lab.credential("api_key")})


@check("MEG-AUTH-11")
async def an_api_key_as_bearer_is_accepted(lab: MegabotLab) -> None:
    """Connect with Authorization alone."""
    await _is_greeted(lab, headers={"Authorization": f"Bearer {lab.credential('api_key')}"})


@check("MEG-AUTH-12")
async def a_token_stands_for_one_user(lab: MegabotLab) -> None:
    """Connect twice with the same token, and without a user_id."""
    with given("two connections with a token"):
        token = await lab.token()
        one, other = await lab.client(token=token), await lab.client(token=token)
    expect(one.user_id == other.user_id, "the same user_id twice", [one.user_id, other.user_id])


# Bad credentials ---------------------------------------------------------------------------------


@dataclass
class Knock:
    """What came of an opening handshake: its status, and what was said first, if it was accepted."""

    status: int
    peer: MegabotPeer | None = None
    said: Message | None = None

    @property
    def is_greeted(self) -> bool:
        """Whether the client was let in."""
        return self.said is not None and self.said.get("type") == "connection_established"

    @property
    def is_refused(self) -> bool:
        """Whether the client was told that it is not, in any way."""
        ended = self.peer is not None and self.peer.is_lost
        return not self.is_greeted and (400 <= self.status < 500 or self.said is not None or ended)

    @property
    def shown(self) -> object:
        """It, as evidence."""
        return f"status {self.status}, and no word" if self.said is None else self.said


async def knocked(lab: MegabotLab, **options: Any) -> Knock:
    """Connect, and wait for the greeting, an error or the end."""
    try:
        peer = await lab.bare(**options)
    except Refused as refused:
        return Knock(refused.answer.status)

    def tells(entry: Entry) -> bool:
        message = entry.message
        greets = message is not None and (message.get("type") == "connection_established" or is_error(message))
        return greets or entry.frame.opcode is Opcode.CLOSE

    try:
        entry = await peer.wait_for(tells, "a greeting, an error or the end")
    except Violation:
        return Knock(peer.answer.status, peer)
    return Knock(peer.answer.status, peer, entry.message)


async def bad_knock(lab: MegabotLab, **options: Any) -> Knock:
    """Connect with what is no good, once it is sure that a connection is greeted otherwise."""
    with given("a connection without the bad credential"):
        await lab.client()
    return await knocked(lab, **options)


async def _is_turned_away(lab: MegabotLab, **options: Any) -> None:
    knock = await bad_knock(lab, **options)
    expect(knock.is_refused, "a 4xx status, an error or the end instead of connection_established", knock.shown)


@check("MEG-AUTH-13")
async def a_bad_token_is_refused(lab: MegabotLab) -> None:
    """Connect with what is no token."""
    await _is_turned_away(lab, token=lab.profile.bad_token)


@check("MEG-AUTH-14")
async def a_bad_bearer_is_refused(lab: MegabotLab) -> None:
    """Connect with what is no token in the header Authorization."""
    await _is_turned_away(lab, headers={"Authorization": f"Bearer {lab.profile.bad_token}"})


@check("MEG-AUTH-15")
async def a_bad_api_key_is_refused(lab: MegabotLab) -> None:
    """Connect with a key of nobody, as the sample does."""
    key = lab.unique("key")
    await _is_turned_away(lab, headers={"Authorization": f"Bearer {key}", "X-API-Key": key})


@check("MEG-AUTH-16")
async def a_forged_token_is_refused(lab: MegabotLab) -> None:
    """Connect with a good token whose signature was changed."""
    with given("a token"):
        token = await lab.token()
    head, dot, signature = token.rpartition(".")
    # The last character may hold bits that mean nothing; the first never does.
    other = "A" if signature[:1] != "A" else "B"
    await _is_turned_away(lab, token=f"{head}{dot}{other}{signature[1:]}")


@check("MEG-AUTH-17")
async def an_expired_token_is_refused(lab: MegabotLab) -> None:
    """Connect with a token that is no longer good."""
    if lab.profile.expired_token is None:
        raise Unobserved("the profile has no expired_token")
    await _is_turned_away(lab, token=lab.profile.expired_token)


@check("MEG-AUTH-18")
async def the_refusal_says_401(lab: MegabotLab) -> None:
    """Connect with what is no token, and look at the connection_error, or the HTTP status."""
    knock = await bad_knock(lab, token=lab.profile.bad_token)
    if not knock.is_refused:
        raise Unobserved("a bad token is not refused")
    if knock.status != 101:
        expect(knock.status in (401, 403), "status 401", knock.status)
        return
    if knock.said is None:
        raise Unobserved("the connection ends without a word")
    expect(field_of(knock.said, "payload.code") == 401, "an error with payload.code 401", knock.said)


@check("MEG-AUTH-19")
async def the_refusal_is_called_authentication_failed(lab: MegabotLab) -> None:
    """Connect with what is no token, and look at the connection_error, if the handshake is accepted."""
    knock = await bad_knock(lab, token=lab.profile.bad_token)
    if not knock.is_refused:
        raise Unobserved("a bad token is not refused")
    if knock.said is not None and knock.said.get("type") == "connection_error":
        said = field_of(knock.said, "payload.error")
        expect(said == "authentication_failed", "payload.error authentication_failed", knock.said)
    else:
        raise Unobserved("the server says it in another way than by connection_error")


@check("MEG-AUTH-20")
async def who_was_refused_is_not_served(lab: MegabotLab) -> None:
    """Connect with what is no token, and chat all the same."""
    knock = await bad_knock(lab, token=lab.profile.bad_token)
    if not knock.is_refused:
        raise Unobserved("a bad token is not refused")
    peer = knock.peer
    if peer is None:
        expect(True, "no connection at all")
        return
    try:
        await peer.pause(lab.profile.quiet_s)
        await peer.say("chat_send", content="Hello MegaBot!")
        await peer.pause(3 * lab.profile.quiet_s)
    except Violation:
        pass  # The connection has ended, as it may.
    served = peer.conversation.received("connection_established", *SERVICE)
    expect(not served, "nothing but errors", served[0] if served else None)


@check("MEG-AUTH-21")
async def who_is_turned_away_is_told_by_a_close_frame(lab: MegabotLab) -> None:
    """Connect with what is no token, and look how the connection ends, if it does."""
    knock = await bad_knock(lab, token=lab.profile.bad_token)
    if not knock.is_refused:
        raise Unobserved("a bad token is not refused")
    if knock.peer is None:
        raise Unobserved("the handshake itself is refused")
    await knock.peer.pause(lab.profile.quiet_s)
    if not knock.peer.is_lost:
        raise Unobserved("the connection stays open")
    expect(knock.peer.conversation.close is not None, "a close frame", "the connection was cut")
