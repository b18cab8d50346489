"""The peer: the client that checks talk through. One interface, whatever carries its frames."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from harness.conformance.check import Violation
from harness.core.conversation import Conversation, Entry
from harness.core.message import Frame, Message, Opcode
from harness.wire.codec import encode

RESOLUTION_S = 1e-6
ACCEPTED = 101  # The status that accepts an opening handshake.


@dataclass(frozen=True, slots=True)
class Offer:
    """What a client asks for in its opening handshake."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    subprotocols: tuple[str, ...] = ()
    deflate: bool = False
    pongs: bool = True  # Whether the server's pings are answered, as RFC 6455 wants and a dead client does not.


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said to it: 101 and what was negotiated, or a refusal."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    subprotocol: str | None = None
    deflate: bool = False
    body: str = ""


class Channel(Protocol):
    """An open connection, as a transport gives it. Frames that arrive go to the `Peer` by `arrived` and `lost`."""

    async def send(self, frame: Frame) -> None:
        """Send one message, ping, pong or close frame."""

    async def abort(self) -> None:
        """Cut the connection without a closing handshake."""


class Opener(Protocol):
    """A transport: opens connections, over a socket or in memory."""

    async def open(self, offer: Offer, peer: Peer) -> tuple[Answer, Channel | None]:
        """Do the opening handshake. No channel when the server refuses. OSError when nothing answers."""

    async def http(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Ask by plain HTTP, at a URL of ws or wss, for what a protocol has beside its socket. OSError as above."""


class Refused(Violation):
    """The server refused the opening handshake."""

    def __init__(self, answer: Answer) -> None:
        # 101 it says, too, and goes on to break RFC 6455.
        wrong = f": {answer.body}" if answer.status == ACCEPTED else ""
        super().__init__("an accepted opening handshake (101)", f"status {answer.status}{wrong}")
        self.answer = answer


class Peer:
    """One client connection.

    Everything that comes is kept in `conversation`. `receive` takes the first message not yet taken that fits, so
    that news in between (quotes, heartbeats) does not disturb. Times are those of the event loop, in seconds.
    """

    def __init__(self, opener: Opener, offer: Offer, reply_s: float) -> None:
        self.offer = offer
        self.reply_s = reply_s  # How long `receive` waits unless told otherwise.
        self.conversation = Conversation({"url": offer.url})
        self.answer = Answer(0)
        self.is_lost = False
        self._opener = opener
        self._channel: Channel | None = None
        self._arrived: list[Entry] = []
        self._taken: set[int] = set()
        self._news = asyncio.Event()
        self._opened_at = 0.0
        self._loop = asyncio.get_running_loop()

    async def open(self) -> None:
        """Connect. Refused when the server does not accept the handshake."""
        self._opened_at = self._loop.time()
        self.answer, self._channel = await self._opener.open(self.offer, self)
        if self._channel is None:
            raise Refused(self.answer)

    # Sending ------------------------------------------------------------------------------------

    async def send(self, message: Message) -> Message:
        """Send a message; it is given back, so that its id can be compared."""
        await self.send_frame(Frame(Opcode.TEXT, encode(message)))
        return message

    async def send_text(self, text: str) -> None:
        """Send a text frame that may hold anything."""
        await self.send_frame(Frame(Opcode.TEXT, text.encode()))

    async def send_frame(self, frame: Frame) -> None:
        """Send any frame."""
        if self._channel is None or self.is_lost:
            raise Violation("an open connection", "it is closed")
        self.conversation.note(self.now(), "client", frame)
        await self._channel.send(frame)

    # Receiving ----------------------------------------------------------------------------------

    async def receive(
        self, *types: str, where: Callable[[Message], object] | None = None, within_s: float | None = None
    ) -> Message:
        """The next message of one of these types (none: any) for which `where` holds. Violation when none comes."""

        def fits(entry: Entry) -> bool:
            message = entry.message
            return (
                message is not None
                and (not types or message.get("type") in types)
                and (not where or bool(where(message)))
            )

        wanted = " or ".join(types) or "a message"
        entry = await self.wait_for(fits, wanted, within_s)
        assert entry.message is not None
        return entry.message

    async def receive_frame(self, opcode: Opcode, within_s: float | None = None) -> Frame:
        """The next frame of this kind."""
        entry = await self.wait_for(lambda e: e.frame.opcode is opcode, f"a {opcode.name.lower()} frame", within_s)
        return entry.frame

    async def closed(self, within_s: float | None = None) -> Frame:
        """The close frame, or one with code 1006 when the connection was cut without. Violation when it stays open."""
        try:
            return await self.receive_frame(Opcode.CLOSE, within_s)
        except Violation:
            if self.is_lost:
                return Frame(Opcode.CLOSE, code=1006)
            raise

    async def wait_for(self, fits: Callable[[Entry], bool], wanted: str, within_s: float | None = None) -> Entry:
        """The first frame from the server, not taken before, that fits; it is taken."""
        limit_s = self.reply_s if within_s is None else within_s
        deadline = self._loop.time() + limit_s
        looked = 0  # None is looked at twice, so that a flood of frames does not cost its square.
        while True:
            for entry in self._arrived[looked:]:
                looked += 1
                if id(entry) not in self._taken and fits(entry):
                    self._taken.add(id(entry))
                    return entry
            left_s = deadline - self._loop.time()
            if self.is_lost:
                ended = self.conversation.about.get("ended")
                raise Violation(wanted, "the connection ended before it came" + (f": {ended}" if ended else ""))
            # A loop may wake a little early; in virtual time, waiting for the rest would not bring it on.
            if left_s <= RESOLUTION_S:
                raise Violation(f"{wanted} within {limit_s:g} s", "nothing of that kind")
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), left_s)
            except TimeoutError:
                continue

    async def pause(self, seconds: float) -> None:
        """Wait, while whatever comes is recorded."""
        await asyncio.sleep(seconds)

    def untaken(self, *types: str) -> list[Message]:
        """Messages of these types that came and that no `receive` has taken."""
        entries = [e for e, _ in self.conversation.messages("server", *types) if id(e) not in self._taken]
        return [e.message for e in entries if e.message is not None]

    def now(self) -> float:
        """Seconds since this connection began to open."""
        return self._loop.time() - self._opened_at

    # Ending -------------------------------------------------------------------------------------

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close in good order; do nothing when it is over already."""
        if self._channel is not None and not self.is_lost:
            frame = Frame(Opcode.CLOSE, code=code, reason=reason)
            self.conversation.note(self.now(), "client", frame)
            await self._channel.send(frame)

    async def abort(self) -> None:
        """Cut the connection."""
        if self._channel is not None and not self.is_lost:
            await self._channel.abort()

    def forget(self) -> None:
        """Let go of what came, once nobody waits for more of it. The record stays."""
        self._arrived.clear()
        self._taken.clear()

    # What the transport calls -------------------------------------------------------------------

    def arrived(self, frame: Frame) -> None:
        """A frame came from the server."""
        self._arrived.append(self.conversation.note(self.now(), "server", frame))
        self._news.set()

    def cut_off(self, reason: str) -> None:
        """The connection is over, since we take no more: what the server would have done is not known."""
        self.conversation.about["cut off"] = reason
        self.lost()

    def lost(self) -> None:
        """The connection is over."""
        self.is_lost = True
        self._news.set()
