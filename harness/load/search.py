"""The search for where a server stops: upwards by doubling, then by halving what is left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from harness.load.crowd import AT_ONCE, Crowd, Entry, Health, ms
from harness.load.findings import Finding
from harness.load.seats import Cause, Refusal

SINGLY = 5  # The last ones of each step come one by one: their handshakes wait in no queue of our own.
GENTLY = 5  # So many come side by side once a limit is in sight: it may be their rate that a server refuses.
STEP_WITHIN_S = 60.0
PATIENCE_S = 30.0  # For one more try where nothing was answered: a slow server is no full one.
AGAIN = 3  # So often one more has to be refused in the end.
SLOW_S, SLOWER = (
    0.1,
    10.0,
)  # A handshake that takes this long, and so many times what it took at first, is worth a word.
LEFT_WAITING = Refusal("it is left without an answer until another leaves")


@dataclass
class Search:
    """Where the server stops, of at most `most` connections, each of another user as far as there are any.

    `low` are held and served; with `high`, if it is known, that was not so.
    """

    crowd: Crowd
    most: int
    low: int = 0
    high: int | None = None
    refusal: Refusal | None = None  # How one more was refused, the last time.
    harm: str = ""  # What happened to those connected when there were too many, where nobody was refused.
    slow: str = ""  # Why no more is tried of a server that answers too slowly.
    first_s: float = 0.0  # How long a handshake took at first.

    def findings(self) -> Iterator[Finding]:
        """Each step, and each finding at the end, as it is made."""
        wanted: int | None = 1
        while wanted is not None:
            yield self._step(wanted)
            wanted = self._next()
        yield from self._confirmed()
        self.crowd.shrink(0)

    def verdict(self, holds: bool) -> str:
        """What it comes to, in a sentence."""
        count = f"{self.low} connection{'s' * (self.low != 1)}"
        if self.slow:
            return f"The server was slow to answer beyond {count}: {self.slow}."
        if self.refusal and self.refusal.cause is Cause.GENERATOR:
            return f"No limit up to {count}; there the generator stopped: {self.refusal}."
        if self.high is None:
            return f"No limit up to {count}, where the search ends (--most)."
        return f"The server stops at {count}; one more: {self.harm or self.refusal}."

    # Searching ----------------------------------------------------------------------------------

    def _next(self) -> int | None:
        """How many to try next; None when there is no more to learn."""
        if self.slow or (self.refusal and self.refusal.cause is Cause.GENERATOR):
            return None
        if self.high is None:
            return min(2 * self.low, self.most) if self.low < self.most else None
        return (self.low + self.high) // 2 if self.high - self.low > 1 else None

    def _step(self, wanted: int) -> Finding:
        """Hold so many, and see how those are who are held."""
        self.crowd.shrink(self.low)
        until_s = self.crowd.door.now_s() + STEP_WITHIN_S
        missing = wanted - len(self.crowd.lines)
        entries = self.crowd.grow(missing - SINGLY, at_once=GENTLY if self.high else AT_ONCE, until_s=until_s)
        single = self.crowd.grow(wanted - len(self.crowd.lines), at_once=1, until_s=until_s) if _all_in(entries) else []
        health = self.crowd.health()
        lost = self.crowd.lost()
        refusal = next((entry.refusal for entry in (*entries, *single) if entry.refusal), None)
        if refusal is not None and refusal.cause is Cause.SILENCE:
            refusal = self._patiently()
        self._learn(wanted, refusal, health, len(lost))
        return self._told(wanted, single, health, len(lost), refusal)

    def _patiently(self) -> Refusal | None:
        """Try once more where nothing was answered in time; how that ends."""
        entry = self.crowd.enter(within_s=PATIENCE_S)
        if entry.refusal is None:
            self.slow = f"one more waited {ms(entry.handshake_s)} for its handshake"
            return None
        if entry.refusal.cause is not Cause.SILENCE:
            return entry.refusal
        # Some take nobody in any more until somebody leaves. That is a limit; else, they are slow.
        held = len(self.crowd.lines)
        self.crowd.shrink(held - 1)
        if held and self.crowd.enter().refusal is None:
            return LEFT_WAITING
        self.slow = f"one more had no answer within {PATIENCE_S:g} s"
        return None

    def _learn(self, wanted: int, refusal: Refusal | None, health: Health, lost: int) -> None:
        held = len(self.crowd.lines)
        if lost or not health.is_good:
            self.high = wanted
            self.harm = "it is admitted, but " + (
                f"{lost} of those before lose their connection" if lost else f"only {health}"
            )
            return
        self.low = max(self.low, min(held, wanted))
        if refusal is not None:
            self.refusal, self.harm = refusal, ""
            if refusal is LEFT_WAITING:
                self.high = held + 1  # It was seen that one that leaves makes room for one; each try lasts long.
            elif refusal.cause is not Cause.GENERATOR:
                self.high = min(wanted, self.high or wanted)
        elif held < wanted and not self.slow:
            self.slow = f"{wanted - held} of {wanted} were not even tried within {STEP_WITHIN_S:g} s"

    def _told(self, wanted: int, timed: list[Entry], health: Health, lost: int, refusal: Refusal | None) -> Finding:
        took_s = [entry.handshake_s for entry in timed if entry.refusal is None]
        typical_s, slowest_s = (median(took_s), max(took_s)) if took_s else (0.0, 0.0)
        self.first_s = self.first_s or typical_s
        seen = [f"handshake {ms(typical_s)}, slowest {ms(slowest_s)}"] if took_s else []
        if typical_s >= max(SLOW_S, SLOWER * self.first_s):
            seen.append(f"{typical_s / self.first_s:.0f} times as long as at first")
        seen.append(str(health))
        seen.extend([f"{lost} lost their connection"] if lost else [])
        seen.extend([f"one more: {refusal}"] if refusal else [])
        figures = {
            "wanted": wanted,
            "held": len(self.crowd.lines),
            "handshake_p50_ms": typical_s * 1000,
            "handshake_max_ms": slowest_s * 1000,
            "asked": health.asked,
            "served": health.served,
            "slowest_answer_ms": health.slowest_s * 1000,
            "lost": lost,
        }
        return Finding(f"{len(self.crowd.lines)} of {wanted} connected", None, "; ".join(seen), figures)

    # Confirming ---------------------------------------------------------------------------------

    def _confirmed(self) -> Iterator[Finding]:
        if not self.low:
            yield Finding("the first connection is served", False, str(self.refusal or self.harm or self.slow))
            return
        self.crowd.shrink(self.low)
        if self.slow:
            yield Finding("the server answers in time, if only to refuse", False, self.slow)
        elif self.high is not None:
            yield self._again()
            if self.refusal is not None and not self.harm:
                yield self._still_refused()
                if self.crowd.door.has_elsewhere:
                    yield self._elsewhere()
        health = self.crowd.health()
        lost = self.crowd.lost()
        seen = f"{health}; {len(lost)} lost their connection"
        yield Finding("those connected are still served", health.is_good and not lost, seen)
        if self.high is not None and not self.slow:
            yield self._room()

    def _again(self) -> Finding:
        """Let all leave, and as many come again."""
        self.crowd.shrink(0)

        def fill() -> Finding:
            self.crowd.grow(self.low - len(self.crowd.lines), at_once=GENTLY)
            held = len(self.crowd.lines)
            return Finding(f"when all have left, {self.low} are admitted again", held == self.low, f"{held} are")

        return self.crowd.soon(fill)

    def _still_refused(self) -> Finding:
        refusals = [self.crowd.enter(stays=False).refusal for _ in range(AGAIN)]
        seen = ", ".join(sorted({str(refusal or "admitted") for refusal in refusals}))
        return Finding("one more is refused, each time", all(refusals), seen)

    def _elsewhere(self) -> Finding:
        entry = self.crowd.enter(elsewhere=True, stays=False)
        seen = f"refused, too: {entry.refusal}" if entry.refusal else "it is admitted: the limit is that of one address"
        return Finding("one more from another address", None, seen)

    def _room(self) -> Finding:
        self.crowd.shrink(self.low - 1)

        def knock() -> Finding:
            refusal = self.crowd.enter().refusal
            return Finding("one that leaves makes room for one", refusal is None, str(refusal or "admitted"))

        return self.crowd.soon(knock)


def _all_in(entries: list[Entry]) -> bool:
    return not any(entry.refusal for entry in entries)
