"""What a scenario file says, as values. `loading` makes these from YAML, `stage` plays them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.core.message import Message
from harness.core.protocol import Protocol
from harness.scenario.misbehave import Misbehaviour
from harness.scenario.network import Fault

OPEN = "open"  # What a step's `when` says for the opening of a connection, which no message causes.


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a script does: `send` a message (or `raw` text), change the `world`, `close`, or `hang_up`.

    It happens `after_s` after the action before it; the first one, after what the script answers.
    `send` is a message type, and the name of one of its examples or None; `changes` are dotted paths and the values
    they get. `world` are names of facts, with their new values.
    """

    after_s: float = 0.0
    send: tuple[str, str | None] | None = None
    changes: Message = field(default_factory=dict)
    raw: str | None = None
    world: Mapping[str, Any] | None = None
    close: tuple[int, str] | None = None
    hang_up: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """`when` a client message comes (or the connection opens), or `at_s` on the stage's clock, do `actions`.

    `where` narrows `when` to messages whose dotted paths match these patterns. `times` bounds how often the step
    is used on a connection. With `own_answer` the protocol's own answer is given as well, before the actions;
    without, the protocol never sees the message.
    """

    when: str | None = None  # A client message type, or OPEN.
    where: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    times: int | None = None
    own_answer: bool = False
    at_s: float | None = None
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """One scenario: facts of the world, rules, script, network and misbehaviour. Defaults are the protocol's own."""

    name: str
    title: str
    protocol: Protocol
    seed: int = 1
    speed: float = 1.0
    facts: Any = None
    rules: Any = None
    steps: tuple[Step, ...] = ()
    network: tuple[Fault, ...] = ()
    misbehave: tuple[Misbehaviour, ...] = ()
    path: Path | None = None

    def __post_init__(self) -> None:
        # A frozen dataclass sets its late defaults this way.
        object.__setattr__(self, "facts", self.facts if self.facts is not None else self.protocol.facts)
        object.__setattr__(self, "rules", self.rules if self.rules is not None else self.protocol.rules)


def plain(protocol: Protocol, seed: int = 1) -> Scenario:
    """The scenario that adds nothing to the protocol's own behaviour."""
    return Scenario("default", f"{protocol.title}, as it is", protocol, seed)
