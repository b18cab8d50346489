"""SIGMAX's lab and peer: a client that subscribes, in the words of the checks."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

from harness.conformance.check import Unobserved, Violation
from harness.conformance.lab import Lab
from harness.conformance.peer import Offer, Peer
from harness.conformance.profile import Profile
from harness.core.conversation import Entry
from harness.core.message import Frame, Message, field_of

SYMBOLS = ("BTC/USDT", "ETH/USDT")  # The pairs of the spec's samples.


class SigmaxPeer(Peer):
    """A client connection that numbers its requests, and answers the server's pings unless `ponging` is off."""

    lab: SigmaxLab
    ponging: bool = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._numbers = itertools.count(1)
        self._pongs: set[asyncio.Task[None]] = set()

    def arrived(self, frame: Frame) -> None:
        """As every peer; a client that answers no ping would be given up in a long exchange."""
        super().arrived(frame)
        message = self.conversation.entries[-1].message
        if self.ponging and message is not None and message.get("type") == "ping":
            task = asyncio.get_running_loop().create_task(self._pong())
            self._pongs.add(task)
            task.add_done_callback(self._pongs.discard)

    async def _pong(self) -> None:
        with suppress(Violation, OSError):  # The connection may end meanwhile.
            await self.send({"type": "pong", "data": {}})

    # Asking -------------------------------------------------------------------------------------

    async def say(self, kind: str, data: Any = None) -> Message:
        """Send a message with a request_id of its own; it is given back."""
        return await self.send({"type": kind, "data": data or {}, "request_id": f"req-{next(self._numbers)}"})

    async def answer_to(
        self, request: Message, *types: str, where: Callable[[Message], object] | None = None
    ) -> Message:
        """The next message of these types for which `where` holds, or the error that answers `request`."""
        is_later = self._later(request)

        def fits(entry: Entry) -> bool:
            message = entry.message
            if message is None or not is_later(entry):
                return False
            return message.get("type") == "error" or (
                message.get("type") in types and (where is None or bool(where(message)))
            )

        entry = await self.wait_for(fits, " or ".join((*types, "error")))
        assert entry.message is not None
        return entry.message

    def _later(self, request: Message) -> Callable[[Entry], bool]:
        """Whether an entry came after `request`, and does not name another request of ours."""
        entries = list(self.conversation.entries)
        sent = max(n for n, e in enumerate(entries) if e.sender == "client" and e.message == request)
        before = {id(e) for e in entries[:sent]}
        others = [m.get("request_id") for m in self.conversation.sent() if m != request and "request_id" in m]
        return lambda entry: id(entry) not in before and request_id_of(entry.message or {}) not in others

    async def ask(self, kind: str, *types: str, data: Any = None) -> Message:
        """Say something; the answer of one of these types, or the error about it."""
        return await self.answer_to(await self.say(kind, data), *types)

    async def subscribe(self, topics: Iterable[str] = (), symbols: Iterable[str] = ()) -> Message:
        """Subscribe; the confirmation. Violation when an error or nothing comes."""
        return await self._confirmed("subscribe", "subscribed", topics, symbols)

    async def unsubscribe(self, topics: Iterable[str] = (), symbols: Iterable[str] = ()) -> Message:
        """Unsubscribe; the confirmation. Violation when an error or nothing comes."""
        return await self._confirmed("unsubscribe", "unsubscribed", topics, symbols)

    async def _confirmed(self, kind: str, answer: str, topics: Iterable[str], symbols: Iterable[str]) -> Message:
        reply = await self.ask(kind, answer, data={"topics": list(topics), "symbols": list(symbols)})
        if reply["type"] != answer:
            raise Violation(answer, reply)
        return reply

    async def ping(self) -> Message:
        """A ping; its pong, or the error about it."""
        return await self.ask("ping", "pong")

    async def selection(self) -> Message:
        """What get_subscriptions brings: a message of whatever type with the lists topics and symbols in its data."""
        request = await self.say("get_subscriptions")
        is_later = self._later(request)

        def fits(entry: Entry) -> bool:
            data = (entry.message or {}).get("data")
            return (
                is_later(entry)
                and isinstance(data, dict)
                and all(isinstance(data.get(name), list) for name in ("topics", "symbols"))
            )

        entry = await self.wait_for(fits, "a message with the lists data.topics and data.symbols")
        assert entry.message is not None
        return entry.message

    # Listening ----------------------------------------------------------------------------------

    def since(self, at_s: float, *types: str) -> list[Message]:
        """The messages of these types that came at `at_s` or later."""
        return [m for e, m in self.conversation.messages("server", *types) if e.at_s >= at_s]

    async def end(self) -> None:
        """Close, and wait until it is over."""
        await self.close()
        await self.closed()


def request_id_of(message: Message) -> Any:
    """The request_id of an answer, in its envelope or its data; None when it has none."""
    found = message.get("request_id")
    return field_of(message, "data.request_id") if found is None else found


def connection_id_of(greeting: Message) -> Any:
    """The connection_id of a `connected`, in its envelope or its data."""
    found = greeting.get("connection_id")
    return field_of(greeting, "data.connection_id") if found is None else found


class SigmaxLab(Lab):
    """Opens SIGMAX peers."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """Pairs that the server trades: those of the profile, or those of the spec's samples."""
        return tuple(s for s in self.profile.symbols if "/" in s) or SYMBOLS

    @property
    def key(self) -> str:
        """An API key that the server takes. Unobserved when the profile has none."""
        in_url = parse_qs(urlsplit(self.profile.url({}, "api_key")).query).get("api_key", ())
        for key in (*self.profile.tokens, *in_url):
            return str(key)
        raise Unobserved("the profile names no API key (tokens)")

    async def stranger(self, **options: Any) -> SigmaxPeer:
        """A connection whose greeting is not awaited (as `peer`, typed, with its options)."""
        peer = await self.peer(**options)
        assert isinstance(peer, SigmaxPeer)
        return peer

    async def client(self, **options: Any) -> SigmaxPeer:
        """A connection that was greeted."""
        peer = await self.stranger(**options)
        greeting = await peer.receive("connected", "error")
        if greeting["type"] != "connected":
            raise Violation("connected", greeting)
        return peer

    def _make(self, offer: Offer) -> Peer:
        peer = SigmaxPeer(self.opener, offer, self.profile.reply_s)
        peer.lab = self
        return peer


def demo_profile(target: str, chance: random.Random) -> Profile:
    """What our own mock takes. A key and a small limit are those of two scenarios, each on a stage of this run."""
    stage = f"check-{chance.randrange(1_000_000_000)}"
    urls = {
        capability: Profile(target).url({"stage": f"{stage}-{scenario}", "scenario": scenario})
        for capability, scenario in (("api_key", "key-required"), ("connection_limit", "connection-limit"))
    }
    return Profile(target, ("demo-key",), bad_token="not-a-key", symbols=SYMBOLS, urls=urls)  # noqa: S106


LAB = SigmaxLab  # What the runner looks for in every protocol.
