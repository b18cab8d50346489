"""Rate Limits: what is served up to a limit, what is refused beyond it, and when it is over.

Whether a window slides or is fixed, and whether Auth counts, is left to the server. Each exchange has a connection
and a user of its own, whose limits nothing has touched for a minute, should the server count by users.
"""

from __future__ import annotations

from typing import Any

from harness.conformance.check import Unobserved, Violation, check, expect, given
from harness.conformance.peer import Refused
from harness.core.message import Message, field_of
from harness.protocols.skybit.checks.probing import code
from harness.protocols.skybit.lab import SkybitLab, SkybitPeer

WINDOW_S = 60.0
MARGIN_S = 2.0
CHATS, APPROVES, HEARTBEATS, MESSAGES, CONNECTIONS = 60, 100, 120, 500, 10
CLIENT_TS = "2024-01-15T10:30:30.123Z"
REFUSALS = ("RATE_LIMIT", "CONNECTION_ERROR", "AUTH_FAILED")  # Of a connection too many.


def _chat(lab: SkybitLab) -> tuple[str, dict[str, Any]]:
    return "Chat", {"text": f"What is {lab.symbol} trading at?"}


def _heartbeat(lab: SkybitLab) -> tuple[str, dict[str, Any]]:
    return "Heartbeat", {"client_ts": CLIENT_TS}


def _any(lab: SkybitLab) -> tuple[str, dict[str, Any]]:
    """A message that has no limit of its own."""
    return "Unsubscribe", {"channels": ["quotes"]}


async def _approve(trader: SkybitPeer) -> tuple[str, dict[str, Any]]:
    """An Approve that may be repeated at will, since its key makes one order of all."""
    with given("a Preview"):
        preview = await trader.obtain_preview()
    names = {"client_order_id": "cli-unique-123", "idem_key": f"idem-{trader.session}"}
    return "Approve", {"preview_id": field_of(preview, "data.preview_id"), **names}


async def _burst(trader: SkybitPeer, count: int, kind: str, data: dict[str, Any]) -> list[Message]:
    """Send so many at once; the RATE_LIMIT Errors about them."""
    ids = {(await trader.say(kind, **data))["id"] for _ in range(count)}
    await trader.pause(trader.lab.profile.quiet_s)
    errors = [e for e in trader.conversation.received("Error") if code(e) == "RATE_LIMIT"]
    return [e for e in errors if field_of(e, "data.request_id") in ids]


async def _rest(trader: SkybitPeer) -> None:
    """Wait until no window remembers what was sent. The Heartbeat is for servers that let nothing else count as one."""
    await trader.pause((WINDOW_S + MARGIN_S) / 2)
    await trader.heartbeat()
    await trader.pause((WINDOW_S + MARGIN_S) / 2)


async def _overrun(trader: SkybitPeer, count: int, kind: str, data: dict[str, Any]) -> list[Message]:
    """Send more than a limit; the RATE_LIMIT Errors. A fixed window may turn in the midst of it, but not twice."""
    errors = await _burst(trader, count, kind, data)
    if not errors:
        await _rest(trader)
        errors = await _burst(trader, count, kind, data)
    return errors


async def _served(trader: SkybitPeer, count: int, kind: str, data: dict[str, Any]) -> None:
    errors = await _burst(trader, count, kind, data)
    expect(not errors, f"{count} messages of type {kind} to be served", errors[0] if errors else None)
    expect(not trader.is_lost, f"a connection that outlives {count} messages of type {kind}", "it ended")


async def _limited(trader: SkybitPeer, count: int, kind: str, data: dict[str, Any]) -> None:
    errors = await _overrun(trader, count, kind, data)
    expect(errors, f"RATE_LIMIT for one of {count} messages of type {kind} at once", "none was refused")


@check("SKY-RATE-01")
async def sixty_chats_a_minute_are_served(newcomer: SkybitPeer) -> None:
    """Send 60 at once; any answer but RATE_LIMIT will do."""
    await _served(newcomer, CHATS, *_chat(newcomer.lab))


@check("SKY-RATE-02")
async def more_chats_a_minute_are_refused(newcomer: SkybitPeer) -> None:
    """Send 61 at once."""
    await _limited(newcomer, CHATS + 1, *_chat(newcomer.lab))


@check("SKY-RATE-03")
async def a_hundred_approves_a_minute_are_served(newcomer: SkybitPeer) -> None:
    """Repeat one Approve, with one idem_key, 100 times at once."""
    await _served(newcomer, APPROVES, *await _approve(newcomer))


@check("SKY-RATE-04")
async def more_approves_a_minute_are_refused(newcomer: SkybitPeer) -> None:
    """Repeat one Approve, with one idem_key, 101 times at once."""
    await _limited(newcomer, APPROVES + 1, *await _approve(newcomer))


@check("SKY-RATE-05")
async def so_many_heartbeats_a_minute_are_served(newcomer: SkybitPeer) -> None:
    """Send 120 at once."""
    await _served(newcomer, HEARTBEATS, *_heartbeat(newcomer.lab))


@check("SKY-RATE-06")
async def more_heartbeats_a_minute_are_refused(newcomer: SkybitPeer) -> None:
    """Send 121 at once."""
    await _limited(newcomer, HEARTBEATS + 1, *_heartbeat(newcomer.lab))


@check("SKY-RATE-07")
async def five_hundred_messages_a_minute_are_served(newcomer: SkybitPeer) -> None:
    """Send 499 at once, of a type that has no limit of its own; Auth may count, too."""
    await _served(newcomer, MESSAGES - 1, *_any(newcomer.lab))  # Auth was the first.


@check("SKY-RATE-08")
async def more_messages_a_minute_are_refused(newcomer: SkybitPeer) -> None:
    """Send 501 at once, of a type that has no limit of its own; Auth need not count."""
    await _limited(newcomer, MESSAGES + 1, *_any(newcomer.lab))


@check("SKY-RATE-12")
async def what_is_refused_is_not_served_too(newcomer: SkybitPeer) -> None:
    """Send too many Heartbeats at once, and count the answers."""
    errors = await _overrun_or_unobserved(newcomer)
    served = len(newcomer.conversation.sent("Heartbeat")) - len(errors)
    answers = [m for m in newcomer.conversation.received("Heartbeat") if field_of(m, "data.client_ts") == CLIENT_TS]
    expect(len(answers) <= served, f"{served} answers, to the Heartbeats not refused", len(answers))


@check("SKY-RATE-13", lasts_s=65)
async def a_limit_is_over_after_its_minute(newcomer: SkybitPeer) -> None:
    """Send too many Chats at once, and another one when a minute has passed; Heartbeats keep the connection."""
    kind, data = _chat(newcomer.lab)
    if not await _overrun(newcomer, CHATS + 1, kind, data):
        raise Unobserved("the limit of Chats was not enforced")
    await _rest(newcomer)
    reply = await newcomer.ask(kind, "Plan", **data)
    expect(code(reply) != "RATE_LIMIT", "a Chat to be served a minute after the limit was hit", reply)


@check("SKY-RATE-14")
async def a_limit_is_of_one_kind_alone(newcomer: SkybitPeer) -> None:
    """Send too many Heartbeats at once, and a Chat after them."""
    await _overrun_or_unobserved(newcomer)
    kind, data = _chat(newcomer.lab)
    reply = await newcomer.ask(kind, "Plan", **data)
    expect(code(reply) != "RATE_LIMIT", "a Chat to be served after too many Heartbeats", reply)


async def _overrun_or_unobserved(trader: SkybitPeer) -> list[Message]:
    errors = await _overrun(trader, HEARTBEATS + 1, *_heartbeat(trader.lab))
    if not errors:
        raise Unobserved("the limit of Heartbeats was not enforced")
    return errors


# Connections -------------------------------------------------------------------------------------


@check("SKY-RATE-09")
async def ten_connections_of_a_user_are_accepted(lab: SkybitLab) -> None:
    """Authenticate ten times, as one user, without closing; then see whether all of them are served."""
    token = await lab.token()
    peers = []
    for number in range(1, CONNECTIONS + 1):
        peer = await lab.anonymous()
        reply = await peer.authenticate(token)
        expect(peer.authenticated, f"connection {number} of {CONNECTIONS} to be accepted", reply)
        peers.append(peer)
    for number, peer in enumerate(peers, 1):
        reply = await peer.heartbeat()
        expect(reply["type"] == "Heartbeat", f"connection {number} of {CONNECTIONS} to be served", reply)


# Alone: where the handshake itself is refused, it is not known yet whose connection it would be.
@check("SKY-RATE-10", alone=True)
async def the_eleventh_connection_is_refused(lab: SkybitLab) -> None:
    """Authenticate once more than allowed; the handshake may refuse, too."""
    with given(f"{CONNECTIONS} connections of one user"):
        await _fill(lab)
    await _one_too_many(lab)


@check("SKY-RATE-11", alone=True)
async def an_ended_connection_makes_room(lab: SkybitLab) -> None:
    """With ten connections, close one and authenticate on another."""
    with given(f"{CONNECTIONS} connections of one user"):
        peers = await _fill(lab)
        await peers[0].close()
        await peers[0].closed()
    await peers[1].pause(lab.profile.quiet_s)
    peer = await lab.anonymous()
    reply = await peer.authenticate(await lab.token())
    expect(peer.authenticated, "a connection in place of the one that ended", reply)


async def _fill(lab: SkybitLab) -> list[SkybitPeer]:
    return [await lab.trader() for _ in range(CONNECTIONS)]


async def _one_too_many(lab: SkybitLab) -> None:
    wanted = f"connection {CONNECTIONS + 1} to be refused"
    try:
        peer = await lab.anonymous()
    except Refused as refused:
        return expect(True, wanted, refused.answer.status)
    try:
        reply = await peer.authenticate(await lab.token())
    except Violation:
        return expect(peer.is_lost, f"{wanted} by an Error or a close", "neither")
    return expect(code(reply) in REFUSALS, f"{wanted} with {' or '.join(REFUSALS)}", reply)
