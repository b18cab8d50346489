"""Broken servers, at agents and models."""

from __future__ import annotations

from harness.protocols.brainstream.defects.breaking import lacking, wrong

agents_in_a_list = wrong("agents-in-a-list", "BRA-AGENT-01", "agents", lambda v: [{"name": name} for name in v])
no_agents = lacking("no-agents", "BRA-AGENT-01", "agents")
agents_by_latency = wrong(
    "agents-by-latency",
    "BRA-AGENT-01",
    "agents.*",
    lambda v: v["latency_ms"],
)
agent_latency_with_unit = wrong("agent-latency-with-unit", "BRA-AGENT-02", "agents.*.latency_ms", lambda v: f"{v} ms")
agent_latency_below_nothing = wrong(
    "agent-latency-below-nothing", "BRA-AGENT-02", "agents.*.latency_ms", lambda v: -1.0
)
success_in_percent = wrong("success-in-percent", "BRA-AGENT-03", "agents.*.success_rate", lambda v: 1 + 99 * v)
agent_calls_in_words = wrong("agent-calls-in-words", "BRA-AGENT-04", "agents.*.invocations", str)
agent_calls_in_parts = wrong("agent-calls-in-parts", "BRA-AGENT-04", "agents.*.invocations", lambda v: v + 0.5)
agents_without_calls = lacking("agents-without-calls", "BRA-AGENT-05", "agents.*.invocations")
agent_calls_of_a_window = wrong("agent-calls-of-a-window", "BRA-AGENT-06", "agents.*.invocations", lambda v: v % 3)

models_in_a_list = wrong("models-in-a-list", "BRA-MODEL-01", "models", lambda v: [{"name": name} for name in v])
model_latency_unknown = wrong("model-latency-unknown", "BRA-MODEL-02", "models.*.latency_ms", lambda v: None)
models_without_calls = lacking("models-without-calls", "BRA-MODEL-03", "models.*.invocations")
hit_rate_in_percent = wrong("hit-rate-in-percent", "BRA-MODEL-04", "models.*.cache_hit_rate", lambda v: 1 + 99 * v)
model_calls_of_a_window = wrong("model-calls-of-a-window", "BRA-MODEL-05", "models.*.invocations", lambda v: v % 3)
