"""Those who work for the engine: agents (3.7) and models (3.8), with what is measured of their calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

NEW_CALL = 0.1  # The part of a new call in the moving average of latencies.
SPREAD = 0.25  # The deviation of a latency's logarithm.


@dataclass(frozen=True, slots=True)
class Job:
    """What one of them is like: called every so many ticks, usual latency, and how many calls it had at the start.

    `good` is the chance that a call of an agent succeeds, and that the cache answers a call of a model.
    """

    name: str
    every_ticks: int
    latency_ms: float
    calls: int
    good: float | None = None


AGENTS = (
    Job("MacroAgent", 3, 45.2, 1500, 0.98),
    Job("PhysicsAgent", 1, 12.4, 8650, 0.999),
    Job("SentimentAgent", 5, 88.7, 910, 0.965),
    Job("RiskAgent", 1, 6.8, 8650, 0.998),
    Job("ExecutionAgent", 2, 18.3, 4325, 0.992),
)
MODELS = (
    Job("ChronosService", 2, 120.5, 1523),
    Job("RegimeClassifier", 1, 9.6, 8650, 0.42),
    Job("SentimentEncoder", 5, 64.1, 910, 0.71),
    Job("ReasoningModel", 10, 412.0, 455, 0.18),
)


class Worker:
    """One agent or model, and its counters, which only grow."""

    def __init__(self, job: Job, is_fresh: bool, chance: Random) -> None:
        self.job = job
        self.latency_ms = job.latency_ms
        self.calls = 0 if is_fresh else job.calls
        self.good = round(self.calls * (job.good or 0.0))
        self._chance = chance

    def call(self) -> bool:
        """One more call; whether it was good."""
        job = self.job
        is_good = job.good is not None and self._chance.random() < job.good
        latency_ms = job.latency_ms * self._chance.lognormvariate(0.0, SPREAD)
        self._note(latency_ms, is_good)
        return is_good

    def _note(self, latency_ms: float, is_good: bool) -> None:
        self.calls += 1
        self.good += is_good
        # The first call of all has nothing to be averaged with.
        weight = NEW_CALL if self.calls > 1 else 1.0
        self.latency_ms += weight * (latency_ms - self.latency_ms)

    @property
    def rate(self) -> float:
        """The part of the calls that was good."""
        return round(self.good / self.calls, 6)


class Workers:
    """All of them. With `is_fresh`, none has been called yet."""

    def __init__(self, is_fresh: bool, seed: str) -> None:
        chance = Random(f"{seed}/workers")
        self.agents = [Worker(job, is_fresh, chance) for job in AGENTS]
        self.models = [Worker(job, is_fresh, chance) for job in MODELS]
        self._audited: dict[str, int] = {}

    def work(self, tick: int) -> Iterator[Worker]:
        """Make the calls of one tick. Those agents whose call failed are given back."""
        for model in self.models:
            if tick % model.job.every_ticks == 0:
                model.call()
        for agent in self.agents:
            if tick % agent.job.every_ticks == 0 and not agent.call():
                yield agent

    def agent_data(self) -> dict[str, Any]:
        """The agents object of a packet. Who has never been called is not in it."""
        return {
            each.job.name: {
                "latency_ms": round(each.latency_ms, 1),
                "success_rate": each.rate,
                "invocations": each.calls,
            }
            for each in self.agents
            if each.calls
        }

    def model_data(self) -> dict[str, Any]:
        """The models object of a packet. Only a model with a cache has a hit rate."""
        data: dict[str, Any] = {}
        for each in self.models:
            if each.calls:
                data[each.job.name] = {"latency_ms": round(each.latency_ms, 1), "invocations": each.calls}
                if each.job.good is not None:
                    data[each.job.name]["cache_hit_rate"] = each.rate
        return data

    def audit(self) -> list[str]:
        """What does not add up: counters that fell since the last look, or more good calls than calls."""
        faults = []
        for each in (*self.agents, *self.models):
            name = each.job.name
            if not 0 <= each.good <= each.calls or each.calls < self._audited.get(name, 0):
                faults.append(f"{name}: {each.good} good calls of {each.calls}")
            self._audited[name] = each.calls
        return faults
