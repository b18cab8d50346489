"""Runs a suite against our own mock, in memory and in virtual time."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Collection, Iterator
from contextlib import contextmanager
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
    lacks: Collection[str] = (),
    conditions: Conditions | None = None,
) -> Report:
    """Judge a mock of `protocol`, which may have a defect, or be a variant that lacks some capabilities.

    It works under bad `conditions`, where those are given.
    """
    options = options or Options()
    target = f"ws://mock{protocol.paths[0]}"
    profile = (profile or suite.demo_profile(target, random.Random(options.seed))).lacking(lacks)
    return run_virtual(_rehearsal(suite, protocol, options, profile, conditions or Conditions()))


async def _rehearsal(
    suite: Suite, protocol: Protocol, options: Options, profile: Profile, conditions: Conditions
) -> Report:
    loop = asyncio.get_running_loop()
    clock = Clock()

    def wall_s() -> float:
        return clock.wall_s(loop.time())

    house = House({protocol.name: protocol}, wall_s, loop=lambda: BusyLoop(loop, conditions))
    opener = MemoryOpener(house, conditions)
    return await run(suite, replace(profile, side_by_side=SIDE_BY_SIDE), opener, wall_s, options)


@contextmanager
def errors_only() -> Iterator[None]:
    """Inside the block the mock logs what fails in it, and not what its clients do: checks misbehave on purpose."""
    log = logging.getLogger("harness")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)
