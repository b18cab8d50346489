"""SIGMAX: topic subscriptions to a trading system that proposes, approves and executes trades by itself."""

from pathlib import Path

from harness.core.protocol import Protocol
from harness.protocols.sigmax.rules import Facts, Rules
from harness.protocols.sigmax.session import SigmaxSession
from harness.protocols.sigmax.world import SigmaxWorld

PROTOCOL = Protocol(
    name="sigmax",
    title="SIGMAX",
    paths=("/api/ws",),
    folder=Path(__file__).parent,
    world=SigmaxWorld,
    session=SigmaxSession,
    facts=Facts(),
    rules=Rules(),
    hint='no key is needed; {"type": "subscribe", "data": {"topics": ["all"]}} brings every event',
)
