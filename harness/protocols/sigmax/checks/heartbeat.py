"""Heartbeat, timeout, and the rhythm of the periodic topics."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from statistics import median

from harness.conformance.check import check, expect, given
from harness.core.conversation import Conversation
from harness.protocols.sigmax.lab import SigmaxLab, SigmaxPeer

PING_S = 40.0  # Pings come every 30 s; ten for a bad line and a busy server.
EARLIEST_PING_S = 25.0
EARLY_S = 58.0  # The timeout is 60 s. Earlier is judged harder than later, since a client relies on it.
LATE_S = 100.0  # A server that looks at each heartbeat only notices at the next one.
SLOWEST, FASTEST = 1.25, 0.9  # The mean of the gaps, or the middle one, as parts of the period.
GAPS = 4
BUSY = ("market", "portfolio", "proposals", "executions", "analysis")


def _pings(conversation: Conversation) -> list[float]:
    return [e.at_s for e, _ in conversation.messages("server", "ping")]


def _last_s(conversation: Conversation) -> float:
    return conversation.entries[-1].at_s if conversation.entries else 0.0


def _is_served(conversation: Conversation) -> bool:
    return bool(conversation.received("connected")) and not conversation.dropped


@check("SIG-HB-01")
def the_first_ping_comes_in_time(conversation: Conversation) -> Iterator[None]:
    """Every connection that lasted for longer than the time a ping may take."""
    first_s = next(iter(_pings(conversation)), None)
    if _is_served(conversation) and (first_s is not None or _last_s(conversation) > PING_S):
        yield expect(first_s is not None and first_s <= PING_S, f"a ping within {PING_S:g} s of the opening", first_s)


@check("SIG-HB-02")
def pings_go_on_coming(conversation: Conversation) -> Iterator[None]:
    """The time between two pings, and from the last one to the end of the record."""
    pings = _pings(conversation)
    for before_s, after_s in pairwise(pings):
        gap_s = round(after_s - before_s, 3)
        yield expect(gap_s <= PING_S, f"pings {PING_S:g} s apart at most", f"{gap_s:g} s")
    if pings:
        silence_s = _last_s(conversation) - pings[-1]
        if silence_s > PING_S:
            yield expect(False, f"a ping within {PING_S:g} s of the one before", f"none for {silence_s:g} s")


@check("SIG-HB-03")
def pings_do_not_come_too_often(conversation: Conversation) -> Iterator[None]:
    """The time between two pings."""
    for before_s, after_s in pairwise(_pings(conversation)):
        gap_s = round(after_s - before_s, 3)
        yield expect(gap_s >= EARLIEST_PING_S, f"pings {EARLIEST_PING_S:g} s apart at least", f"{gap_s:g} s")


@check("SIG-HB-04", lasts_s=60)
async def silence_is_borne_for_a_minute(client: SigmaxPeer) -> None:
    """Say nothing until just before the timeout."""
    client.ponging = False
    await client.pause(EARLY_S)
    ended = f"it ended after {_last_s(client.conversation):.1f} s"
    expect(not client.is_lost, f"a connection that outlives {EARLY_S:g} s of silence", ended)


@check("SIG-HB-05", lasts_s=100)
async def a_dead_client_is_given_up(lab: SigmaxLab) -> None:
    """Say nothing and answer no pings, of either kind, until the connection ends."""
    with given("a connection that answers no pings"):
        client = await lab.client(pongs=False)
        client.ponging = False
    expect(await client.closed(within_s=LATE_S), f"an end within {LATE_S:g} s")


@check("SIG-HB-06", lasts_s=105)
async def pongs_keep_the_connection_open(client: SigmaxPeer) -> None:
    """Answer the server's pings and say nothing else for longer than the timeout."""
    await client.pause(LATE_S)
    expect(
        not client.is_lost, "a connection kept open by pongs", f"it ended after {_last_s(client.conversation):.1f} s"
    )


async def rhythm(lab: SigmaxLab, topic: str, period_s: float, *types: str, beside: tuple[str, ...] = ()) -> None:
    """Demand that events of a topic come in this rhythm, whenever the first one came and whatever comes beside."""
    with given(f"a subscription of {topic}"):
        client = await lab.client()
        await client.subscribe([topic, *beside])
    await client.pause((GAPS + 1) * period_s * SLOWEST + lab.profile.quiet_s)
    # A first event at once, beside the rhythm, is lawful.
    for kind in types:
        times = [e.at_s for e, _ in client.conversation.messages("server", kind)][1:]
        if len(times) > 1:
            mean_s = (times[-1] - times[0]) / (len(times) - 1)
            # A busy server may be late with the first or the last one, which the middle gap does not tell.
            middle_s = median(after_s - before_s for before_s, after_s in pairwise(times))
            lateness_s = lab.profile.round_trip_s / (len(times) - 1)
            fastest_s, slowest_s = FASTEST * period_s - lateness_s, SLOWEST * period_s + lateness_s
            good = any(fastest_s <= each <= slowest_s for each in (mean_s, middle_s))
            expect(good, f"a {kind} every {period_s:g} s", f"every {mean_s:.2f} s on average")
            return
    expect(False, f"a {types[0]} every {period_s:g} s", f"{len(client.conversation.received(*types))} of them")


@check("SIG-TIME-01", lasts_s=14)
async def the_market_comes_every_two_seconds(lab: SigmaxLab) -> None:
    """The mean time between events of the topic."""
    await rhythm(lab, "market", 2.0, "market_update")


@check("SIG-TIME-02", lasts_s=20)
async def the_portfolio_comes_every_three_seconds(lab: SigmaxLab) -> None:
    """The mean time between events of the topic."""
    await rhythm(lab, "portfolio", 3.0, "portfolio_update")


@check("SIG-TIME-03", lasts_s=32)
async def the_status_comes_every_five_seconds(lab: SigmaxLab) -> None:
    """The mean time between events of the topic, of the type that is periodic."""
    await rhythm(lab, "status", 5.0, "system_status", "status_change")


@check("SIG-TIME-04", lasts_s=64)
async def the_health_comes_every_ten_seconds(lab: SigmaxLab) -> None:
    """The mean time between events of the topic. That takes a minute, so others are there for the invariants."""
    await rhythm(lab, "health", 10.0, "health_update", beside=BUSY)
