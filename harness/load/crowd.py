"""Many connections that one test holds side by side. Pure: a door opens them, and says what time it is."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, TypeVar

from harness.load.dial import Dial
from harness.load.findings import Finding
from harness.load.seats import Cause, Line, Refusal, Seats

HANDSHAKE_WITHIN_S = 10.0
KEEP_EVERY_S = 20.0  # Those that say nothing for a minute are closed by some servers.
SAMPLE = 20  # Of many connections, so many are asked whether they are served.
FREE_WITHIN_S = 1.0  # How long a connection that has ended may still count.
LOOK_EVERY_S = 0.02
AT_ONCE = 50  # So many are opened, asked or ended side by side.

T = TypeVar("T")


class TurnedAway(Exception):  # noqa: N818 - it is a finding about the server
    """No connection could be opened."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.words)
        self.refusal = refusal


class OutOfReach(ValueError):  # noqa: N818 - it is told to the user
    """The test needs more connections than this process can open."""


class Door(Protocol):
    """Where connections are opened, and whose clock it goes by: over sockets, or in memory."""

    has_elsewhere: bool  # Whether connections can come from another address, too.

    def open(self, dial: Dial, within_s: float, elsewhere: bool) -> Line:
        """A new connection, its handshake done. TurnedAway when there is none within that time."""

    def now_s(self) -> float:
        """The moment that it is, in seconds from any."""

    def pause(self, seconds: float) -> None:
        """Let so much time pass."""

    def together(self, jobs: Sequence[Callable[[], T]], at_once: int) -> list[T]:
        """What these calls give, in their order, made side by side, so many at once."""

    def every(self, period_s: float, call: Callable[[], None]) -> None:
        """Make this call again and again, until the test is over."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One attempt to be let in: the line, or why there is none. `handshake_s` is TCP and the opening handshake."""

    line: Line | None
    refusal: Refusal | None
    handshake_s: float


@dataclass(frozen=True, slots=True)
class Health:
    """How those are served that were asked: how many were, how many are, and how long the slowest answer took."""

    asked: int
    served: int
    slowest_s: float

    @property
    def is_good(self) -> bool:
        """Whether all of them are served."""
        return self.served == self.asked

    def __str__(self) -> str:
        return f"{self.served} of {self.asked} asked answer, the slowest after {ms(self.slowest_s)}"


@dataclass
class Crowd:
    """Connections to one server. `tokens` are credentials of its users, one after the other."""

    door: Door
    seats: Seats
    url: str
    tokens: Iterator[str]
    lines: list[Line] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.door.every(KEEP_EVERY_S, self.keep)

    def enter(
        self,
        token: str | None = None,
        within_s: float = HANDSHAKE_WITHIN_S,
        elsewhere: bool = False,
        stays: bool = True,
    ) -> Entry:
        """Try to be let in, as the next user if none is named, and stay."""
        token = next(self.tokens) if token is None else token
        began_s = self.door.now_s()
        try:
            line = self.door.open(self.seats.dial(self.url, token), within_s, elsewhere)
        except TurnedAway as turned:
            return Entry(None, turned.refusal, self.door.now_s() - began_s)
        handshake_s = self.door.now_s() - began_s
        refusal = self.seats.admit(line, token)
        if refusal is not None or not stays:
            line.close()
            return Entry(None if refusal else line, refusal, handshake_s)
        line.rest()
        self.lines.append(line)
        return Entry(line, None, handshake_s)

    def grow(self, count: int, token: str | None = None, at_once: int = AT_ONCE, until_s: float = 1e18) -> list[Entry]:
        """So many more; those of them that were tried. Once one is turned away, or at that moment, no more are."""
        entries: list[Entry] = []
        is_full = False

        def one() -> None:
            nonlocal is_full
            if not is_full and self.door.now_s() < until_s:
                entries.append(self.enter(token))
                is_full = is_full or entries[-1].refusal is not None

        self.door.together([one] * count, at_once)
        return entries

    def fill(self, count: int, token: str | None = None) -> tuple[Refusal | None, float]:
        """Hold so many: how one was turned away, if one was, and how long the slowest handshake took.

        OutOfReach when it is this process that can open no more.
        """
        entries = self.grow(count - len(self.lines), token)
        refusal = next((entry.refusal for entry in entries if entry.refusal), None)
        if refusal is not None and refusal.cause is Cause.GENERATOR:
            raise OutOfReach(f"the test needs {count} connections: {refusal}")
        return refusal, max((entry.handshake_s for entry in entries), default=0.0)

    def health(self, of: Sequence[Line] | None = None, beside: Sequence[Callable[[], object]] = ()) -> Health:
        """Ask some of the lines, the first and the last among them, whether they are served.

        All of `of`, if it is given. What is `beside` happens at the same time.
        """
        asked = list(of) if of is not None else sample(self.lines)
        answers: list[tuple[bool, float]] = []

        def ask(line: Line) -> None:
            began_s = self.door.now_s()
            line.listen()
            answers.append((self.seats.is_served(line), self.door.now_s() - began_s))
            line.rest()

        jobs: list[Callable[[], object]] = [partial(ask, line) for line in asked]
        self.door.together(mixed(jobs, list(beside)), AT_ONCE)
        return Health(
            len(answers), sum(good for good, _ in answers), max((took_s for _, took_s in answers), default=0.0)
        )

    def lost(self) -> list[Line]:
        """Those whose connection has ended by itself; they are not held any more."""
        gone = [line for line in self.lines if line.ending is not None]
        self.lines = [line for line in self.lines if line.ending is None]
        return gone

    def leave(self, abruptly: bool = False) -> None:
        """Let the newest leave, if there is one."""
        if self.lines:
            line = self.lines.pop()
            (line.cut if abruptly else line.close)()

    def shrink(self, count: int) -> None:
        """Let the newest leave, so that no more than this many are left: one in two cleanly, the others abruptly."""
        leaving, self.lines = self.lines[count:], self.lines[:count]
        ways = [line.cut if number % 2 else line.close for number, line in enumerate(leaving)]
        self.door.together(ways, AT_ONCE)

    def soon(self, look: Callable[[], Finding]) -> Finding:
        """What is found once it holds; what is found then where it does not, though those who left count no more."""
        until_s = self.door.now_s() + FREE_WITHIN_S
        while True:
            is_last = self.door.now_s() >= until_s
            found = look()
            if found.holds or is_last:
                return found
            self.door.pause(LOOK_EVERY_S)

    def keep(self) -> None:
        """Let all say a word, so that nobody is taken for gone."""
        words = [partial(self.seats.keep, line) for line in self.lines]
        self.door.together(words, AT_ONCE)


def sample(lines: Sequence[Line]) -> list[Line]:
    """At most SAMPLE of them, evenly spread: the first and the last are among them."""
    if len(lines) <= SAMPLE:
        return list(lines)
    return [lines[round(number * (len(lines) - 1) / (SAMPLE - 1))] for number in range(SAMPLE)]


def mixed(one: list[T], other: list[T]) -> list[T]:
    """Both lists in one, each in its order, evenly mixed.

    >>> mixed([1, 2, 3, 4], ["a", "b"])
    [1, 2, 'a', 3, 4, 'b']
    """
    places = [((number + 1) / len(each), each[number]) for each in (one, other) for number in range(len(each))]
    return [value for _, value in sorted(places, key=lambda place: place[0])]


def tokens_of(given: Sequence[str], seats: Seats, chance: random.Random) -> Iterator[str]:
    """Those given, again and again; where none are, a new user's each time."""
    number = 0
    while True:
        yield given[number % len(given)] if given else seats.new_token(chance)
        number += 1


def ms(seconds: float) -> str:
    """A time in words.

    >>> ms(0.00123), ms(0.123), ms(12.34)
    ('1.2 ms', '123 ms', '12.3 s')
    """
    if seconds >= 1:
        return f"{seconds:.1f} s"
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.1f} ms"
