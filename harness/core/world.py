"""The base of a world: what all sessions of a stage share, a pure simulation of (seed, time)."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar

from harness.core.clock import Agenda, Clock
from harness.core.message import Message
from harness.core.topics import Topics

FactsT = TypeVar("FactsT")


@dataclass(frozen=True, slots=True)
class Vitals:
    """How the machine does that the mock runs on: shares in percent, and the number of processes."""

    cpu_percent: float
    memory_percent: float
    disk_percent: float
    process_count: int


@dataclass(frozen=True, slots=True)
class Setting:
    """All that a world may use; it is given, never fetched.

    `chance` is the world's own stream of random numbers. `examples` are the protocol's own sample messages:
    type -> name -> message. `vitals` measures the machine; None where a world shall make its figures up.
    """

    chance: random.Random
    clock: Clock = Clock()
    agenda: Agenda = field(default_factory=Agenda)
    topics: Topics = field(default_factory=Topics)
    examples: Mapping[str, Mapping[str, Message]] = field(default_factory=dict)
    vitals: Callable[[], Vitals] | None = None


class World(Generic[FactsT]):
    """What a stage's sessions share. It changes by the calls of sessions and by its own entries in the agenda.

    `facts` are what the scenario says of it; events go out by `tell`.
    """

    # Names of the facts that a scenario may change while it is played; the world looks them up whenever it needs them.
    LIVE: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, facts: FactsT, setting: Setting) -> None:
        self.facts = facts
        self.setting = setting
        self.chance = setting.chance
        self.clock = setting.clock
        self.agenda = setting.agenda
        self.topics = setting.topics

    def change(self, changes: Mapping[str, Any], now: float) -> None:
        """From now on these facts, LIVE ones, have other values. ValueError when they do not fit the rest."""
        facts: Any = self.facts
        self.turn(replace(facts, **changes), now)

    def turn(self, facts: FactsT, now: float) -> None:
        """From now on these facts hold; they differ from the present ones only in those that are LIVE."""
        self.facts = facts

    def scripted(self, name: str, variant: str | None, changes: Message, now: float) -> bool:
        """At a moment of a scenario's clock, the message `name` (see `Session.scripted`) shall go out.

        True where the world makes it happen, once, and sessions hear of it as of any event. False (here) leaves it to
        each session's own `scripted`.
        """
        return False

    def tell(self, topic: str, event: Any, now: float) -> None:
        """Let the sessions that listen to `topic` notice `event`, as soon as what happens now is done.

        The delay (of no time) keeps a session's own answer ahead of the news that its request causes.
        """
        self.agenda.at(now, partial(self.topics.publish, topic, event))

    def check_books(self) -> list[str]:
        """What in this world does not add up; empty when all is well, or where nothing has to."""
        return []
