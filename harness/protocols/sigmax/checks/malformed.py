"""Error Handling: whatever is malformed is answered by an error, and the connection goes on serving."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.conformance.check import check, expect
from harness.conformance.malformed import GONE, Malformed, Source
from harness.conformance.trial import FAR_S, Trial, judge
from harness.protocols.sigmax.lab import SigmaxLab, SigmaxPeer, request_id_of

COUNT = 115


def _demanded(kind: str, where: str, value: Any) -> bool:
    """A type that there is not, and data of a wrong shape where a message needs some.

    What is empty or missing may be taken for an empty selection. What commands need is not documented.
    """
    if where == "type":
        return True
    is_there = value is not GONE and bool(value)
    wants_data = kind in ("subscribe", "unsubscribe")
    return wants_data and is_there and where in ("data", "data.topics", "data.symbols", "data.topics.*")


SOURCE = Source.of("sigmax", "client", demanded=_demanded, without=("request_id",))


async def _refused(peers: Sequence[SigmaxPeer], group: Sequence[Malformed]) -> None:
    """Demand an error about it, and then the answer to a ping."""
    client = peers[0]
    await client.send_frame(group[0].frame)
    expect(await client.receive("error", where=lambda m: request_id_of(m) is None), "an error")
    asked = (await client.say("ping"))["request_id"]
    answer = await client.receive("pong", "error", where=lambda m: m["type"] == "pong" or request_id_of(m) == asked)
    expect(answer["type"] == "pong", "a connection that goes on serving", answer)


@check("SIG-ERR-14", lasts_s=FAR_S)
async def whatever_is_malformed_is_refused(lab: SigmaxLab) -> None:
    """Send what the schemas refuse, with a ping after each."""

    async def connect() -> Sequence[SigmaxPeer]:
        return [await lab.client()]

    await judge(Trial(SOURCE, connect, _refused), lab.chance, COUNT)
