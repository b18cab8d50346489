"""Defects: named faults put into our own mock, each breaking one requirement. They prove that a check can fail.

The forms below are decorators and functions that give a `Defect`, named after what they decorate; `defects_in` finds
them in a module. What they change is made in `harness/core/change.py`, as it is for variants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.core import change
from harness.core.change import Change, FrameEdit, MessageEdit
from harness.core.message import Opcode
from harness.core.session import Session
from harness.core.world import World


@dataclass(frozen=True)
class Defect:
    """A fault: its name (kebab-case), the requirement it breaks, others that the same cause breaks, and how."""

    name: str
    breaks: str
    also: tuple[str, ...]
    text: str
    apply: Change


def on_message(breaks: str, *types: str, also: tuple[str, ...] = ()) -> Callable[[MessageEdit], Defect]:
    """A fault in outgoing messages of these types (none: all). The function gets a message that it may change."""
    return lambda fault: _defect(fault, breaks, also, change.of_messages(fault, *types))


def on_frame(breaks: str, *opcodes: Opcode, also: tuple[str, ...] = ()) -> Callable[[FrameEdit], Defect]:
    """A fault in outgoing frames of these opcodes (none: all), pongs and closes included."""
    return lambda fault: _defect(fault, breaks, also, change.of_frames(fault, *opcodes))


def in_session(breaks: str, also: tuple[str, ...] = ()) -> Callable[[type[Session[Any, Any]]], Defect]:
    """A fault in behaviour: the decorated class takes the place of the protocol's session, which it extends."""
    return lambda cls: _defect(cls, breaks, also, change.of_session(cls))


def in_world(breaks: str, also: tuple[str, ...] = ()) -> Callable[[type[World[Any]]], Defect]:
    """A fault in the world: the decorated class takes the place of the protocol's world, which it extends."""
    return lambda cls: _defect(cls, breaks, also, change.of_world(cls))


def in_rules(name: str, breaks: str, text: str, also: tuple[str, ...] = (), **changes: Any) -> Defect:
    """A wrong limit or timer."""
    return Defect(name, breaks, also, text, change.of_rules(**changes))


def in_protocol(name: str, breaks: str, text: str, also: tuple[str, ...] = (), **changes: Any) -> Defect:
    """A wrong property of the protocol as a whole, such as `deflate=False`."""
    return Defect(name, breaks, also, text, change.of_protocol(**changes))


def defects_in(package: str) -> Iterator[Defect]:
    """All defects in a module, or in the modules of a package; see `change.values_in`."""
    return change.values_in(package, Defect)


def _defect(fault: Any, breaks: str, also: tuple[str, ...], apply: Change) -> Defect:
    return Defect(change.name_of(fault), breaks, also, change.text_of(fault), apply)
