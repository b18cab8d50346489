"""The house: all stages of one mock, and which of them a client that knocks is led to."""

from __future__ import annotations

import asyncio
import itertools
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from harness.core.clock import Clock
from harness.core.protocol import Protocol
from harness.core.world import Vitals
from harness.scenario.driver import Driver, Loop
from harness.scenario.library import Library
from harness.scenario.loading import ScenarioError, load
from harness.scenario.scenario import Scenario, plain
from harness.scenario.stage import Stage

DEFAULT = "default"  # The stage of clients that name none; as a scenario, the protocol as it is.
OWN = "~"  # Begins the names of stages that belong to one client. No client can ask for such a name.
MAX_STAGES = 1000
FORGET_AFTER_S = 60.0  # Of the loop: a client that comes back within it finds its stage as it left it.
MAX_SPEED = 1000.0

Key = tuple[str, str]  # Protocol and name of a stage.


class BadRequest(ValueError):  # noqa: N818 - the name that HTTP gives it
    """The query asks for no stage that can be had. `status` is the HTTP status to refuse the handshake with."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


class House:
    """Stages by protocol and name. They begin when the first client comes.

    `epoch` gives the time of day, as epoch seconds, at which a new stage begins. `defaults` are the scenarios of the
    default stages; `library` is where clients' own are found; `vitals` measures the machine for worlds that tell of it;
    `loop` gives the event loop that the stages are played on.
    """

    def __init__(
        self,
        protocols: Mapping[str, Protocol],
        epoch: Callable[[], float],
        defaults: Mapping[str, Scenario] | None = None,
        library: Library | None = None,
        vitals: Callable[[], Vitals] | None = None,
        loop: Callable[[], Loop] = asyncio.get_running_loop,
    ) -> None:
        self.protocols = protocols
        self.drivers: dict[Key, Driver] = {}
        self._epoch = epoch
        self._vitals = vitals
        self._loop = loop
        self._defaults = {name: self._adopted(each) for name, each in (defaults or {}).items()}
        self._library = library or Library()
        self._loaded: dict[str, Scenario] = {}  # By protocol and name.
        self._numbers = itertools.count(1)

    def driver(self, protocol: Protocol, query: Mapping[str, str]) -> Driver:
        """The stage that this query asks for (`stage`, `scenario`, `seed`, `speed`), else the default one.

        A named stage is shared by all who name it; without a name, the other parameters give a stage of one's own.
        Errors: BadRequest.
        """
        name, seed, speed = query.get("stage"), _seed(query), _speed(query)
        if name is None and not {"scenario", "seed", "speed"} & set(query):
            name = DEFAULT
        if name is not None:
            present = self.drivers.get((protocol.name, name))
            if present is not None:
                _check_same(present, query.get("scenario"), seed, speed)
                return present
            _check_name(name)
        scenario = self._scenario(protocol, query.get("scenario"))
        return self._begin((protocol.name, name or f"{OWN}{next(self._numbers)}"), scenario, seed, speed)

    def swap(self, scenario: Scenario) -> None:
        """Play `scenario` wherever one from the same file is played now; clients there are told by close 1012."""
        new = self._adopted(scenario)
        for scenarios in (self._loaded, self._defaults):
            scenarios.update({key: new for key, old in scenarios.items() if old.path == new.path})
        for stage_key, driver in list(self.drivers.items()):
            if driver.stage.scenario.path == new.path:
                self._replace(stage_key, driver, new)

    def _replace(self, key: Key, driver: Driver, scenario: Scenario) -> None:
        stage = driver.stage
        del self.drivers[key]
        if not _is_own(key):
            # What the client's URL asked for, holds on; the rest is the new file's.
            seed = None if stage.seed == stage.scenario.seed else stage.seed
            speed = None if driver.speed == stage.scenario.speed else driver.speed
            self._begin(key, scenario, seed, speed)
        driver.close_all(1012, "the scenario was edited")
        # Not at once: on a slow line, the close frames are still under way.
        asyncio.get_running_loop().call_later(FORGET_AFTER_S, driver.stop)

    def _scenario(self, protocol: Protocol, name: str | None) -> Scenario:
        if name is None:
            return self._defaults.get(protocol.name) or plain(protocol)
        if name == DEFAULT:
            return plain(protocol)
        key = f"{protocol.name}/{name}"
        if key not in self._loaded:
            try:
                self._loaded[key] = load(self._library.find(protocol.name, name), {protocol.name: protocol})
            except LookupError as error:
                raise BadRequest(f"scenario: {error.args[0]}") from error
            except ScenarioError as error:
                raise BadRequest(f"scenario: {name!r} cannot be played:\n{error}") from error
        return self._loaded[key]

    def _adopted(self, scenario: Scenario) -> Scenario:
        """The scenario with this house's own form of its protocol, which may be a variant or have a defect."""
        protocol, given = self.protocols[scenario.protocol.name], scenario.protocol
        rules = protocol.rules if scenario.rules == given.rules else scenario.rules
        facts = protocol.facts if scenario.facts == given.facts else scenario.facts
        return scenario if protocol is given else replace(scenario, protocol=protocol, rules=rules, facts=facts)

    def _begin(self, key: Key, scenario: Scenario, seed: int | None, speed: float | None) -> Driver:
        self._make_room()
        stage = Stage(scenario, Clock(self._epoch()), seed, self._vitals)
        driver = Driver(stage, self._loop(), scenario.speed if speed is None else speed)
        self.drivers[key] = driver
        if key[1] != DEFAULT:
            self._look(key, driver)
        return driver

    def _make_room(self) -> None:
        if len(self.drivers) < MAX_STAGES:
            return
        empty = [key for key, each in self.drivers.items() if key[1] != DEFAULT and not each.stage.links]
        if not empty:
            raise BadRequest(f"stage: expected at most {MAX_STAGES} stages in use, found one more. Try again.", 503)
        self._forget(min(empty, key=lambda key: self.drivers[key].used_at_s))

    def _look(self, key: Key, driver: Driver) -> None:
        """Forget a stage that nobody has used for long; else look again when that may be so."""
        now_s = asyncio.get_running_loop().time()
        forget_at_s = (now_s if driver.stage.links else driver.used_at_s) + FORGET_AFTER_S
        if self.drivers.get(key) is not driver:
            return
        if forget_at_s <= now_s:
            self._forget(key)
        else:
            asyncio.get_running_loop().call_at(forget_at_s, self._look, key, driver)

    def _forget(self, key: Key) -> None:
        self.drivers.pop(key).stop()


def _is_own(key: Key) -> bool:
    return key[1].startswith(OWN)


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[\w.-]{1,64}", name):
        raise BadRequest(f"stage: expected a name of 1 to 64 letters, digits, dots, dashes, found {name[:70]!r}")


def _check_same(driver: Driver, scenario: str | None, seed: int | None, speed: float | None) -> None:
    stage = driver.stage
    asked = {"scenario": scenario, "seed": seed, "speed": speed}
    there = {"scenario": stage.scenario.name, "seed": stage.seed, "speed": driver.speed}
    for parameter, value in asked.items():
        if value is not None and value != there[parameter]:
            raise BadRequest(
                f"{parameter}: expected {there[parameter]!r}, which this stage plays already, found {value!r}. "
                "Name another stage, or leave the parameter out."
            )


def _seed(query: Mapping[str, str]) -> int | None:
    text = query.get("seed")
    if text is not None and not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise BadRequest(f"seed: expected a whole number, found {text[:70]!r}")
    return None if text is None else int(text)


def _speed(query: Mapping[str, str]) -> float | None:
    text = query.get("speed")
    if text is None:
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not 0 < speed <= MAX_SPEED:
        raise BadRequest(f"speed: expected a number above 0, and at most {MAX_SPEED:g}, found {text[:70]!r}")
    return speed
