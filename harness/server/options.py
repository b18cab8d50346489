"""What `ws-harness serve` is asked for, and what follows from it: protocols, as they are or changed, and scenarios."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harness import protocols
from harness.core.defect import Defect
from harness.core.protocol import Protocol
from harness.core.variant import Variant
from harness.scenario.library import Library
from harness.scenario.loading import load
from harness.scenario.scenario import Scenario, plain

# Where the specs have their servers: the second is that of BrainStream's front end and of MegaBot.
DEFAULT_PORTS = (8000, 3000)


class UsageError(ValueError):
    """The user asked for something that cannot be had; the text says what can."""


@dataclass(frozen=True)
class Options:
    """The options of `ws-harness serve`."""

    protocols: tuple[str, ...] = ()  # None: all.
    host: str = "127.0.0.1"
    ports: tuple[int, ...] = DEFAULT_PORTS
    scenarios: tuple[str, ...] = ()  # Names or files, for the default stages.
    folder: Path | None = None  # The user's own scenarios.
    watch: bool = False
    seed: int | None = None
    speed: float | None = None
    defect: str | None = None
    variant: str | None = None
    record: Path | None = None
    publish: str | None = None  # The URL of a Redis.
    token: str | None = None
    log_level: str = "info"

    def level(self) -> int:
        """The least level that is logged. UsageError when there is no such level."""
        level = logging.getLevelNamesMapping().get(self.log_level.upper())
        if level is None:
            raise UsageError(f"--log-level: expected debug, info, warning or error, found {self.log_level!r}")
        return level

    def served(self) -> dict[str, Protocol]:
        """The protocols to serve, by name. UsageError when a name is wrong."""
        try:
            named = {name: protocols.load(name) for name in self.protocols or protocols.names()}
        except LookupError as error:
            raise UsageError(str(error.args[0])) from error
        if self.defect is not None and self.variant is not None:
            raise UsageError("--defect and --variant: expected one of them; a defect is one of the mock as it is")
        if self.defect is not None:
            return _changed(named, "defect", self.defect, protocols.defects)
        if self.variant is not None:
            return _changed(named, "variant", self.variant, protocols.variants)
        return named

    def library(self) -> Library:
        """Where clients' scenarios are found. UsageError when the folder is none."""
        if self.folder is not None and not self.folder.is_dir():
            raise UsageError(f"--scenarios: expected a folder, found none at {self.folder}")
        return Library((self.folder.resolve(),) if self.folder else ())

    def defaults(self, served: Mapping[str, Protocol], library: Library) -> dict[str, Scenario]:
        """The scenarios of the default stages, by protocol. Errors: UsageError; ScenarioError for a bad file."""
        result = {name: plain(protocol) for name, protocol in served.items()}
        for word in self.scenarios:
            for path in _paths(word, served, library):
                scenario = load(path, served)
                result[scenario.protocol.name] = scenario
        return {name: self.adjusted(scenario) for name, scenario in result.items()}

    def adjusted(self, scenario: Scenario) -> Scenario:
        """The scenario with the seed and speed of the command line."""
        seed = scenario.seed if self.seed is None else self.seed
        return replace(scenario, seed=seed, speed=scenario.speed if self.speed is None else self.speed)


def _changed(
    served: Mapping[str, Protocol], kind: str, name: str, changes_of: Callable[[str], Mapping[str, Defect | Variant]]
) -> dict[str, Protocol]:
    """The protocols with the change of this name, in each that has one."""
    there = {protocol: changes_of(protocol) for protocol in served}
    if not any(name in each for each in there.values()):
        known = sorted({word for each in there.values() for word in each})
        raise UsageError(
            f"--{kind}: there is no {kind} {name!r} in {', '.join(served)}.{_nearest(name, known)} "
            f"`ws-harness serve --list-{kind}s` names them all."
        )
    return {p: there[p][name].apply(protocol) if name in there[p] else protocol for p, protocol in served.items()}


def _paths(word: str, served: Mapping[str, Protocol], library: Library) -> list[Path]:
    """The files that a --scenario means: one by its path, or by its name in every protocol that has it."""
    if Path(word).suffix in (".yaml", ".yml"):
        return [Path(word).resolve()]
    files = [library.files(protocol) for protocol in served]
    found = [each[word] for each in files if word in each]
    if not found:
        known = sorted({name for each in files for name in each})
        raise UsageError(
            f"--scenario: expected a file (.yaml) or the name of a scenario of {', '.join(served)}, "
            f"found {word!r}.{_nearest(word, known)} `ws-harness scenarios list` names them all."
        )
    return list(dict.fromkeys(found))


def _nearest(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, known, 1)
    return f" Did you mean {near[0]!r}?" if near else ""
