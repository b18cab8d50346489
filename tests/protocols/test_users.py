"""The load users of every protocol, judged by its own targets in memory: the mock meets them, a slow one does not."""

import importlib

import pytest

from harness import protocols
from harness.load.behaviour import behaviours_in
from harness.load.targets import read

# A scenario of a slow server or a bad line, and rows that must tell of it.
SLOW = {
    "brainstream": ("slow-link", {"tick", "jitter", "update", "ping"}),
    "eventbus": ("flaky-network", {"fanout", "ping"}),
    "megabot": ("checkout-from-a-train", {"first_chunk", "fanout", "ping"}),
    "sigmax": ("slow-network", {"subscribe", "get_status", "market", "event"}),
    "skybit": ("slow-server", {"heartbeat", "plan", "preview"}),
}


def judged(crowd_of, name, scenario):
    """The targets that are missed after a minute and a half, but for those of `connect`, which memory knows not."""
    kinds = behaviours_in(importlib.import_module(f"harness.protocols.{name}.users"))
    paces = {pace: value for kind in kinds for pace, value in kind.PACES.items()}
    plan = read(kinds[0].TARGETS, paces, [row for kind in kinds for row in kind.ROWS]).without({"connect"})
    crowd = crowd_of(protocols.load(name), *(kinds * 8), scenario=scenario).run(90).end()
    return {miss.target.row for miss in plan.misses(crowd.rows())}


@pytest.mark.parametrize("name", protocols.having("users"))
def test_the_mock_meets_the_targets(crowd_of, name):
    assert judged(crowd_of, name, None) == set()


@pytest.mark.parametrize("name", protocols.having("users"))
def test_a_slow_server_misses_those_of_what_is_slow(crowd_of, name):
    scenario, rows = SLOW[name]
    assert rows <= judged(crowd_of, name, scenario)
