"""Requests that a server should refuse, and what its refusal looks like."""

from __future__ import annotations

from harness.conformance.check import Violation, expect
from harness.core.message import Message, field_of
from harness.protocols.skybit.lab import SkybitPeer

# What a server says only to those that it serves.
SERVICE = ("Heartbeat", "Plan", "Preview", "Status", "MarketData")


def code(message: Message) -> str | None:
    """The code of an Error; None when it is another message."""
    value = field_of(message, "data.code") if message.get("type") == "Error" else None
    return value if isinstance(value, str) else None


async def refused(peer: SkybitPeer, request: Message, *codes: str) -> None:
    """Send a request; demand that an Error with one of these codes (none: any) answers it."""
    await peer.send(request)
    await refused_unless(peer, request, *codes)


async def refused_unless(peer: SkybitPeer, request: Message, *codes: str, served: tuple[str, ...] = ()) -> None:
    """Demand that an Error with one of these codes (none: any) answers `request`, before a message of `served`."""
    reply = await peer.answer_to(request, *served)
    wanted = " or ".join(codes) or "an Error"
    expect(reply["type"] == "Error" and (not codes or code(reply) in codes), f"{wanted} about the request", reply)


async def turned_away(peer: SkybitPeer, request: Message, *served: str) -> None:
    """Demand that an Error or the end of the connection answers `request`, before a message of `served`."""
    try:
        reply = await peer.answer_to(request, *served)
    except Violation:
        expect(peer.is_lost, "an Error or a close", "neither")
    else:
        expect(reply["type"] == "Error", "an Error or a close", reply)


async def accepted(peer: SkybitPeer, request: Message) -> None:
    """Send a request that nothing confirms; demand that no Error about it comes, while other things are answered."""
    await peer.send(request)
    heartbeat = await peer.heartbeat()
    expect(heartbeat["type"] == "Heartbeat", "a connection that goes on serving", heartbeat)
    await peer.pause(peer.lab.profile.quiet_s)
    errors = [e for e in peer.conversation.received("Error") if field_of(e, "data.request_id") == request["id"]]
    expect(not errors, f"no Error about the {request['type']}", errors[0] if errors else None)
