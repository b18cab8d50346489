"""Runs a suite against our own mock, in memory and in virtual time."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

from harness.conformance.conditions import BusyLoop, Conditions
from harness.conformance.memory import MemoryOpener
from harness.conformance.profile import Profile
from harness.conformance.runner import Options, run
from harness.conformance.suite import Suite
from harness.conformance.verdict import Report
from harness.core.clock import Clock, run_virtual
from harness.core.protocol import Protocol
from harness.scenario.house import House

SIDE_BY_SIDE = 1000  # Virtual time has no crowd to fear.


def rehearse(
    suite: Suite,
    protocol: Protocol,
    options: Options | None = None,
    profile: Profile | None = None,
    conditions: Conditions | None = None,
) -> Report:
    """Judge a mock of `protocol`, which may have a defect, or work under bad `conditions`."""
    return run_virtual(_rehearsal(suite, protocol, options or Options(), profile, conditions or Conditions()))


async def _rehearsal(
    suite: Suite, protocol: Protocol, options: Options, profile: Profile | None, conditions: Conditions
) -> Report:
    loop = asyncio.get_running_loop()
    clock = Clock()

    def wall_s() -> float:
        return clock.wall_s(loop.time())

    house = House({protocol.name: protocol}, wall_s, loop=lambda: BusyLoop(loop, conditions))
    target = f"ws://mock{protocol.paths[0]}"
    chance = random.Random(options.seed)
    profile = replace(profile or suite.demo_profile(target, chance), side_by_side=SIDE_BY_SIDE)
    return await run(suite, profile, MemoryOpener(house, conditions), wall_s, options)
