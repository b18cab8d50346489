"""Python's garbage collector, told what load is like."""

from __future__ import annotations

import gc

THRESHOLDS = (50_000, 20, 100)


def calm() -> None:
    """Look for garbage seldom, and not in what is there by now.

    Thousands of users are many objects that stay, and what comes and goes with messages has no cycles. Left alone, the
    collector takes a quarter of the generator's time with 5,000 users, in pauses that are late answers to somebody.
    """
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
