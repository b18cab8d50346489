"""A storm of reconnects: all users lose their connections at one moment, and all come back at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from statistics import median

from harness.load.crowd import HANDSHAKE_WITHIN_S, Crowd, ms
from harness.load.findings import Finding
from harness.load.seats import Cause, Line

RETRY_S = (0.05, 1.0)  # Between two tries of a user: twice as long each time, between these, and by chance.
LOOK_EVERY_S = 0.01
MOST_REASONS = 5


@dataclass(frozen=True, slots=True)
class Drop:
    """How the users lose their connections: `happen(lines)` makes it so, or has somebody else do it.

    All of them have to be gone within `within_s`.
    """

    words: str
    happen: Callable[[list[Line]], None]
    within_s: float


@dataclass
class Comeback:
    """How one user came back. Times in seconds from the moment that the first one lost its connection."""

    lost_s: float | None = None  # None: it did not lose its connection.
    back_s: float | None = None  # None: it did not come back in time.
    handshakes_s: list[float] = field(default_factory=list)
    turned_away: Counter[str] = field(default_factory=Counter)  # Why, as often as that was so.
    unreachable: int = 0  # How often nobody listened, which is no wonder while a server restarts.


@dataclass
class Storm:
    """The test: `users` connections, which are all lost by the `drop`, and have to be served again `within_s`."""

    crowd: Crowd
    users: int
    drop: Drop
    within_s: float
    took_s: float | None = None  # From the first loss until all were served again.

    def findings(self) -> Iterator[Finding]:
        """Each finding as it is made."""
        calm = self._connected()
        yield calm
        if calm.holds:
            began_s = self.crowd.door.now_s()
            gone, self.crowd.lines = self.crowd.lines, []
            self.drop.happen(gone)
            jobs = [partial(self._come_back, line, began_s) for line in gone]
            comebacks = self.crowd.door.together(jobs, len(jobs))
            yield self._lost(comebacks)
            yield from self._back(comebacks)
            health = self.crowd.health(of=self.crowd.lines)
            yield Finding("all that are back are served", health.is_good, str(health))
        self.crowd.shrink(0)

    def verdict(self, holds: bool) -> str:
        """What it comes to, in a sentence."""
        if self.took_s is not None and holds:
            return f"All {self.users} users were served again after {ms(self.took_s)}."
        return f"Not all {self.users} users came through the storm."

    def _connected(self) -> Finding:
        refusal, slowest_s = self.crowd.fill(self.users)
        health = self.crowd.health()
        seen = f"slowest handshake {ms(slowest_s)}; {health}"
        if refusal is not None:
            seen = f"{len(self.crowd.lines)} admitted, the next: {refusal}; use fewer (--users)"
        figures = {"users": self.users, "calm_handshake_max_ms": slowest_s * 1000}
        return Finding(
            f"{self.users} users are connected and served", refusal is None and health.is_good, seen, figures
        )

    def _come_back(self, line: Line, began_s: float) -> Comeback:
        """What one user does: wait for the end of its connection, and knock until it is served again."""
        door, way = self.crowd.door, Comeback()
        if not line.ended(max(0.0, began_s + self.drop.within_s - door.now_s())):
            line.close()
            return way
        way.lost_s = door.now_s()
        wait_s, until_s = RETRY_S[0], way.lost_s + self.within_s
        while way.back_s is None and door.now_s() < until_s:
            entry = self.crowd.enter(within_s=min(HANDSHAKE_WITHIN_S, until_s - door.now_s()))
            if entry.refusal is None:
                way.handshakes_s.append(entry.handshake_s)
                way.back_s = door.now_s()
                break
            way.turned_away[entry.refusal.words] += 1
            way.unreachable += entry.refusal.cause is Cause.UNREACHABLE
            door.pause(min(wait_s, max(0.0, until_s - door.now_s())) * line.chance.uniform(0.5, 1.0))
            wait_s = min(2 * wait_s, RETRY_S[1])
        return way

    def _lost(self, ways: list[Comeback]) -> Finding:
        lost_s = [way.lost_s for way in ways if way.lost_s is not None]
        seen = self.drop.words
        if len(lost_s) < len(ways):
            seen += f"; {len(lost_s)} of {len(ways)} within {self.drop.within_s:g} s"
        elif lost_s:
            seen += f"; all within {ms(max(lost_s) - min(lost_s))}"
        return Finding("all lose their connections", len(lost_s) == len(ways), seen)

    def _back(self, ways: list[Comeback]) -> Iterator[Finding]:
        began_s = min((way.lost_s for way in ways if way.lost_s is not None), default=0.0)
        back_s = sorted(way.back_s - began_s for way in ways if way.back_s is not None)
        handshakes_s = [each for way in ways for each in way.handshakes_s]
        turned = sum((way.turned_away for way in ways), Counter[str]())
        unreachable = sum(way.unreachable for way in ways)
        all_back = len(back_s) == len(ways)
        self.took_s = back_s[-1] if all_back and back_s else None
        seen = f"{len(back_s)} of {len(ways)}"
        if back_s:
            seen += (
                f": the first after {ms(back_s[0])}, half after {ms(median(back_s))}, the last after {ms(back_s[-1])}"
            )
        figures = {
            "back": len(back_s),
            "first_back_ms": back_s[0] * 1000 if back_s else -1.0,
            "half_back_ms": median(back_s) * 1000 if back_s else -1.0,
            "all_back_ms": back_s[-1] * 1000 if all_back and back_s else -1.0,
            "handshake_max_ms": max(handshakes_s, default=0.0) * 1000,
            "turned_away": sum(turned.values()) - unreachable,
            "unreachable": unreachable,
        }
        yield Finding(f"all are back within {self.within_s:g} s", all_back, seen, figures)
        if handshakes_s:
            seen = f"the slowest took {ms(max(handshakes_s))}, the typical one {ms(median(handshakes_s))}"
            yield Finding("handshakes in the storm", None, seen)
        reasons = "; ".join(f"{count} x {words}" for words, count in turned.most_common(MOST_REASONS))
        yield Finding("tries that were refused or failed", None, reasons or "none")
