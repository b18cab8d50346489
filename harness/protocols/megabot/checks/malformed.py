"""Message Validation: whatever lacks what the validator asks for is refused, and the server goes on serving."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.conformance.check import Violation, check, expect
from harness.conformance.malformed import GONE, Malformed, Source
from harness.conformance.trial import FAR_S, Trial, judge
from harness.core.message import field_of
from harness.protocols.megabot.lab import REPLIES, MegabotLab, MegabotPeer

KINDS = ("chat_send", "tool_call", "session_join", "collaborative_action")
ASKED_FOR = ("id", "type", "payload", "payload.tool_name", "payload.execution_id")
COUNT = 60
AT_ONCE = 15  # With one chat afterwards: a language model takes its time.


def _demanded(kind: str, where: str, value: Any) -> bool:
    """What the validator asks for is missing, or a content is no text or empty."""
    return (where in ASKED_FOR and value is GONE) or where == "payload.content"


# The members of metadata would have to name this connection's user and session.
SOURCE = Source.of("megabot", "client", demanded=_demanded, texts=(), without=("metadata",))


def _dressed(client: MegabotPeer, malformed: Malformed) -> Malformed:
    return malformed.with_members(id=client.lab.unique("msg"))


async def _refused(client: MegabotPeer, malformed: Malformed) -> None:
    """Demand an error or the end, and not what a good message would bring."""
    await client.in_turn()
    await client.send_frame(malformed.frame)
    try:
        answer = await client.first(*REPLIES, "tool_result")
    except Violation:
        expect(client.is_lost, "an error or the end", "neither")
        return
    # A tool may say by its result that it was called wrongly.
    failed = answer.get("type") == "tool_result" and field_of(answer, "payload.status") != "completed"
    expect(failed or answer.get("type") not in (*REPLIES, "tool_result"), "an error or the end", answer)


@check("MEG-VAL-11", lasts_s=FAR_S)
async def whatever_lacks_something_is_refused(lab: MegabotLab) -> None:
    """Send messages of several types that lack something, and now and then a chat, which must be answered."""

    async def connect() -> Sequence[MegabotPeer]:
        return [await lab.client()]

    async def probe(peers: Sequence[MegabotPeer], group: Sequence[Malformed]) -> None:
        client = peers[0]
        for malformed in group:
            if client.is_lost:  # It may end the connection, but not stay away.
                client = await lab.client()
            await _refused(client, malformed)
        client = await lab.client() if client.is_lost else client
        expect(await client.is_serving(), "a reply to a chat", "none")

    kinds = [kind for kind in KINDS if kind != "tool_call" or lab.profile.capabilities.get("tools") is not False]
    await judge(Trial(SOURCE.of_kinds(*kinds), connect, probe, _dressed, AT_ONCE), lab.chance, COUNT)
