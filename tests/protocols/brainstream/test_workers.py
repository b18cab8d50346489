"""Agents and models: what is told of them is counted, and counters only grow."""

import pytest

from harness.protocols.brainstream.workers import AGENTS, MODELS, Workers


def busy(is_fresh=False, seed="1", ticks=3000):
    workers = Workers(is_fresh, seed)
    failures = [agent for tick in range(1, ticks + 1) for agent in workers.work(tick)]
    return workers, failures


def test_the_names_and_figures_of_the_sample_are_the_first_ones():
    workers = Workers(False, "1")
    assert workers.agent_data()["MacroAgent"] == {"latency_ms": 45.2, "success_rate": 0.98, "invocations": 1500}
    assert workers.model_data()["ChronosService"] == {"latency_ms": 120.5, "invocations": 1523}


def test_who_has_never_been_called_is_not_told_of():
    workers = Workers(True, "1")
    assert (workers.agent_data(), workers.model_data()) == ({}, {})
    list(workers.work(1))
    assert set(workers.agent_data()) == {"PhysicsAgent", "RiskAgent"}
    assert set(workers.model_data()) == {"RegimeClassifier"}
    assert workers.agent_data()["PhysicsAgent"]["invocations"] == 1


def test_each_is_called_at_its_own_pace():
    workers, _ = busy(is_fresh=True)
    counts = {name: each["invocations"] for name, each in (workers.agent_data() | workers.model_data()).items()}
    assert counts == {job.name: 3000 // job.every_ticks for job in (*AGENTS, *MODELS)}


@pytest.mark.parametrize("seed", range(20))
def test_success_rates_are_those_of_the_calls_that_were_counted(seed):
    workers, failures = busy(seed=str(seed), ticks=1000)
    for job in AGENTS:
        told = workers.agent_data()[job.name]
        good = told["success_rate"] * told["invocations"]
        failed = sum(agent.job is job for agent in failures)
        assert good == pytest.approx(round(job.calls * job.good) + told["invocations"] - job.calls - failed, abs=0.02)
        assert told["success_rate"] == pytest.approx(job.good, abs=0.02)
    assert workers.audit() == []


def test_latencies_stay_near_what_is_usual_but_move():
    workers, _ = busy()
    data = workers.agent_data() | workers.model_data()
    for job in (*AGENTS, *MODELS):
        assert data[job.name]["latency_ms"] == pytest.approx(job.latency_ms, rel=0.5)
        assert data[job.name]["latency_ms"] != job.latency_ms


def test_only_models_with_a_cache_have_a_hit_rate():
    workers, _ = busy()
    rates = {name: each.get("cache_hit_rate") for name, each in workers.model_data().items()}
    assert rates.pop("ChronosService") is None
    assert all(0 < rate < 1 for rate in rates.values())


def test_the_audit_tells_of_counters_that_fall_and_of_more_good_calls_than_calls():
    workers, _ = busy(ticks=10)
    assert workers.audit() == []
    workers.agents[0].calls -= 1
    workers.models[1].good = 10_000
    assert [fault.split(":")[0] for fault in workers.audit()] == ["MacroAgent", "RegimeClassifier"]
