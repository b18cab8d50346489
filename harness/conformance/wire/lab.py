"""Where checks of the wire get their connections: raw ones, past the handshake or before it."""

from __future__ import annotations

import random
import zlib
from collections.abc import Mapping
from typing import Any

from harness.conformance.check import Unobserved, Violation, expect
from harness.conformance.lab import Lab
from harness.conformance.profile import Profile
from harness.conformance.wire.raw import PING, PONG, Ending, Raw, RawFrame, Response

BREACH = (1002, 1007)  # How a server says that the other side broke the protocol; other codes are the application's.
DEFLATE = "permessage-deflate"


class WireLab(Lab):
    """Opens raw connections to the target."""

    JUDGES_HANDSHAKES = True

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._raws: list[Raw] = []

    async def bare(self) -> Raw:
        """A TCP connection on which no handshake was sent yet."""
        profile = self.profile
        raw = Raw(profile.target, self.chance, profile.headers, profile.ca_file, profile.reply_s)
        await raw.connect()
        self._raws.append(raw)
        self.conversations.append(raw.conversation)
        return raw

    async def raw(self) -> Raw:
        """A connection past its handshake. Violation when the server refuses it."""
        raw, _ = await self.shaken()
        return raw

    async def shaken(self, changes: Mapping[str, str | None] | None = None) -> tuple[Raw, Response]:
        """A connection past a handshake with these headers, and the answer to it."""
        raw = await self.bare()
        response = await raw.shake(raw.request(changes))
        if response is None or response.status != 101:
            raise Violation("the handshake to be accepted", response)
        return raw, response

    async def deflating(self) -> Raw:
        """A connection on which permessage-deflate was agreed on. Unobserved where the server does not."""
        raw, response = await self.shaken({"Sec-WebSocket-Extensions": DEFLATE})
        if DEFLATE not in response.one("sec-websocket-extensions"):
            raise Unobserved("the server does not agree on permessage-deflate")
        return raw

    async def close(self) -> None:
        """Let go of all connections."""
        for raw in self._raws:
            await raw.close()
        await super().close()


async def state_of(raw: Raw) -> Ending | RawFrame | None:
    """What a connection is like now: the pong of a ping that is sent, its ending, or nothing."""
    payload = raw.chance.randbytes(8)
    await raw.frame(PING, payload)
    return await raw.until(RawFrame(PONG, payload))


async def lives(raw: Raw, expected: str) -> None:
    """Demand that the connection goes on after what was right by RFC 6455.

    An application may end it for reasons of its own, which says nothing about the wire.
    """
    state = await state_of(raw)
    if isinstance(state, Ending) and state.how == "close" and state.code not in BREACH:
        raise Unobserved(f"the application ended the connection: {state}")
    if state is None:
        raise Unobserved("the server answers no ping")
    expect(isinstance(state, RawFrame), expected, str(state))


async def fails(raw: Raw, expected: str) -> Ending:
    """Demand that the server fails the connection (RFC 6455, 7.1.7) after what was wrong."""
    state = await state_of(raw)
    if state is None:
        raise Unobserved("the server neither ends the connection nor answers a ping")
    if not isinstance(state, Ending):
        raise Violation(expected, "the connection goes on: a ping is answered")
    expect(True, expected)
    return state


def deflated(data: bytes, takeover: zlib._Compress | None = None) -> bytes:
    """A message as permessage-deflate has it (RFC 7692, 7.2.1)."""
    compressor = takeover or zlib.compressobj(wbits=-15)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\x00\x00\xff\xff")


LAB = WireLab


def demo_profile(target: str, chance: random.Random) -> Profile:
    """The wire needs no credentials of its own."""
    return Profile(target)
