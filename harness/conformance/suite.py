"""A suite: what judges one protocol, found in its folder."""

from __future__ import annotations

import importlib
import pkgutil
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from harness import protocols
from harness.conformance.check import Check
from harness.conformance.lab import Lab
from harness.conformance.profile import Profile
from harness.conformance.requirement import Requirement, catalogue
from harness.core.message import Message, Problem
from harness.wire.schemas import shapes

WIRE = "wire"  # The suite of RFC 6455 and RFC 7692, which holds for the endpoint of any protocol.


def _no_problem(message: Message) -> Problem | None:
    return None


@dataclass(frozen=True)
class Suite:
    """The requirements of a protocol, the checks that judge them, and the lab these work in.

    `problem` says what is wrong with the shape of a message from the server. `demo_profile(target, chance)` makes a
    profile of credentials that our own mock accepts.
    """

    protocol: str
    requirements: Mapping[str, Requirement]
    checks: tuple[Check, ...]
    lab: type[Lab]
    demo_profile: Callable[[str, random.Random], Profile]
    paths: tuple[str, ...] = ("/",)
    problem: Callable[[Message], Problem | None] = _no_problem

    @property
    def capabilities(self) -> set[str]:
        """What a profile may say that the server lacks."""
        return {r.needs for r in self.requirements.values() if r.needs}

    def selected(self, only: Iterable[str] = (), levels: Iterable[str] = ()) -> list[Requirement]:
        """The requirements whose id begins with one of `only` (none: all), of these levels (none: all)."""
        prefixes, wanted = tuple(only), set(levels)
        return [
            requirement
            for requirement in self.requirements.values()
            if (not prefixes or requirement.id.startswith(prefixes)) and (not wanted or requirement.level in wanted)
        ]


def names() -> list[str]:
    """The names of all suites: those of protocols, and that of the wire beneath them."""
    return [*protocols.having("lab"), WIRE]


def load(name: str) -> Suite:
    """The suite of this name. LookupError when there is none; CatalogueError."""
    if name == WIRE:
        return _wire()
    protocol = protocols.load(name)
    if name not in names():
        raise LookupError(f"there is no conformance suite of {name} yet; there are: {', '.join(names())}")
    package = f"harness.protocols.{name}"
    lab = importlib.import_module(f"{package}.lab")
    known = shapes(protocol.folder)
    return Suite(
        protocol=name,
        requirements=catalogue(protocol.folder),
        checks=tuple(checks_in(f"{package}.checks")),
        lab=lab.LAB,
        demo_profile=lab.demo_profile,
        paths=protocol.paths,
        problem=lambda message: known.problem(message, "server"),
    )


def layers(name: str) -> tuple[Suite, ...]:
    """What a server of this protocol is judged by: the suite of that name, and that of the wire beneath it."""
    found = load(name)
    return (found,) if name == WIRE else (found, _wire())


def _wire() -> Suite:
    package = f"harness.conformance.{WIRE}"
    lab = importlib.import_module(f"{package}.lab")
    folder = Path(__file__).with_name(WIRE)
    return Suite(WIRE, catalogue(folder), tuple(checks_in(f"{package}.checks")), lab.LAB, lab.demo_profile)


def checks_in(name: str) -> Iterator[Check]:
    """All checks of a module, or of the modules of a package, in order of name of module, then of appearance."""
    for module in _modules(importlib.import_module(name)):
        for value in vars(module).values():
            # A function that was imported is found where it is defined.
            if getattr(value, "__module__", None) == module.__name__:
                yield from vars(value).get("checks", ()) if callable(value) and hasattr(value, "__dict__") else ()


def _modules(module: ModuleType) -> Iterator[ModuleType]:
    yield module
    for info in pkgutil.iter_modules(getattr(module, "__path__", ())):
        yield importlib.import_module(f"{module.__name__}.{info.name}")
