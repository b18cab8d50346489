"""3.7 and 3.8: agents and models, and how they do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.conformance.check import check, expect
from harness.core.conversation import Conversation
from harness.core.message import field_of
from harness.protocols.brainstream.checks.reading import (
    is_count,
    is_not_negative,
    is_share,
    members,
    packets,
    worker_members,
    workers,
)


def _is_map_of_objects(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(worker, dict) for worker in value.values())


@check("BRA-AGENT-01")
def agents_are_objects_by_name(conversation: Conversation) -> Iterator[None]:
    """Every packet; none at all will do."""
    yield from members(conversation, "agents", _is_map_of_objects, "an object that holds objects")


@check("BRA-AGENT-02")
def the_latency_of_an_agent_is_a_number(conversation: Conversation) -> Iterator[None]:
    """Every agent of every packet."""
    yield from worker_members(conversation, "agents", "latency_ms", is_not_negative, "a number, 0 or more")


@check("BRA-AGENT-03")
def the_success_rate_of_an_agent_is_a_share(conversation: Conversation) -> Iterator[None]:
    """Every agent of every packet."""
    yield from worker_members(conversation, "agents", "success_rate", is_share, "a number from 0 to 1")


@check("BRA-AGENT-04")
def the_invocations_of_an_agent_are_a_count(conversation: Conversation) -> Iterator[None]:
    """Every agent of every packet that has them; 5.0 is a count as well."""
    for _, packet in packets(conversation):
        for name, agent in workers(packet, "agents").items():
            if "invocations" in agent:
                wanted = f"agents.{name}.invocations to be a whole number, 0 or more"
                yield expect(is_count(agent["invocations"]), wanted, agent)


@check("BRA-AGENT-05")
def the_invocations_of_an_agent_are_there(conversation: Conversation) -> Iterator[None]:
    """Every agent of every packet."""
    for _, packet in packets(conversation):
        for name, agent in workers(packet, "agents").items():
            wanted = f"agents.{name}.invocations (contested: the sample lacks it, the schema has it)"
            yield expect("invocations" in agent, wanted, agent)


@check("BRA-AGENT-06")
def the_invocations_of_an_agent_never_fall(conversation: Conversation) -> Iterator[None]:
    """Every agent of every packet against the packet before."""
    yield from _counts_never_fall(conversation, "agents")


@check("BRA-MODEL-01")
def models_are_objects_by_name(conversation: Conversation) -> Iterator[None]:
    """Every packet; none at all will do."""
    yield from members(conversation, "models", _is_map_of_objects, "an object that holds objects")


@check("BRA-MODEL-02")
def the_latency_of_a_model_is_a_number(conversation: Conversation) -> Iterator[None]:
    """Every model of every packet."""
    yield from worker_members(conversation, "models", "latency_ms", is_not_negative, "a number, 0 or more")


@check("BRA-MODEL-03")
def the_invocations_of_a_model_are_a_count(conversation: Conversation) -> Iterator[None]:
    """Every model of every packet; 5.0 is a count as well."""
    yield from worker_members(conversation, "models", "invocations", is_count, "a whole number, 0 or more")


def _is_rate_if_any(value: Any) -> bool:
    return value is None or is_share(value)


@check("BRA-MODEL-04")
def the_hit_rate_of_a_cache_is_a_share(conversation: Conversation) -> Iterator[None]:
    """Every model of every packet; null will do where there is no cache."""
    yield from worker_members(conversation, "models", "cache_hit_rate", _is_rate_if_any, "a number from 0 to 1")


@check("BRA-MODEL-05")
def the_invocations_of_a_model_never_fall(conversation: Conversation) -> Iterator[None]:
    """Every model of every packet against the packet before."""
    yield from _counts_never_fall(conversation, "models")


def _counts_never_fall(conversation: Conversation, kind: str) -> Iterator[None]:
    """They count since the engine began; who is away meanwhile, or an engine that is INITIALIZING, begins anew."""
    before: dict[str, float] = {}
    for _, packet in packets(conversation):
        if field_of(packet, "data.status") == "INITIALIZING":
            before = {}
        counts = {name: w["invocations"] for name, w in workers(packet, kind).items() if is_count(w.get("invocations"))}
        for name in counts.keys() & before.keys():
            wanted = f"{kind}.{name}.invocations to be {before[name]} or more"
            yield expect(counts[name] >= before[name], wanted, workers(packet, kind)[name])
        before = counts
