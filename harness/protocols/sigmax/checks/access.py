"""Authentication and the connection limit: who is let in."""

from __future__ import annotations

from typing import Any

from harness.conformance.check import Unobserved, Violation, check, expect, given
from harness.conformance.peer import Refused
from harness.core.message import Message, field_of
from harness.protocols.sigmax.lab import SigmaxLab, SigmaxPeer

KEY, LIMIT = "api_key", "connection_limit"  # Capabilities.
NO_KEY_STATUS = (401, 403)
FULL_STATUS = (503, 429)
MOST = 1001  # Connections that are opened to find the limit: one more than the spec's default.
MARKET_S = 2.0


async def knock(lab: SigmaxLab, statuses: tuple[int, ...], **options: Any) -> tuple[SigmaxPeer | None, Message]:
    """Connect; the peer and what it was told first. No peer, when one of these statuses refused the handshake."""
    try:
        peer = await lab.stranger(**options)
    except Refused as refused:
        expect(refused.answer.status in statuses, f"status 101 or {statuses[0]}", refused.answer.status)
        return None, {}
    return peer, await peer.receive("connected", "error")


def turned_away(told: Message, code: str) -> None:
    """Demand that this is the error of this code, in place of the greeting."""
    is_it = told.get("type") == "error" and field_of(told, "data.code") == code
    expect(is_it, f"the error {code} in place of connected", told)


@check("SIG-AUTH-01")
async def the_right_key_is_taken(lab: SigmaxLab) -> None:
    """Connect with the key of the profile."""
    peer = await lab.stranger(capability=KEY, api_key=lab.key)
    told = await peer.receive("connected", "error")
    expect(told["type"] == "connected", "connected", told)


async def _with_a_wrong_key(lab: SigmaxLab) -> tuple[SigmaxPeer | None, Message]:
    assert lab.key  # Without one, the server may need none.
    return await knock(lab, NO_KEY_STATUS, capability=KEY, api_key=lab.profile.bad_token)


@check("SIG-AUTH-02")
async def a_wrong_key_is_refused(lab: SigmaxLab) -> None:
    """By AUTHENTICATION_FAILED in place of the greeting, or by a refused handshake (401, 403)."""
    peer, told = await _with_a_wrong_key(lab)
    if peer is not None:
        turned_away(told, "AUTHENTICATION_FAILED")


@check("SIG-AUTH-03")
async def who_has_a_wrong_key_is_not_served(lab: SigmaxLab) -> None:
    """Subscribe to the market in spite of it."""
    with given("a connection with a wrong key"):
        peer, _ = await _with_a_wrong_key(lab)
    served = [] if peer is None else await _taken_in(peer)
    expect(not served, "no service without the right key", served[0] if served else None)


async def _taken_in(peer: SigmaxPeer) -> list[Message]:
    try:
        await peer.say("subscribe", {"topics": ["market"]})
        await peer.pause(MARKET_S + peer.lab.profile.quiet_s)
    except Violation:
        pass  # It was closed before.
    return peer.conversation.received("subscribed", "market_update")


async def fill(lab: SigmaxLab) -> tuple[list[SigmaxPeer], SigmaxPeer | None, Message]:
    """Connect until somebody is turned away: those inside, and that one. Unobserved when nobody is."""
    inside: list[SigmaxPeer] = []
    while len(inside) < MOST:
        peer, told = await knock(lab, FULL_STATUS, capability=LIMIT)
        if peer is None or told.get("type") != "connected":
            return inside, peer, told
        inside.append(peer)
    raise Unobserved(f"the server takes {MOST} connections; see urls.{LIMIT} of the profile")


@check("SIG-LIM-01", alone=True, lasts_s=10)
async def one_too_many_is_turned_away(lab: SigmaxLab) -> None:
    """By MAX_CONNECTIONS_EXCEEDED in place of the greeting, or by a refused handshake (503, 429)."""
    _, peer, told = await fill(lab)
    if peer is not None:
        turned_away(told, "MAX_CONNECTIONS_EXCEEDED")


@check("SIG-LIM-02", alone=True, lasts_s=10)
async def those_inside_are_served_on(lab: SigmaxLab) -> None:
    """Ping from the first and the last that were let in, after another was turned away."""
    with given("a server that is full"):
        inside, _, _ = await fill(lab)
    for peer in {id(p): p for p in (*inside[:1], *inside[-1:])}.values():
        pong = await peer.ping()
        expect(pong["type"] == "pong", "pong", pong)


@check("SIG-LIM-03", alone=True, lasts_s=12)
async def a_place_that_gets_free_is_given_away(lab: SigmaxLab) -> None:
    """One of those inside leaves, and another comes."""
    with given("a server that is full"):
        inside, _, _ = await fill(lab)
        expect(inside, "somebody who is let in")
        await inside[0].end()
    await inside[-1].pause(lab.profile.quiet_s)
    peer, told = await knock(lab, FULL_STATUS, capability=LIMIT)
    expect(peer is not None and told["type"] == "connected", "connected", told)
