"""The door over sockets: opens connections under gevent, and knows when it is this process that can open no more."""

from __future__ import annotations

import errno
import ipaddress
import random
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar
from urllib.parse import urlsplit

import gevent
import orjson
from gevent.event import Event
from gevent.pool import Pool
from gevent.queue import Empty, Queue

from harness.core.message import Message
from harness.load.client import Client, NotConnected
from harness.load.crowd import TurnedAway
from harness.load.dial import Dial
from harness.load.seats import CUT, Cause, Refusal
from harness.load.sources import Sources, raise_open_files

KNOCK_TIMEOUT_S = 10.0
REPLY_TIMEOUT_S = 5.0
BACKLOG = 64  # Messages that a line keeps while nobody waits for them; it drops the oldest.
BEAT_EVERY_S = 0.05
LATE_MS = 20.0  # A beat that is later than this, once in a hundred times, spoils the figures.
SPARE_FILES = 64  # That this process needs beside its connections.

OWN_ERRORS = (errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM)
UNREACHABLE = (errno.ECONNREFUSED, errno.ECONNRESET, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EPIPE)

T = TypeVar("T")


class SocketLine:
    """A line (see `seats.Line`) over a socket. NotConnected when it cannot be opened."""

    def __init__(self, dial: Dial, within_s: float, sources: Sources, on_end: Callable[[], None]) -> None:
        self.ending: Refusal | None = None
        self.session = ""
        self.chance = random.Random()
        self._arrived: Queue[bytes] = Queue()
        self._listens = True
        self._on_end = on_end
        self._over = Event()
        self._ponged = Event()
        self._client = Client(self._take, self._end, sources, lambda data, arrived_s: self._ponged.set())
        self._client.connect(dial.url, dial.headers, within_s, dial.subprotocols)

    def wall_s(self) -> float:
        """The time of day, in epoch seconds."""
        return time.time()

    def send(self, message: Message) -> None:
        """Send a message; nothing happens when the connection is over, `receive` then says so."""
        self._try(lambda: self._client.send(orjson.dumps(message)))

    def receive(self, *types: str) -> Message | None:
        """The next message of one of these types; None when the connection ends, or nothing comes in time."""
        until_s = time.perf_counter() + REPLY_TIMEOUT_S
        while self.ending is None or not self._arrived.empty():
            try:
                text = self._arrived.get(timeout=max(0.0, until_s - time.perf_counter()))
            except Empty:
                return None
            message = _read(text)
            if message.get("type") in types:
                return message
        return None

    def ping(self) -> bool:
        """Whether a ping is answered in time (RFC 6455, 5.5.3)."""
        self._ponged.clear()
        self._try(lambda: self._client.ping(b""))
        gevent.wait([self._ponged, self._over], timeout=REPLY_TIMEOUT_S, count=1)
        return bool(self._ponged.is_set())

    def ended(self, within_s: float) -> bool:
        """Whether the connection ends within that time, or has ended."""
        return bool(self._over.wait(within_s))

    def listen(self) -> None:
        """Keep what comes from now on."""
        self._listens = True

    def rest(self) -> None:
        """Keep nothing of what comes."""
        self._listens = False
        while not self._arrived.empty():
            self._arrived.get_nowait()

    def close(self) -> None:
        """Close in good order."""
        self._client.close()
        self._end(1000, "")

    def cut(self) -> None:
        """Reset the TCP connection, as a crash does."""
        self._client.cut()
        self._end(CUT, "")

    def _try(self, call: Callable[[], None]) -> None:
        with suppress(OSError):  # When the connection is over, `_end` tells of it.
            call()

    def _take(self, text: bytes, arrived_s: float) -> None:
        if not self._listens:
            return
        if self._arrived.qsize() >= BACKLOG:
            self._arrived.get_nowait()
        self._arrived.put(text)

    def _end(self, code: int, reason: str) -> None:
        if self.ending is None:
            words = "cut without a close" if code == CUT else f"closed with {code}"
            self.ending = Refusal(words + (f" ({reason})" if reason else ""), code=code)
            self._over.set()
            self._on_end()
            self._arrived.put(b"")


class Pulse:
    """How well this process keeps time: whether a call comes when it is due, and how much of a core is used."""

    def __init__(self) -> None:
        self._late_ms: list[float] = []
        self._began_s, self._cpu_s = time.perf_counter(), time.process_time()
        gevent.spawn(self._beat)

    def doubts(self) -> list[str]:
        """What to know before believing times that were measured meanwhile."""
        late_ms = sorted(self._late_ms)[int(len(self._late_ms) * 0.99)] if self._late_ms else 0.0
        if late_ms < LATE_MS:
            return []
        cpu = (time.process_time() - self._cpu_s) / (time.perf_counter() - self._began_s)
        return [
            f"The generator was busy itself: its own clock was {late_ms:.0f} ms late (p99), and it used {cpu:.0%} of a "
            "core. Of the times above, some may be its own."
        ]

    def _beat(self) -> None:
        while True:
            due_s = time.perf_counter() + BEAT_EVERY_S
            gevent.sleep(BEAT_EVERY_S)
            self._late_ms.append((time.perf_counter() - due_s) * 1000)


class SocketDoor:
    """A door (see `crowd.Door`) to the server at `url`, which is come to from these addresses of this machine.

    Of several, the last is what is elsewhere; of none, another one of loopback, where the server is there.
    """

    def __init__(self, url: str, sources: Sequence[str] = ()) -> None:
        """Errors: ValueError when one of them is no address of this machine."""
        others = sources[-1:] if len(sources) > 1 else ("127.0.0.2",)
        self.has_elsewhere = len(sources) > 1 or is_ipv4_loopback(urlsplit(url).hostname or "")
        self._here = Sources(sources[:-1] or sources)
        self._elsewhere = Sources(others) if self.has_elsewhere else self._here
        self._pulse = Pulse()
        self._files = raise_open_files()
        self._open = 0

    def open(self, dial: Dial, within_s: float, elsewhere: bool) -> SocketLine:
        """A new connection, its handshake done. TurnedAway when there is none within that time."""
        if self._open >= self._files - SPARE_FILES:
            words = f"{self._files:g} files may be open in this process (RLIMIT_NOFILE): raise it with ulimit -n"
            raise TurnedAway(Refusal(words, cause=Cause.GENERATOR))
        try:
            line = SocketLine(dial, within_s, self._elsewhere if elsewhere else self._here, self._ended)
        except NotConnected as error:
            raise TurnedAway(_refusal(error)) from error
        self._open += 1
        return line

    def now_s(self) -> float:
        """Seconds of `time.perf_counter`."""
        return time.perf_counter()

    def pause(self, seconds: float) -> None:
        """Let so much time pass."""
        gevent.sleep(seconds)

    def together(self, jobs: Sequence[Callable[[], T]], at_once: int) -> list[T]:
        """What these calls give, in their order, made side by side, so many at once."""
        results: list[T] = Pool(max(1, at_once)).map(lambda job: job(), jobs)
        return results

    def every(self, period_s: float, call: Callable[[], None]) -> None:
        """Make this call again and again, until the process ends."""

        def again() -> None:
            while True:
                gevent.sleep(period_s)
                call()

        gevent.spawn(again)

    def doubts(self) -> list[str]:
        """What to know before believing the figures: whether this process kept time."""
        return self._pulse.doubts()

    def _ended(self) -> None:
        self._open -= 1


def knock(url: str) -> None:
    """See whether the server answers at all. ValueError, in words, when it does not."""
    try:
        SocketLine(Dial(url), KNOCK_TIMEOUT_S, Sources(), lambda: None).close()
    except NotConnected as error:
        raise ValueError(f"{url}: {error}. Is the server running, and is the path right?") from error


def is_ipv4_loopback(host: str) -> bool:
    """Whether a host is this machine by an address of 127.0.0.0/8: it can then be reached from several of them."""
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host, None, socket.AF_INET)}
    except OSError:
        return False
    return all(ipaddress.ip_address(each).is_loopback for each in found)


def _refusal(error: NotConnected) -> Refusal:
    """What is known of a connection that could not be opened."""
    if error.errno in OWN_ERRORS:
        return Refusal(str(error), cause=Cause.GENERATOR)
    if error.errno in UNREACHABLE:
        return Refusal(str(error), cause=Cause.UNREACHABLE)
    cause = Cause.SILENCE if error.timed_out else Cause.SERVER
    return Refusal(str(error), status=error.status, cause=cause)


def _read(text: bytes) -> Message:
    """The message, or an empty one where it is none: what else a server says is judged elsewhere."""
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return message if isinstance(message, dict) else {}
