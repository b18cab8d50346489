"""Client: what the spec wants of clients, judged on what they send."""

from __future__ import annotations

from collections.abc import Iterator

from harness.conformance.check import check, expect
from harness.core.conversation import Conversation
from harness.core.message import Message, Opcode
from harness.protocols.sigmax.checks.seeing import is_pair, is_text, places
from harness.protocols.sigmax.selection import PREFIX, TOPICS

TYPES = ("subscribe", "unsubscribe", "ping", "pong", "command", "get_status", "get_subscriptions")
CHOICES = ("subscribe", "unsubscribe")
ANSWER_S = 30.0  # A pong after the server's next ping is too late for the timeout.
KEEP_ALIVE_S = 60.0
ENDS_WELL = (1000, 1001)


@check("SIG-CLI-01")
def clients_send_objects(conversation: Conversation) -> Iterator[None]:
    """Every data frame of the client."""
    for entry in conversation.entries:
        if entry.sender == "client" and entry.frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            yield expect(entry.message is not None, "a JSON object", repr(entry.frame.data[:100]))


@check("SIG-CLI-02")
def clients_send_types_of_the_spec(conversation: Conversation) -> Iterator[None]:
    """Every message of the client."""
    for message in conversation.sent():
        yield expect(message.get("type") in TYPES, "type to be one of the seven", message)


@check("SIG-CLI-03")
def clients_send_data_as_an_object(conversation: Conversation) -> Iterator[None]:
    """Every message of the client; some need none."""
    for message in conversation.sent():
        needed = message.get("type") in (*CHOICES, "command")
        data = message.get("data")
        yield expect(isinstance(data, dict) or (data is None and not needed), "data to be an object", message)


@check("SIG-CLI-04")
def clients_choose_by_lists(conversation: Conversation) -> Iterator[None]:
    """Topics and symbols of every subscribe and unsubscribe, where they are there."""
    for message in conversation.sent(*CHOICES):
        for name in ("topics", "symbols"):
            for _, value in places(message, f"data.{name}"):
                yield expect(value is None or isinstance(value, list), f"{name} to be an array", message)


def _entries(conversation: Conversation, name: str) -> Iterator[tuple[Message, str]]:
    for message in conversation.sent(*CHOICES):
        for _, value in places(message, f"data.{name}.*"):
            yield message, str(value)


@check("SIG-CLI-05")
def clients_choose_topics_of_the_spec(conversation: Conversation) -> Iterator[None]:
    """Every topic that a client asks for; a symbol in its long form is one, too."""
    for message, topic in _entries(conversation, "topics"):
        good = topic in TOPICS or (topic.startswith(PREFIX) and is_pair(topic.removeprefix(PREFIX)))
        yield expect(good, f"topics of the spec, not {topic}", message)


@check("SIG-CLI-06")
def clients_choose_symbols_as_pairs(conversation: Conversation) -> Iterator[None]:
    """Every symbol that a client asks for."""
    for message, symbol in _entries(conversation, "symbols"):
        yield expect(is_pair(symbol.removeprefix(PREFIX)), f"BASE/QUOTE, not {symbol}", message)


@check("SIG-CLI-07")
def clients_choose_no_more_than_they_need(conversation: Conversation) -> Iterator[None]:
    """Every subscribe: all is for who shows everything."""
    for message in conversation.sent("subscribe"):
        topics = [value for _, value in places(message, "data.topics.*")]
        yield expect("all" not in topics, "single topics in place of all", message)


@check("SIG-CLI-08")
def clients_answer_pings(conversation: Conversation) -> Iterator[None]:
    """Every ping of the server that was followed by half a minute of the record."""
    pongs = [e.at_s for e, _ in conversation.messages("client", "pong")]
    last_s = conversation.entries[-1].at_s if conversation.entries else 0.0
    for entry, message in conversation.messages("server", "ping"):
        answered = any(entry.at_s <= at_s <= entry.at_s + ANSWER_S for at_s in pongs)
        if answered or last_s > entry.at_s + ANSWER_S:
            yield expect(answered, f"a pong within {ANSWER_S:g} s", message)


@check("SIG-CLI-09")
def clients_are_not_silent_for_long(conversation: Conversation) -> Iterator[None]:
    """The longest silence of the client, on every connection that lasted for longer than the timeout."""
    times = [0.0, *(e.at_s for e, _ in conversation.messages("client"))]
    end_s = conversation.entries[-1].at_s if conversation.entries else 0.0
    if end_s > KEEP_ALIVE_S and not conversation.dropped:
        gaps = [after - before for before, after in zip(times, [*times[1:], end_s], strict=True)]
        yield expect(max(gaps) <= KEEP_ALIVE_S, f"a message every {KEEP_ALIVE_S:g} s", f"none for {max(gaps):.1f} s")


@check("SIG-CLI-10")
def clients_close_in_good_order(conversation: Conversation) -> Iterator[None]:
    """The close frame, where the client sent the first."""
    close = conversation.close
    if close is not None and close.sender == "client":
        yield expect(close.frame.code in ENDS_WELL, "a close with code 1000 or 1001", f"code {close.frame.code}")


@check("SIG-CLI-11")
def clients_number_their_requests(conversation: Conversation) -> Iterator[None]:
    """Every request_id, against those before."""
    known: set[str] = set()
    for message in conversation.sent():
        request_id = message.get("request_id")
        if request_id is not None:
            yield expect(str(request_id) not in known, "a request_id that was not used before", message)
            known.add(str(request_id))


@check("SIG-CLI-12")
def clients_name_their_commands(conversation: Conversation) -> Iterator[None]:
    """Every command."""
    for message in conversation.sent("command"):
        for _, value in places(message, "data.command"):
            yield expect(is_text(value), "data.command to be a string that is not empty", message)
