"""Heartbeat: the answer to each, and the times in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from harness.conformance.check import Unobserved, check, expect
from harness.core.conversation import Conversation
from harness.core.message import Message, field_of
from harness.protocols.skybit.checks.probing import refused
from harness.protocols.skybit.checks.trades import is_number, is_timestamp, moment
from harness.protocols.skybit.lab import SkybitPeer

LATENCY_MS = 2.001  # What rounding may cost.


@check("SKY-HB-01")
async def a_heartbeat_is_answered(trader: SkybitPeer) -> None:
    """Send one."""
    reply = await trader.heartbeat()
    expect(reply["type"] == "Heartbeat", "a Heartbeat", reply)


@check("SKY-HB-02")
async def the_clients_time_comes_back(trader: SkybitPeer) -> None:
    """Send one; another spelling of the same moment will do."""
    client_ts = trader.envelope("Heartbeat", {})["ts"]
    await trader.say("Heartbeat", client_ts=client_ts)
    # One that the server begins by itself has no client's time to give back.
    reply = await trader.receive("Heartbeat", where=lambda m: field_of(m, "data.client_ts") is not None)
    echoed = field_of(reply, "data.client_ts")
    same = echoed == client_ts or (is_timestamp(echoed) and moment(echoed) == moment(client_ts))
    expect(same, f"client_ts to be {client_ts}", reply)


def _answers(conversation: Conversation) -> Iterator[Message]:
    """The server's Heartbeats that answer one; those that it begins by itself have no form."""
    asked = [field_of(m, "data.client_ts") for m in conversation.sent("Heartbeat")]
    for message in conversation.received("Heartbeat"):
        client_ts = field_of(message, "data.client_ts")
        if client_ts is not None and client_ts in asked:
            yield message


@check("SKY-HB-03")
def the_answer_tells_the_servers_time(conversation: Conversation) -> Iterator[None]:
    """Every answer to a Heartbeat."""
    for message in _answers(conversation):
        yield expect(
            is_timestamp(field_of(message, "data.server_ts")), "server_ts to be an RFC 3339 timestamp", message
        )


@check("SKY-HB-04")
def the_answer_tells_the_latency(conversation: Conversation) -> Iterator[None]:
    """Every answer to a Heartbeat."""
    for message in _answers(conversation):
        yield expect(is_number(field_of(message, "data.latency_ms")), "latency_ms to be a number", message)


@check("SKY-HB-06")
def the_latency_is_what_the_times_say(conversation: Conversation) -> Iterator[None]:
    """Every answer to a Heartbeat: its own two times are compared, no clock of ours."""
    for message in _answers(conversation):
        latency_ms = field_of(message, "data.latency_ms")
        server_ts = field_of(message, "data.server_ts")
        client_s, server_s = moment(field_of(message, "data.client_ts")), moment(server_ts)
        if not is_number(latency_ms) or client_s is None or server_s is None:
            continue
        between_ms = (server_s - client_s) * 1000
        tolerance_ms = LATENCY_MS if "." in server_ts else 1000.0  # Times of whole seconds say no more.
        near = any(abs(latency_ms - ms) <= tolerance_ms for ms in (between_ms, abs(between_ms), max(0, between_ms)))
        yield expect(near, f"latency_ms to be {between_ms:.0f}, from client_ts to server_ts", message)


@check("SKY-HB-07")
async def each_heartbeat_is_answered_once(trader: SkybitPeer) -> None:
    """Send three at different times, and count the answers to each."""
    asked = []
    for _ in range(3):
        asked.append(
            field_of(await trader.say("Heartbeat", client_ts=trader.envelope("Heartbeat", {})["ts"]), "data.client_ts")
        )
        await trader.pause(0.1)  # So that the times, by which answers are told apart, differ.
    await trader.pause(trader.lab.profile.quiet_s)
    answers = Counter(moment(field_of(m, "data.client_ts")) for m in _answers(trader.conversation))
    if not answers:
        raise Unobserved("no Heartbeat was answered")
    expected = Counter(moment(client_ts) for client_ts in asked)
    expect(answers == expected, f"{len(asked)} answers, one for each", f"{answers.total()} answers")


@check("SKY-HB-08")
async def a_heartbeat_without_a_time_is_refused(trader: SkybitPeer) -> None:
    """Send one with a word for client_ts."""
    await refused(trader, trader.envelope("Heartbeat", {"client_ts": "now"}), "INVALID_REQUEST")
