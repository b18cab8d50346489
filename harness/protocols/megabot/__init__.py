"""MegaBot: an assistant that streams its replies, tools with progress, and workspaces that clients share."""

from pathlib import Path

from harness.core.http import Endpoint
from harness.core.protocol import Protocol
from harness.protocols.megabot.login import login
from harness.protocols.megabot.rules import Facts, Rules
from harness.protocols.megabot.session import MegabotSession
from harness.protocols.megabot.world import MegabotWorld

PROTOCOL = Protocol(
    name="megabot",
    title="MegaBot",
    paths=("/ws",),
    folder=Path(__file__).parent,
    world=MegabotWorld,
    session=MegabotSession,
    facts=Facts(),
    rules=Rules(),
    reads_binary=False,
    http=(Endpoint("POST", "/api/auth/login", login),),
    hint="Connect without credentials, with the API key your_api_key, or log in as user with the password pass",
)
