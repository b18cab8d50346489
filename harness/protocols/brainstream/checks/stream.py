"""4 and 6.2: when packets come, how large they are, and that they tell something new."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from harness.conformance.check import Unobserved, check, expect
from harness.core.conversation import Conversation
from harness.core.message import field_of
from harness.protocols.brainstream.checks.reading import packets
from harness.protocols.brainstream.lab import BrainStreamPeer

PACKETS_ENOUGH = 11  # Of which the mean of ten times between them can be taken.
MEAN_LEAST_S, MEAN_MOST_S = 0.7, 1.5
GAP_S = 3.0
CLOSE_S = 0.3  # Two packets with less between them belong to one burst.
CLOSE_PART = 0.4  # Of the times between packets; a late packet now and then is close to the next.
SIZE_BYTES = 10_000  # Twice what the spec tells of.
GROWTH = 1.05


def _arrivals(conversation: Conversation) -> list[float]:
    return [entry.at_s for entry, _ in conversation.messages("server", "TELEMETRY")]


@check("BRA-STREAM-01")
def packets_come_about_every_second(conversation: Conversation) -> Iterator[None]:
    """The mean time between packets of every connection that had eleven or more."""
    times = _arrivals(conversation)
    if len(times) >= PACKETS_ENOUGH:
        mean_s = (times[-1] - times[0]) / (len(times) - 1)
        wanted = f"packets {MEAN_LEAST_S:g} to {MEAN_MOST_S:g} s apart in the mean"
        yield expect(MEAN_LEAST_S <= mean_s <= MEAN_MOST_S, wanted, f"{mean_s:.2f} s over {len(times)} packets")


@check("BRA-STREAM-02")
def the_stream_has_no_gap(conversation: Conversation) -> Iterator[None]:
    """The time between two packets, and from the last one to the end of the record."""
    times = [entry.at_s for entry, _ in packets(conversation)]
    for before_s, after_s in pairwise(times):
        gap_s = after_s - before_s
        yield expect(gap_s <= GAP_S, f"packets {GAP_S:g} s apart at most", f"{gap_s:.1f} s")
    if times:
        silence_s = conversation.entries[-1].at_s - times[-1]
        if silence_s > GAP_S:
            yield expect(False, f"a packet within {GAP_S:g} s of the one before", f"none for {silence_s:.1f} s")


@check("BRA-STREAM-03")
def packets_come_one_by_one(conversation: Conversation) -> Iterator[None]:
    """Of the times between packets, how many are so short that the packets belong together."""
    times = _arrivals(conversation)
    if len(times) >= PACKETS_ENOUGH:
        close = sum(after_s - before_s < CLOSE_S for before_s, after_s in pairwise(times))
        part = close / (len(times) - 1)
        found = f"{close} of {len(times)} came within {CLOSE_S:g} s of the one before"
        yield expect(part <= CLOSE_PART, "packets that come one by one", found)


@check("BRA-STREAM-04", lasts_s=12)
async def ten_packets_tell_something_new(listener: BrainStreamPeer) -> None:
    """Listen to ten packets; one that differs from the first will do, whatever it differs in."""
    told = [await listener.fresh() for _ in range(PACKETS_ENOUGH)]
    if any(field_of(packet, "data.status") != "ACTIVE" for packet in told):
        raise Unobserved("the engine is not ACTIVE: nothing may happen")
    first = told[0].get("data")
    changed = any(packet.get("data") != first for packet in told)
    expect(changed, f"{len(told)} packets that do not all tell the same", told[-1])


@check("BRA-PERF-02")
def packets_do_not_grow(conversation: Conversation) -> Iterator[None]:
    """Every connection of eleven packets and more: large ones that never get smaller and grow by a twentieth."""
    sizes = [len(entry.frame.data) for entry, _ in conversation.messages("server", "TELEMETRY")]
    if len(sizes) >= PACKETS_ENOUGH:
        grows = all(before <= after for before, after in pairwise(sizes)) and sizes[-1] > GROWTH * sizes[0]
        found = f"{sizes[0]:,} bytes, and {sizes[-1]:,} after {len(sizes)} packets"
        yield expect(sizes[-1] <= SIZE_BYTES or not grows, "packets that stay as large as they are", found)
