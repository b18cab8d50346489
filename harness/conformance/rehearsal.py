"""Runs a suite against our own mock, in memory and in virtual time."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

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
    suite: Suite, protocol: Protocol, options: Options | None = None, profile: Profile | None = None
) -> Report:
    """Judge a mock of `protocol`, which may have a defect."""
    return run_virtual(_rehearsal(suite, protocol, options or Options(), profile))


async def _rehearsal(suite: Suite, protocol: Protocol, options: Options, profile: Profile | None) -> Report:
    loop = asyncio.get_running_loop()
    clock = Clock()

    def wall_s() -> float:
        return clock.wall_s(loop.time())

    house = House({protocol.name: protocol}, wall_s)
    target = f"ws://mock{protocol.paths[0]}"
    chance = random.Random(options.seed)
    profile = replace(profile or suite.demo_profile(target, chance), side_by_side=SIDE_BY_SIDE)
    return await run(suite, profile, MemoryOpener(house), wall_s, options)


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
