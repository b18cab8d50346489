"""4 and 9.1: WELCOME, the state on arrival."""

from __future__ import annotations

from collections.abc import Iterator

from harness.conformance.check import check, expect
from harness.core.conversation import Conversation
from harness.core.message import Message, field_of
from harness.protocols.brainstream.checks.reading import at_of, packets
from harness.protocols.brainstream.lab import BrainStreamLab

AT_ONCE_S = 2.0  # The stream itself begins within 3 s.
STALE_S = 5.0
MEMBERS = {
    "": ("timestamp", "status", "market", "portfolio", "signal", "governance", "logs", "agents", "models"),
    ".market": ("symbol", "price", "alpha", "regime", "velocity", "acceleration"),
    ".portfolio": ("nav", "cash", "daily_pnl", "max_drawdown"),
    ".signal": ("side", "confidence", "reasoning"),
    ".governance": ("approved_size",),
}


@check("BRA-WEL-01")
def welcome_comes_first(conversation: Conversation) -> Iterator[None]:
    """The first message of every connection."""
    wanted = "WELCOME as the first message (on the engine's path this is contested)"
    for message in conversation.received()[:1]:
        if not conversation.dropped:  # Else the beginning is not in this record.
            yield expect(message.get("type") == "WELCOME", wanted, message)


@check("BRA-WEL-02")
def welcome_comes_once(conversation: Conversation) -> Iterator[None]:
    """Every packet after a WELCOME."""
    is_welcomed = False
    for _, packet in packets(conversation):
        if is_welcomed:
            yield expect(packet["type"] != "WELCOME", "no other WELCOME on this connection", packet)
        is_welcomed = is_welcomed or packet["type"] == "WELCOME"


@check("BRA-WEL-03")
async def welcome_comes_at_once(lab: BrainStreamLab) -> None:
    """Connect, and wait for it no longer than for what is sent at once."""
    peer = await lab.anyone()
    within_s = AT_ONCE_S + lab.profile.round_trip_s
    expect(await peer.receive("WELCOME", within_s=within_s), "WELCOME at once")


@check("BRA-WEL-04")
def welcome_has_all_members(conversation: Conversation) -> Iterator[None]:
    """Every WELCOME: a client reads data.market.price from each packet."""
    for welcome in conversation.received("WELCOME"):
        missing = list(_missing(welcome))
        yield expect(not missing, f"a WELCOME with {' and '.join(missing)}", welcome)


def _missing(packet: Message) -> Iterator[str]:
    for path, names in MEMBERS.items():
        parent = field_of(packet, f"data{path}")
        # Of a parent that is missing itself, nothing more need be said.
        if isinstance(parent, dict):
            yield from (f"data{path}.{name}" for name in names if name not in parent)


@check("BRA-WEL-05")
def welcome_tells_the_present_state(conversation: Conversation) -> Iterator[None]:
    """WELCOME's moment against that of the next packet: the server's own times, no clock of ours."""
    pair = list(packets(conversation))[:2]
    if [packet["type"] for _, packet in pair] != ["WELCOME", "TELEMETRY"]:
        return
    (first, welcome), (second, telemetry) = pair
    told_at, next_at = at_of(welcome), at_of(telemetry)
    if told_at is not None and next_at is not None:
        late_s = (next_at - told_at) - (second.at_s - first.at_s)
        yield expect(late_s <= STALE_S, f"the present state, not one of {late_s:.0f} s before", welcome)
