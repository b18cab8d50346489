"""The house: all stages of one mock, and which of them a client that knocks is led to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from harness.core.clock import Clock
from harness.core.protocol import Protocol
from harness.scenario.driver import Driver
from harness.scenario.scenario import Scenario, plain
from harness.scenario.stage import Stage


class House:
    """Stages by protocol and name. They begin when the first client comes.

    `epoch` gives the time of day, as epoch seconds, at which a new stage begins.
    """

    def __init__(
        self,
        protocols: Mapping[str, Protocol],
        epoch: Callable[[], float],
        defaults: Mapping[str, Scenario] | None = None,
    ) -> None:
        self.protocols = protocols
        self._epoch = epoch
        self._defaults = dict(defaults or {})
        self.drivers: dict[tuple[str, str], Driver] = {}

    def driver(self, protocol: Protocol, query: Mapping[str, str]) -> Driver:
        """The stage that this query asks for (`scenario`, `stage`, `seed`, `speed`), else the default one."""
        key = (protocol.name, query.get("stage", "default"))
        if key not in self.drivers:
            scenario = self._defaults.get(protocol.name) or plain(protocol)
            stage = Stage(scenario, Clock(self._epoch()))
            self.drivers[key] = Driver(stage, asyncio.get_running_loop(), scenario.speed)
        return self.drivers[key]
