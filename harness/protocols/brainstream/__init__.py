"""BrainStream: the telemetry of a trading engine. WELCOME at once, then TELEMETRY every second."""

from pathlib import Path

from harness.core.protocol import Protocol
from harness.protocols.brainstream.credentials import DEMO_TOKEN, SUBPROTOCOL
from harness.protocols.brainstream.endpoints import ENDPOINTS
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
    http=ENDPOINTS,
    reads_binary=False,
    subprotocols=(SUBPROTOCOL,),
    hint=f"Nobody has to sign in. Where a scenario demands a token, offer the subprotocols token and {DEMO_TOKEN}",
)
