"""The test of a limit of connections: so many are let in, one more is not, and nobody suffers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.load.crowd import Crowd, Entry, Health, ms
from harness.load.findings import Finding
from harness.load.seats import Refusal

CROWDING = 20  # So many are turned away while the others are asked whether they are served.
TRIES = 3
IN_TIME_S = 0.5  # So much later than before may those answer then.


@dataclass
class LimitTest:
    """The test of `limit` connections, as they are counted by the protocol: of one user, from one address, or in all.

    `token` is this one user's, `other` another user's, if there is one.
    """

    crowd: Crowd
    limit: int
    token: str
    other: str | None = None
    is_open: bool = False  # Whether one more was admitted where that is allowed.

    def findings(self) -> Iterator[Finding]:
        """Each finding as it is made."""
        filled = self._filled(f"{self.limit} connections {self._scope} are admitted")
        yield filled
        if filled.holds:
            yield from self._at_the_limit()
        self.crowd.shrink(0)

    def verdict(self, holds: bool) -> str:
        """What it comes to, in a sentence."""
        if holds and self.is_open:
            return f"As many as should be are served; this server has no limit of {self.limit}, which is allowed."
        return "The connection limit holds." if holds else "The connection limit does not hold."

    @property
    def _scope(self) -> str:
        return self.crowd.seats.scope

    def _at_the_limit(self) -> Iterator[Finding]:
        quiet = self.crowd.health()
        yield Finding("those connected are served", quiet.is_good, str(quiet))
        self.crowd.leave()
        yield self._freed("one closed cleanly makes room at once")
        self.crowd.leave(abruptly=True)
        yield self._freed("one closed abruptly makes room at once")
        refusal = self._one_more()
        if refusal is None:
            yield self._admitted_too_many()
            return
        yield Finding("one more is refused", True, refusal.words)
        seats = self.crowd.seats
        documented = seats.documents(refusal)
        seen = refusal.words if documented else f"{refusal}; expected: {seats.manner}"
        yield Finding("it is refused in a documented way", documented, seen)
        yield from self._crowded(quiet)
        if len(self.crowd.lines) < self.limit:
            return  # Some have lost their connections, and there is room for others now.
        yield from self._somebody_else(refusal)
        self.crowd.leave()
        yield self._freed("those turned away do not count: one that leaves makes room")
        yield self._refused("and for one only")
        yield from self._anew()

    def _filled(self, text: str) -> Finding:
        refusal, slowest_s = self.crowd.fill(self.limit, self.token)
        admitted = len(self.crowd.lines)
        seen = f"{admitted} admitted" + (
            f", the next: {refusal}" if refusal else f", slowest handshake {ms(slowest_s)}"
        )
        if refusal and self._scope == "in all":
            seen += "; connections of others count, too"
        return Finding(text, refusal is None, seen, {"admitted": admitted, "slowest_handshake_ms": slowest_s * 1000})

    def _admitted_too_many(self) -> Finding:
        if self.crowd.seats.is_binding:
            return Finding("one more is refused", False, "it was admitted")
        self.is_open = True
        seen = f"it was admitted, which is allowed: {self.limit} {self._scope} are a recommendation"
        return Finding("one more may be refused", None, seen)

    def _one_more(self) -> Refusal | None:
        """Knock once more; how that was refused. Who is admitted is let go again."""
        entry = self.crowd.enter(self.token, stays=False)
        return entry.refusal

    def _refused(self, text: str) -> Finding:
        refusal = self._one_more()
        return Finding(text, refusal is not None, str(refusal or "one more was admitted"))

    def _crowded(self, quiet: Health) -> Iterator[Finding]:
        """What becomes of those connected, while others are turned away."""
        in_time_s = quiet.slowest_s + IN_TIME_S
        for _ in range(TRIES):
            refused, worst = self._turned_away_meanwhile()
            if worst.is_good and worst.slowest_s <= in_time_s:
                break  # A machine that was busy once is no finding; a server that does harm does it each time.
        yield Finding(f"so are {CROWDING} more at once", refused == CROWDING, f"{refused} of {CROWDING} refused")
        in_time = worst.is_good and worst.slowest_s <= in_time_s
        seen = f"{worst}; before: {ms(quiet.slowest_s)}"
        yield Finding("meanwhile those connected are served in time", in_time, seen)
        lost = self.crowd.lost()
        seen = f"{len(lost)} lost, the first: {lost[0].ending}" if lost else "none lost"
        yield Finding("none of them loses its connection", not lost, seen)

    def _turned_away_meanwhile(self) -> tuple[int, Health]:
        """How many were refused, and the worst of how those connected were served, beside it and right after."""
        turned: list[Entry] = []
        knocks = [lambda: turned.append(self.crowd.enter(self.token, stays=False))] * CROWDING
        beside, after = self.crowd.health(beside=knocks), self.crowd.health()
        refusals = [entry.refusal for entry in turned if entry.refusal is not None]
        refused = sum(refusal.is_clear for refusal in refusals)
        return refused, max(beside, after, key=lambda health: (not health.is_good, health.slowest_s))

    def _somebody_else(self, refusal: Refusal) -> Iterator[Finding]:
        """Who is not counted together with those connected."""
        elsewhere = self._scope == "from one address"
        if self._scope == "in all" or (self.other is None and not elsewhere):
            return
        text = "another address is admitted all the while" if elsewhere else "another user is admitted all the while"
        if elsewhere and not self.crowd.door.has_elsewhere:
            yield Finding(text, None, "not seen: there is no other address to come from")
            return
        entry = self.crowd.enter(self.token if elsewhere else self.other, elsewhere=elsewhere, stays=False)
        if entry.refusal is not None and refusal.status is not None and not elsewhere:
            yield Finding(text, None, "not seen: a handshake is refused before it is known whose it is")
            return
        yield Finding(text, entry.refusal is None, str(entry.refusal or "admitted"))

    def _anew(self) -> Iterator[Finding]:
        self.crowd.shrink(0)
        refilled = self.crowd.soon(lambda: self._filled("all closed, half of them abruptly, make room for as many"))
        yield refilled
        yield self._refused("and one more is refused again")

    def _freed(self, text: str) -> Finding:
        """Whether there is room for one, at once."""
        began_s = self.crowd.door.now_s()

        def try_once() -> Finding:
            passed_s = self.crowd.door.now_s() - began_s
            refusal = self.crowd.enter(self.token).refusal
            seen = f"after {ms(passed_s)}" + (f" still: {refusal}" if refusal else "")
            return Finding(text, refusal is None, seen, {"free_after_ms": passed_s * 1000})

        return self.crowd.soon(try_once)
