"""2.2, 5 and 8: what the spec wants of clients, judged on what they send."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from harness.conformance.check import check, expect
from harness.core.conversation import Conversation
from harness.core.message import Opcode

COMMANDS = ("PING", "SUBSCRIBE", "HALT")
PING_EVERY_S = 35.0  # The sample's 30 s, and five for a busy client.
PING_LEAST_S = 1.0
GRACE_S = 5.0  # For a pong that is under way.


@check("BRA-CLIENT-03")
def each_frame_is_text_with_one_object(conversation: Conversation) -> Iterator[None]:
    """Every data frame of the client."""
    for entry in conversation.entries:
        if entry.sender == "client" and entry.frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            good = entry.frame.opcode is Opcode.TEXT and entry.message is not None
            yield expect(good, "a text frame that holds a JSON object", repr(entry.frame.data[:80]))


@check("BRA-CLIENT-04")
def each_type_is_one_that_clients_send(conversation: Conversation) -> Iterator[None]:
    """Every message of the client."""
    for message in conversation.sent():
        yield expect(message.get("type") in COMMANDS, f"type to be one of {', '.join(COMMANDS)}", message)


@check("BRA-CLIENT-05")
def no_command_of_the_future_is_sent(conversation: Conversation) -> Iterator[None]:
    """Every message of the client."""
    for message in conversation.sent(*COMMANDS):
        yield expect(message["type"] == "PING", "no command that servers do not know yet", message)


@check("BRA-CLIENT-06")
def each_subscribe_names_a_symbol(conversation: Conversation) -> Iterator[None]:
    """Every SUBSCRIBE."""
    for message in conversation.sent("SUBSCRIBE"):
        symbol = message.get("symbol")
        yield expect(isinstance(symbol, str) and symbol, "a symbol", message)


def _pings(conversation: Conversation) -> list[float]:
    return [entry.at_s for entry, _ in conversation.messages("client", "PING")]


@check("BRA-CLIENT-07")
def pings_go_on(conversation: Conversation) -> Iterator[None]:
    """The time between two PINGs, and from the last one to the end of the record."""
    pings = _pings(conversation)
    if pings:
        for before_s, after_s in pairwise([*pings, conversation.entries[-1].at_s]):
            gap_s = after_s - before_s
            yield expect(gap_s <= PING_EVERY_S, f"PINGs {PING_EVERY_S:g} s apart at most", f"{gap_s:.0f} s")


@check("BRA-CLIENT-08")
def pings_are_few(conversation: Conversation) -> Iterator[None]:
    """The mean time between the PINGs of every connection that had three or more."""
    pings = _pings(conversation)
    if len(pings) > 2:
        mean_s = (pings[-1] - pings[0]) / (len(pings) - 1)
        yield expect(mean_s >= PING_LEAST_S, f"PINGs {PING_LEAST_S:g} s apart at least, in the mean", f"{mean_s:.2f} s")


@check("BRA-CLIENT-09")
def pings_of_the_server_are_answered(conversation: Conversation) -> Iterator[None]:
    """Every ping frame; the pong to a later one will do as well (RFC 6455, 5.5.3)."""
    if not conversation.entries:
        return
    waiting: list[tuple[float, bytes]] = []
    end_s = conversation.entries[-1].at_s
    for entry in conversation.entries:
        if entry.sender == "server" and entry.frame.opcode is Opcode.PING:
            waiting.append((entry.at_s, entry.frame.data))
        elif entry.sender == "client" and entry.frame.opcode is Opcode.PONG:
            answered = [number for number, (_, data) in enumerate(waiting) if data == entry.frame.data]
            if answered:
                yield expect(True, "a pong")
                del waiting[: answered[-1] + 1]
    for at_s, _ in waiting:
        if at_s + GRACE_S < end_s:
            yield expect(False, "a pong to each ping", f"none to that of {at_s:.1f} s")
