"""What defects and variants are made of: changes that make another Protocol value out of a good one.

Good behaviour never knows of them. Each function here gives a `Change`; `values_in` finds what is made of changes.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any, TypeVar

from harness.core.message import Frame, Message, Opcode
from harness.core.protocol import Protocol
from harness.core.session import Session
from harness.core.world import World

Change = Callable[[Protocol], Protocol]
# An edit's result: the message to send, several, or None to send nothing.
MessageEdit = Callable[[Message, Any, float], Message | Iterable[Message] | None]
FrameEdit = Callable[[Frame, Any, float], Frame | Iterable[Frame] | None]

ValueT = TypeVar("ValueT")


def of_messages(edit: MessageEdit, *types: str) -> Change:
    """An edit of outgoing messages of these types (none: all). The function gets a message that it may change."""

    def message_filter(message: Message, session: Session[Any, Any], now: float) -> Iterable[Message]:
        if types and message.get("type") not in types:
            return (message,)
        return _several(edit(message, session, now), dict)

    return lambda protocol: replace(protocol, message_filters=(*protocol.message_filters, message_filter))


def of_frames(edit: FrameEdit, *opcodes: Opcode) -> Change:
    """An edit of outgoing frames of these opcodes (none: all), pongs and closes included."""

    def frame_filter(frame: Frame, session: Session[Any, Any], now: float) -> Iterable[Frame]:
        if opcodes and frame.opcode not in opcodes:
            return (frame,)
        return _several(edit(frame, session, now), Frame)

    return lambda protocol: replace(protocol, frame_filters=(*protocol.frame_filters, frame_filter))


def of_session(session: type[Session[Any, Any]]) -> Change:
    """Other behaviour: this class takes the place of the protocol's session, which it extends."""
    return of_protocol(session=session)


def of_world(world: type[World[Any]]) -> Change:
    """Another world: this class takes the place of the protocol's world, which it extends."""
    return of_protocol(world=world)


def of_rules(**changes: Any) -> Change:
    """Other limits and timers."""
    return lambda protocol: replace(protocol, rules=replace(protocol.rules, **changes))


def of_facts(**changes: Any) -> Change:
    """Other facts of the world, as a scenario may say them."""
    return lambda protocol: replace(protocol, facts=replace(protocol.facts, **changes))


def of_protocol(**changes: Any) -> Change:
    """Other properties of the protocol as a whole, such as `deflate=False`."""
    return lambda protocol: replace(protocol, **changes)


def kept(holder: Any, name: str) -> dict[Any, Any]:
    """A table of this name that a session or a world keeps for whoever changes what it does."""
    table: dict[Any, Any] = vars(holder).setdefault(f"kept_{name}", {})
    return table


def nth(holder: Any, what: object) -> int:
    """How often this was asked of a session or a world: 1 the first time."""
    counts = kept(holder, "counts")
    counts[what] = counts.get(what, 0) + 1
    return int(counts[what])


def name_of(decorated: Any) -> str:
    """The name of a function or class, in kebab-case.

    >>> class NeverOpens: pass
    >>> name_of(NeverOpens)
    'never-opens'
    """
    name: str = decorated.__name__
    spaced = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)
    return spaced.strip("-").replace("_", "-")


def text_of(decorated: Any) -> str:
    """What a function or class says that it does."""
    return (decorated.__doc__ or "").strip()


def values_in(package: str, kind: type[ValueT]) -> Iterator[ValueT]:
    """All values of a kind in a module, or in the modules of a package, in order of name of module, then of appearance.

    Nothing, when there is no such module.
    """
    if importlib.util.find_spec(package) is None:
        return
    for module in _modules(importlib.import_module(package)):
        yield from (value for value in vars(module).values() if isinstance(value, kind))


def _modules(module: ModuleType) -> Iterator[ModuleType]:
    yield module
    for info in pkgutil.iter_modules(getattr(module, "__path__", ())):
        yield importlib.import_module(f"{module.__name__}.{info.name}")


def _several(result: Any, one: type) -> Iterable[Any]:
    if result is None:
        return ()
    return (result,) if isinstance(result, one) else result
