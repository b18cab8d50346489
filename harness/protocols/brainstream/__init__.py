"""BrainStream: the telemetry of a trading engine. WELCOME at once, then TELEMETRY every second."""

from pathlib import Path

from harness.core.protocol import Protocol
from harness.protocols.brainstream.rules import Facts, Rules
from harness.protocols.brainstream.session import BrainStreamSession
from harness.protocols.brainstream.world import BrainStreamWorld

PROTOCOL = Protocol(
    name="brainstream",
    title="BrainStream",
    paths=("/ws/stream", "/"),
    folder=Path(__file__).parent,
    world=BrainStreamWorld,
    session=BrainStreamSession,
    facts=Facts(),
    rules=Rules(),
    subprotocols=("token",),
    hint="Nobody has to sign in; listen",
)
