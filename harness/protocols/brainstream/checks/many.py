"""5 and 7.2: many clients at once, who see one world and do not disturb each other."""

from __future__ import annotations

import asyncio
from typing import Any

from harness.conformance.check import Unobserved, Violation, check, expect, given
from harness.core.message import Message, field_of
from harness.protocols.brainstream.checks.commands import is_kept
from harness.protocols.brainstream.checks.reading import at_of
from harness.protocols.brainstream.lab import BrainStreamLab, BrainStreamPeer

AT_ONCE = 10
TOGETHER = 5  # So many packets are compared.
COMPARED = ("status", "market", "portfolio", "signal", "governance")


async def _pair(lab: BrainStreamLab) -> tuple[BrainStreamPeer, BrainStreamPeer]:
    with given("two clients"):
        one, other = await asyncio.gather(lab.listener(), lab.listener())
    return one, other


@check("BRA-MANY-01")
async def the_loss_of_another_is_not_felt(lab: BrainStreamLab) -> None:
    """Cut the connection of another client."""
    one, other = await _pair(lab)
    await other.abort()
    await is_kept(one)


@check("BRA-MANY-02")
async def the_farewell_of_another_is_not_felt(lab: BrainStreamLab) -> None:
    """Let another client close its connection."""
    one, other = await _pair(lab)
    await other.close()
    await is_kept(one)


async def _all_served(lab: BrainStreamLab, wanted: str) -> list[BrainStreamPeer]:
    """Ten clients at once, each of which gets packets and stays."""
    peers = await asyncio.gather(*(lab.anyone() for _ in range(AT_ONCE)))
    for peer in peers:
        try:
            expect(await peer.receive("TELEMETRY"), wanted)
        except Violation as violation:
            raise Violation(wanted, str(violation)) from violation
    for peer in peers:
        expect(not peer.is_lost, wanted, "a connection that ended")
    return peers


@check("BRA-SEC-03", alone=True)
async def ten_clients_are_served_at_once(lab: BrainStreamLab) -> None:
    """Open ten connections, and listen on all of them."""
    await _all_served(lab, f"{AT_ONCE} connections that are all sent the stream")


@check("BRA-MANY-03", alone=True, lasts_s=8)
async def places_are_free_again(lab: BrainStreamLab) -> None:
    """Open ten connections, close one half and cut the other, and open ten more."""
    with given(f"{AT_ONCE} clients at once"):
        gone = await _all_served(lab, "the stream")
    for number, peer in enumerate(gone):
        await (peer.close() if number % 2 else peer.abort())
    await asyncio.gather(*(peer.closed() for peer in gone))
    await gone[0].pause(lab.profile.quiet_s)
    await _all_served(lab, f"{AT_ONCE} more connections that are all sent the stream, the first being gone")


async def _side_by_side(lab: BrainStreamLab) -> list[list[Message]]:
    """The packets that two clients are told in the same time."""
    one, other = await _pair(lab)
    with given("a stream that goes on"):
        return list(await asyncio.gather(_next_packets(one), _next_packets(other)))


async def _next_packets(peer: BrainStreamPeer) -> list[Message]:
    return [await peer.fresh() for _ in range(TOGETHER)]


@check("BRA-MANY-05", lasts_s=7)
async def the_same_moment_looks_the_same(lab: BrainStreamLab) -> None:
    """Two clients listen; packets of the same moment are compared, where it is told more finely than by the second."""
    ours, theirs = [_by_moment(packets) for packets in await _side_by_side(lab)]
    common = sorted(ours.keys() & theirs.keys())
    if not common:
        raise Unobserved("no two packets tell of the same moment, by more than the second")
    for at in common:
        # A moment that is told of twice is none that says which snapshot it is.
        alike = any(_state(one) == _state(other) for one in ours[at] for other in theirs[at])
        expect(alike, f"the state that another client is told of the same moment: {_state(theirs[at][0])}", ours[at][0])


def _by_moment(packets: list[Message]) -> dict[float, list[Message]]:
    result: dict[float, list[Message]] = {}
    for packet in packets:
        at = at_of(packet)
        if at is not None and at % 1:
            result.setdefault(at, []).append(packet)
    return result


def _state(packet: Message) -> list[Any]:
    return [field_of(packet, f"data.{name}") for name in COMPARED]


@check("BRA-MANY-06", lasts_s=7)
async def all_see_the_same_symbol(lab: BrainStreamLab) -> None:
    """Two clients listen; should the symbol change meanwhile, one in common will do."""
    ours, theirs = [{str(field_of(p, "data.market.symbol")) for p in packets} for packets in await _side_by_side(lab)]
    expect(ours & theirs, f"the symbol that another client is told: {', '.join(sorted(theirs))}", sorted(ours))
