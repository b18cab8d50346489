"""Variants: lawful servers that read the specs in another way than our mock. No check may fail one of them.

A variant is made as a defect is, out of the good mock (see `harness/core/change.py`). The forms below give a
`Variant`, named after what they decorate; `variants_in` finds them in a module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.core import change
from harness.core.change import Change, FrameEdit, MessageEdit
from harness.core.message import Message, Opcode, put
from harness.core.session import Session
from harness.core.world import World


@dataclass(frozen=True)
class Variant:
    """A lawful server: its name (kebab-case), which gap of the spec it reads otherwise, what it does, and how.

    `lacks` are the capabilities of a profile that such a server lacks: a suite that knows them excludes what needs
    them. `unseen` are the requirements that nobody can observe of it, beside those that the mock itself does not show.
    """

    name: str
    reading: str
    text: str
    apply: Change
    lacks: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


def on_message(
    reading: str, *types: str, lacks: tuple[str, ...] = (), unseen: tuple[str, ...] = ()
) -> Callable[[MessageEdit], Variant]:
    """Another form of messages of these types (none: all). The function gets a message that it may change."""
    return lambda edit: _variant(edit, reading, change.of_messages(edit, *types), lacks, unseen)


def on_frame(
    reading: str, *opcodes: Opcode, lacks: tuple[str, ...] = (), unseen: tuple[str, ...] = ()
) -> Callable[[FrameEdit], Variant]:
    """Another form of frames of these opcodes (none: all), pongs and closes included."""
    return lambda edit: _variant(edit, reading, change.of_frames(edit, *opcodes), lacks, unseen)


def in_session(
    reading: str, lacks: tuple[str, ...] = (), unseen: tuple[str, ...] = ()
) -> Callable[[type[Session[Any, Any]]], Variant]:
    """Other behaviour: the decorated class takes the place of the protocol's session, which it extends."""
    return lambda cls: _variant(cls, reading, change.of_session(cls), lacks, unseen)


def in_world(
    reading: str, lacks: tuple[str, ...] = (), unseen: tuple[str, ...] = ()
) -> Callable[[type[World[Any]]], Variant]:
    """Another world: the decorated class takes the place of the protocol's world, which it extends."""
    return lambda cls: _variant(cls, reading, change.of_world(cls), lacks, unseen)


def in_rules(
    name: str, reading: str, text: str, lacks: tuple[str, ...] = (), unseen: tuple[str, ...] = (), **changes: Any
) -> Variant:
    """Other limits and timers."""
    return Variant(name, reading, text, change.of_rules(**changes), lacks, unseen)


def in_facts(
    name: str, reading: str, text: str, lacks: tuple[str, ...] = (), unseen: tuple[str, ...] = (), **changes: Any
) -> Variant:
    """Other facts of the world, as a scenario may say them."""
    return Variant(name, reading, text, change.of_facts(**changes), lacks, unseen)


def in_protocol(
    name: str, reading: str, text: str, lacks: tuple[str, ...] = (), unseen: tuple[str, ...] = (), **changes: Any
) -> Variant:
    """Other properties of the protocol as a whole, such as `admit`."""
    return Variant(name, reading, text, change.of_protocol(**changes), lacks, unseen)


def in_member(
    name: str,
    reading: str,
    text: str,
    path: str,
    change_of: Callable[[Any], Any],
    *types: str,
    lacks: tuple[str, ...] = (),
    unseen: tuple[str, ...] = (),
) -> Variant:
    """Another value at a path (see `message.places`) of messages of these types (none: all), where it is there."""

    def edit(message: Message, session: Any, now: float) -> Message:
        return put(message, path, change_of)

    return Variant(name, reading, text, change.of_messages(edit, *types), lacks, unseen)


def variants_in(package: str) -> Iterator[Variant]:
    """All variants in a module, or in the modules of a package; see `change.values_in`."""
    return change.values_in(package, Variant)


def _variant(edit: Any, reading: str, apply: Change, lacks: tuple[str, ...], unseen: tuple[str, ...]) -> Variant:
    return Variant(change.name_of(edit), reading, change.text_of(edit), apply, lacks, unseen)
