"""What the server in between polls over plain HTTP (4): the state, and how agents and models do."""

from __future__ import annotations

from harness.core.http import Endpoint, HttpReply, HttpRequest
from harness.core.message import Message
from harness.protocols.brainstream.rules import Rules
from harness.protocols.brainstream.world import BrainStreamWorld


def _part_of(data: Message, path: str) -> Message:
    name = path.rsplit("/", 1)[-1]
    if name in ("agents", "models"):
        part: Message = data[name]
        return part
    return {key: value for key, value in data.items() if key not in ("agents", "models")}


def _answer(world: BrainStreamWorld, rules: Rules, request: HttpRequest, now: float) -> HttpReply:
    if world.facts.feed == "down":
        return HttpReply({"error": "backend unavailable"}, 503)
    return HttpReply(_part_of(world.data, request.path))


ENDPOINTS = (
    Endpoint("GET", "/api/system/state/current", _answer),
    Endpoint("GET", "/api/system/metrics/agents", _answer),
    Endpoint("GET", "/api/system/metrics/models", _answer),
)
