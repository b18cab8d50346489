"""The protocols. Each is a folder here that makes a `PROTOCOL`; being here is all it takes to be known."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import pkgutil

from harness.core.defect import Defect, defects_in
from harness.core.protocol import Protocol
from harness.core.variant import Variant, variants_in


def names() -> list[str]:
    """The names of all protocols."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)


def having(part: str) -> list[str]:
    """The names of the protocols that have this part, such as `lab` (to be checked) or `users` (to be loaded)."""
    return [name for name in names() if importlib.util.find_spec(f"{__name__}.{name}.{part}") is not None]


def load(name: str) -> Protocol:
    """The protocol of this name. LookupError, with the nearest right word, when there is none."""
    if name not in names():
        near = difflib.get_close_matches(name, names(), 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise LookupError(f"unknown protocol {name!r}; there are: {', '.join(names())}.{hint}")
    protocol: Protocol = importlib.import_module(f"harness.protocols.{name}").PROTOCOL
    return protocol


def defects(name: str) -> dict[str, Defect]:
    """The defects that our mock of this protocol can be given, by name."""
    return {defect.name: defect for defect in defects_in(f"{__name__}.{name}.defects")}


def variants(name: str) -> dict[str, Variant]:
    """The lawful servers that our mock of this protocol can be turned into, by name: its own, and those of any."""
    found = (*variants_in(f"{__name__}.{name}.variants"), *variants_in("harness.core.habits"))
    return {variant.name: variant for variant in found}
