"""What the mock shall reach, each as a ratio to a peer of the same run, or as a figure of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Figures = Mapping[str, float]
Medians = Mapping[str, Figures]  # By "case / peer".


@dataclass(frozen=True)
class Goal:
    """One goal: `measured` raises KeyError or ZeroDivisionError where the run lacks what it needs."""

    words: str
    limit: float
    is_most: bool
    measured: Callable[[Medians], float]

    def is_met(self, value: float) -> bool:
        """Whether this is good enough."""
        return value <= self.limit if self.is_most else value >= self.limit

    def bound(self) -> str:
        """The limit in words."""
        return f"{'at most' if self.is_most else 'at least'} {self.limit:g}"


def _ratio(case: str, peer: str) -> Callable[[Medians], float]:
    return lambda medians: medians[f"{case} / mock"]["rate"] / medians[f"{case} / {peer}"]["rate"]


def _own(case: str, figure: str) -> Callable[[Medians], float]:
    return lambda medians: medians[f"{case} / mock"][figure]


def _stalled(figure: str) -> Callable[[Medians], float]:
    return lambda medians: medians["stalled / mock"][figure] / medians["broadcast / mock"][figure]


GOALS = (
    Goal("broadcast, of the C loop", 0.75, False, _ratio("broadcast", "C loop")),
    Goal("broadcast, of Node ws", 1.4, False, _ratio("broadcast", "Node ws")),
    Goal("deflate, of Node ws", 12, False, _ratio("deflate", "Node ws")),
    Goal("deflate, of aiohttp", 6, False, _ratio("deflate", "aiohttp")),
    Goal("a tenth stalled: deliveries, of those without", 0.9, False, _stalled("rate")),
    Goal("a tenth stalled: memory, of that without", 1.1, True, _stalled("memory_mib")),
    Goal("Skybit Heartbeat, of aiohttp's echo", 0.6, False, _ratio("heartbeat", "aiohttp")),
    Goal("SIGMAX ping, of aiohttp's echo", 0.6, False, _ratio("sigmax-ping", "aiohttp")),
    Goal("MegaBot ping, of aiohttp's pong", 0.6, False, _ratio("megabot-ping", "aiohttp")),
    Goal("idle: KiB for each of 10,000 connections", 20, True, _own("idle", "kib_per_connection")),
    Goal("idle: accepted a second", 7000, False, _own("idle", "accepted_per_s")),
    Goal("5000 clients at 1 Hz: p99 of the delay in ms", 100, True, _own("second", "p99_ms")),
    Goal("slow readers: how many of the 5 are cut and told so", 5, False, _own("slow-reader", "slow_told")),
    Goal("slow readers: p99 of the others' delay in ms", 100, True, _own("slow-reader", "p99_ms")),
)  # fmt: skip


def judged(medians: Medians) -> list[tuple[Goal, float]]:
    """The goals of which the run has what they need, and what was measured."""
    result = []
    for goal in GOALS:
        try:
            result.append((goal, goal.measured(medians)))
        except (KeyError, ZeroDivisionError):
            continue
    return result
