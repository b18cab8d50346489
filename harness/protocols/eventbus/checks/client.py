"""Clients, which the spec gives nothing to say; judged in recordings."""

from __future__ import annotations

from collections.abc import Iterator

from harness.conformance.check import check, expect
from harness.core.conversation import Conversation
from harness.core.message import Opcode

PONG_WITHIN_S = 10.0
MAY_CLOSE_WITH = {*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)}


@check("EVB-CLI-01")
def the_client_sends_nothing(conversation: Conversation) -> Iterator[None]:
    """Each conversation in which anything came, once; control frames are no messages."""
    said = [e for e in conversation.entries if e.sender == "client" and e.frame.opcode in (Opcode.TEXT, Opcode.BINARY)]
    if said or conversation.received():
        yield expect(not said, "no message from the client", said[0].message if said else None)


@check("EVB-CLI-02")
def the_client_answers_pings(conversation: Conversation) -> Iterator[None]:
    """Each ping that was followed by 10 s more, and by a pong at all: many recorders leave pongs out."""
    entries = list(conversation.entries)
    pongs = [e for e in entries if e.sender == "client" and e.frame.opcode is Opcode.PONG]
    for ping in (e for e in entries if e.sender == "server" and e.frame.opcode is Opcode.PING):
        if pongs and entries[-1].at_s > ping.at_s + PONG_WITHIN_S:
            answers = [p for p in pongs if 0 <= p.at_s - ping.at_s <= PONG_WITHIN_S]
            yield expect(answers, f"a pong within {PONG_WITHIN_S:g} s", f"a ping at {ping.at_s:g} s")


@check("EVB-CLI-03")
def the_client_closes_with_a_code_that_may_be_sent(conversation: Conversation) -> Iterator[None]:
    """Each close frame of the client; one without a code is recorded as 1005."""
    for entry in conversation.entries:
        if entry.sender == "client" and entry.frame.opcode is Opcode.CLOSE:
            code = entry.frame.code
            yield expect(code in MAY_CLOSE_WITH or code == 1005, "a close code that may be sent", f"code {code}")
