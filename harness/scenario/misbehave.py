"""What only a buggy server does to its messages, as filters."""

from __future__ import annotations

import random
from collections.abc import Sequence

from harness.core.protocol import MessageFilter
from harness.scenario.scenario import Misbehaviour


def filters(misbehave: Sequence[Misbehaviour], chance: random.Random) -> tuple[MessageFilter, ...]:
    """One filter for each misbehaviour, in order."""
    return ()
