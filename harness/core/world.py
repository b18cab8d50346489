"""The base of a world: what all sessions of a stage share, a pure simulation of (seed, time)."""

from __future__ import annotations

import random
from functools import partial
from typing import Any, Generic, TypeVar

from harness.core.clock import Agenda, Clock
from harness.core.topics import Topics

FactsT = TypeVar("FactsT")


class World(Generic[FactsT]):
    """What a stage's sessions share. It changes by the calls of sessions and by its own entries in the agenda.

    `facts` are what the scenario says of it; `chance` is its own stream of random numbers; events go out by `tell`.
    """

    def __init__(self, facts: FactsT, chance: random.Random, clock: Clock, agenda: Agenda, topics: Topics) -> None:
        self.facts = facts
        self.chance = chance
        self.clock = clock
        self.agenda = agenda
        self.topics = topics

    def tell(self, topic: str, event: Any, now: float) -> None:
        """Let the sessions that listen to `topic` notice `event`, as soon as what happens now is done.

        The delay (of no time) keeps a session's own answer ahead of the news that its request causes.
        """
        self.agenda.at(now, partial(self.topics.publish, topic, event))

    def check_books(self) -> list[str]:
        """What in this world does not add up; empty when all is well, or where nothing has to."""
        return []
