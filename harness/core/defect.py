"""Defects: named faults put into our own mock, each breaking one requirement. They prove that a check can fail.

Good behaviour never knows of them: a defect makes another Protocol value out of the good one. The forms below are
decorators and functions that give a `Defect`, named after what they decorate; `defects_in` finds them in a module.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from harness.core.message import Frame, Message, Opcode
from harness.core.protocol import Protocol
from harness.core.session import Session
from harness.core.world import World

# A filter's result: the message to send, several, or None to send nothing.
MessageFault = Callable[[Message, Any, float], Message | Iterable[Message] | None]
FrameFault = Callable[[Frame, Any, float], Frame | Iterable[Frame] | None]


@dataclass(frozen=True)
class Defect:
    """A fault: its name (kebab-case), the requirement it breaks, others that the same cause breaks, and how."""

    name: str
    breaks: str
    also: tuple[str, ...]
    text: str
    apply: Callable[[Protocol], Protocol]


def on_message(breaks: str, *types: str, also: tuple[str, ...] = ()) -> Callable[[MessageFault], Defect]:
    """A fault in outgoing messages of these types (none: all). The function gets a message that it may change."""

    def declare(fault: MessageFault) -> Defect:
        def message_filter(message: Message, session: Session[Any, Any], now: float) -> Iterable[Message]:
            if types and message.get("type") not in types:
                return (message,)
            return _several(fault(message, session, now), dict)

        return _defect(fault, breaks, also, lambda p: replace(p, message_filters=(*p.message_filters, message_filter)))

    return declare


def on_frame(breaks: str, *opcodes: Opcode, also: tuple[str, ...] = ()) -> Callable[[FrameFault], Defect]:
    """A fault in outgoing frames of these opcodes (none: all), pongs and closes included."""

    def declare(fault: FrameFault) -> Defect:
        def frame_filter(frame: Frame, session: Session[Any, Any], now: float) -> Iterable[Frame]:
            if opcodes and frame.opcode not in opcodes:
                return (frame,)
            return _several(fault(frame, session, now), Frame)

        return _defect(fault, breaks, also, lambda p: replace(p, frame_filters=(*p.frame_filters, frame_filter)))

    return declare


def in_session(breaks: str, also: tuple[str, ...] = ()) -> Callable[[type[Session[Any, Any]]], Defect]:
    """A fault in behaviour: the decorated class takes the place of the protocol's session, which it extends."""
    return lambda cls: _defect(cls, breaks, also, lambda p: replace(p, session=cls))


def in_world(breaks: str, also: tuple[str, ...] = ()) -> Callable[[type[World[Any]]], Defect]:
    """A fault in the world: the decorated class takes the place of the protocol's world, which it extends."""
    return lambda cls: _defect(cls, breaks, also, lambda p: replace(p, world=cls))


def in_rules(name: str, breaks: str, text: str, also: tuple[str, ...] = (), **changes: Any) -> Defect:
    """A wrong limit or timer."""
    return Defect(name, breaks, also, text, lambda p: replace(p, rules=replace(p.rules, **changes)))


def in_protocol(name: str, breaks: str, text: str, also: tuple[str, ...] = (), **changes: Any) -> Defect:
    """A wrong property of the protocol as a whole, such as `deflate=False`."""
    return Defect(name, breaks, also, text, lambda p: replace(p, **changes))


def defects_in(package: str) -> Iterator[Defect]:
    """All defects in a module, or in the modules of a package, in order of name of module, then of appearance."""
    module = importlib.import_module(package)
    for found in _modules(module):
        yield from (value for value in vars(found).values() if isinstance(value, Defect))


def _modules(module: ModuleType) -> Iterator[ModuleType]:
    yield module
    for info in pkgutil.iter_modules(getattr(module, "__path__", ())):
        yield importlib.import_module(f"{module.__name__}.{info.name}")


def _defect(fault: Any, breaks: str, also: tuple[str, ...], apply: Callable[[Protocol], Protocol]) -> Defect:
    return Defect(_kebab(fault.__name__), breaks, also, (fault.__doc__ or "").strip(), apply)


def _kebab(name: str) -> str:
    spaced = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)
    return spaced.strip("-").replace("_", "-")


def _several(result: Any, one: type) -> Iterable[Any]:
    if result is None:
        return ()
    return (result,) if isinstance(result, one) else result
