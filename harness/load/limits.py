"""The connection-limit test: as many connections as one user may have, one more, and the count after closing."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from gevent.queue import Empty, Queue
from rich.console import Console

from harness.core.message import Message
from harness.load.client import Client, NotConnected
from harness.load.seats import Seats, tokens_in

CONNECT_TIMEOUT_S = 10.0
REPLY_TIMEOUT_S = 5.0
FREE_WITHIN_S = 2.0  # How long a closed connection may still count.


class SocketLine:
    """A line (see `seats.Line`) over a socket. NotConnected when it cannot be opened."""

    def __init__(self, url: str) -> None:
        self.ending = ""
        self.session = ""
        self.chance = random.Random()
        self._arrived: Queue[Message | None] = Queue()
        self._client = Client(self._take, self._end)
        self._client.connect(url, {}, CONNECT_TIMEOUT_S)

    def wall_s(self) -> float:
        """The time of day, in epoch seconds."""
        return time.time()

    def send(self, message: Message) -> None:
        """Send a message; nothing happens when the connection is over, `receive` then says so."""
        if self._client.is_open:
            self._client.send(orjson.dumps(message))

    def receive(self, *types: str) -> Message | None:
        """The next message of one of these types; None when the connection ends, or nothing comes in time."""
        until_s = time.perf_counter() + REPLY_TIMEOUT_S
        while True:
            try:
                message: Message | None = self._arrived.get(timeout=max(0.0, until_s - time.perf_counter()))
            except Empty:
                return None
            if message is None or message.get("type") in types:
                return message

    def close(self) -> None:
        """Close in good order."""
        self._client.close()

    def cut(self) -> None:
        """Reset the TCP connection, as a crash does."""
        self._client.cut()

    def _take(self, text: bytes, arrived_s: float) -> None:
        self._arrived.put(orjson.loads(text))

    def _end(self, code: int, reason: str) -> None:
        self.ending = f"closed with {code}" + (f" ({reason})" if reason else "")
        self._arrived.put(None)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what should be, whether it is, and what was seen."""

    text: str
    holds: bool
    seen: str


@dataclass
class LimitTest:
    """The test of one user's connections at `url`."""

    url: str
    seats: Seats
    token: str
    other: str | None = None  # Credentials of another user.
    lines: list[SocketLine] = field(default_factory=list)

    def knock(self) -> None:
        """See whether the server answers at all. NotConnected when it does not."""
        SocketLine(self.url).close()

    def run(self) -> Iterator[Finding]:
        """Each finding as it is made."""
        limit = self.seats.limit
        filled = self._fill()
        yield filled
        if filled.holds:
            yield self._one_more("one more is refused")
            served = sum(map(self.seats.is_served, self.lines))
            yield Finding(f"the {limit} are still served", served == limit, f"{served} of {limit} answer")
            if self.other is not None:
                yield self._another_user(self.other)
            for manner, end in (("cleanly", SocketLine.close), ("abruptly", SocketLine.cut)):
                end(self.lines.pop())
                yield self._freed(f"one closed {manner} makes room for one")
                yield self._one_more("and for one only")
            self._end_all()
            yield self._freed("all closed, half of them abruptly, make room again")
            yield self._fill()
            yield self._one_more("and one more is refused again")
        self._end_all()

    def _fill(self) -> Finding:
        reason = None
        while len(self.lines) < self.seats.limit and reason is None:
            reason = self._open(self.token)
        admitted = len(self.lines)
        seen = f"{admitted} admitted" + (f", the next: {reason}" if reason else "")
        return Finding(f"{self.seats.limit} connections of one user are admitted", reason is None, seen)

    def _one_more(self, text: str) -> Finding:
        reason = self._open(self.token)
        if reason is None:
            self.lines.pop().close()
        return Finding(text, reason is not None, reason or "it was admitted")

    def _another_user(self, token: str) -> Finding:
        reason = self._open(token)
        if reason is None:
            self.lines.pop().close()
        return Finding("another user is admitted all the while", reason is None, reason or "admitted")

    def _freed(self, text: str) -> Finding:
        began_s = time.perf_counter()
        while True:
            reason = self._open(self.token)
            passed_s = time.perf_counter() - began_s
            if reason is None:
                return Finding(text, True, f"after {passed_s * 1000:.0f} ms")
            if passed_s > FREE_WITHIN_S:
                return Finding(text, False, f"after {passed_s:.1f} s still: {reason}")

    def _open(self, token: str) -> str | None:
        """Open a connection; why it is not admitted, or None."""
        try:
            line = SocketLine(self.url)
        except NotConnected as refusal:
            return str(refusal)
        reason = self.seats.admit(line, token)
        if reason is None:
            self.lines.append(line)
        else:
            line.close()
        return reason

    def _end_all(self) -> None:
        for number, line in enumerate(self.lines):
            if number % 2:
                line.cut()
            else:
                line.close()
        self.lines.clear()


def limit_test(url: str, seats: Seats, tokens_file: Path | None) -> LimitTest:
    """The test, with credentials from the file or of new users. ValueError when the file is none."""
    tokens = tokens_in(tokens_file) if tokens_file else [seats.token(random.Random()) for _ in range(2)]
    return LimitTest(url, seats, tokens[0], tokens[1] if len(tokens) > 1 else None)


def show(findings: Iterable[Finding]) -> bool:
    """Print each finding as it comes; whether all hold."""
    console = Console(highlight=False)
    held = True
    for finding in findings:
        mark = "[green]held  [/]" if finding.holds else "[bold red]broken[/]"
        console.print(f"{mark} {finding.text} [dim]({finding.seen})[/]")
        held = held and finding.holds
    console.print("\nThe connection limit holds." if held else "\nThe connection limit does not hold.", style="bold")
    return held
