"""EventBus: four one-way streams of events in one stable envelope - prediction, automation, training, hft."""

from pathlib import Path

from harness.core.protocol import Protocol
from harness.protocols.eventbus.rules import Facts, Rules
from harness.protocols.eventbus.session import EventBusSession
from harness.protocols.eventbus.world import EventBusWorld

PROTOCOL = Protocol(
    name="eventbus",
    title="EventBus",
    paths=("/api/ws/prediction", "/api/ws/automation", "/api/ws/training", "/api/ws/hft"),
    folder=Path(__file__).parent,
    world=EventBusWorld,
    session=EventBusSession,
    facts=Facts(),
    rules=Rules(),
    hint="one channel per path; no credentials, nothing to send: connect and listen",
)
