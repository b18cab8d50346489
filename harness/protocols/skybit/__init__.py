"""Skybit: trading by chat. Auth, then Chat -> Plan -> Preview -> Approve -> Status, with quotes beside it."""

from pathlib import Path

from harness.core.protocol import Protocol
from harness.protocols.skybit.rules import Facts, Rules
from harness.protocols.skybit.session import SkybitSession
from harness.protocols.skybit.world import SkybitWorld

PROTOCOL = Protocol(
    name="skybit",
    title="Skybit",
    paths=("/artifact/v1",),
    folder=Path(__file__).parent,
    world=SkybitWorld,
    session=SkybitSession,
    facts=Facts(),
    rules=Rules(),
    hint="Auth with the token demo-user-1 (or any other number); demo-expired has expired, all others are refused",
)
