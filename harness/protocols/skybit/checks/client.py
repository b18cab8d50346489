"""Client: what the spec wants of clients, judged on what they send."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from harness.conformance.check import check, expect
from harness.core.conversation import Conversation, Entry
from harness.core.message import Message, Opcode, field_of
from harness.protocols.skybit.checks.auth import is_list_of_texts
from harness.protocols.skybit.checks.envelope import FROM_CLIENT, is_uuid, is_uuid4
from harness.protocols.skybit.checks.limits import APPROVES, CHATS, HEARTBEATS, MESSAGES, WINDOW_S
from harness.protocols.skybit.checks.probing import code
from harness.protocols.skybit.checks.subscription import quotes_in
from harness.protocols.skybit.checks.trades import is_text, is_timestamp, moment

SILENCE_S = 60.0  # The timeout.
GRACE_S = 1.0  # What a client has sent before an answer reached it is no fault.
STUBBORN = 10  # Refusals in a row.
CHANNELS = ("quotes", "orders", "positions")


def sent_members(
    conversation: Conversation, kind: str, path: str, good: Callable[[Any], bool], wanted: str
) -> Iterator[None]:
    """Demand that each message of this kind that the client sent has a good value at `path`."""
    for message in conversation.sent(kind):
        yield expect(good(field_of(message, path)), f"{path} of each {kind} to be {wanted}", message)


# Order -------------------------------------------------------------------------------------------


@check("SKY-CLIENT-01")
def auth_comes_first(conversation: Conversation) -> Iterator[None]:
    """The first message."""
    for message in conversation.sent()[:1]:
        if not conversation.dropped:
            yield expect(message.get("type") == "Auth", "Auth as the first message", message)


@check("SKY-CLIENT-02")
def nothing_but_auth_is_sent_before_its_confirmation(conversation: Conversation) -> Iterator[None]:
    """Every message before the confirmation."""
    if conversation.dropped:
        return  # The confirmation may not be in this record.
    for entry, message in conversation.messages():
        if entry.sender == "client":
            yield expect(message.get("type") == "Auth", "nothing but Auth before the confirmation", message)
        elif message.get("type") == "Auth":
            return


@check("SKY-CLIENT-39")
def a_client_that_is_not_let_in_gives_up(conversation: Conversation) -> Iterator[None]:
    """Every message more than a moment after AUTH_FAILED."""
    refused_s = None
    for entry, message in conversation.messages():
        if entry.sender == "server" and code(message) == "AUTH_FAILED":
            refused_s = entry.at_s if refused_s is None else refused_s
            yield expect(True, "a refusal")
        elif entry.sender == "client" and refused_s is not None and entry.at_s > refused_s + GRACE_S:
            yield expect(False, "nothing more on this connection after AUTH_FAILED", message)


# Envelope ----------------------------------------------------------------------------------------


@check("SKY-CLIENT-03")
def each_frame_is_text_with_one_object(conversation: Conversation) -> Iterator[None]:
    """Every data frame of the client."""
    for entry in conversation.entries:
        if entry.sender == "client" and entry.frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            good = entry.frame.opcode is Opcode.TEXT and entry.message is not None
            yield expect(good, "a text frame that holds a JSON object", repr(entry.frame.data[:80]))


def _envelope(conversation: Conversation, name: str, good: Callable[[Any], bool], wanted: str) -> Iterator[None]:
    for message in conversation.sent():
        yield expect(good(message.get(name)), f"{name} to be {wanted}", message)


@check("SKY-CLIENT-04")
def each_type_is_one_that_clients_send(conversation: Conversation) -> Iterator[None]:
    """Every message of the client."""
    yield from _envelope(conversation, "type", lambda v: v in FROM_CLIENT, f"one of {', '.join(FROM_CLIENT)}")


@check("SKY-CLIENT-05")
def each_id_is_a_uuid_of_version_4(conversation: Conversation) -> Iterator[None]:
    """Every message of the client, version and variant."""
    yield from _envelope(conversation, "id", is_uuid4, "a version 4 UUID")


@check("SKY-CLIENT-06")
def no_id_is_used_twice(conversation: Conversation) -> Iterator[None]:
    """The ids of all messages of the client."""
    seen = set()
    for message in conversation.sent():
        id_ = str(message.get("id"))
        yield expect(id_ not in seen, "an id that no message before had", message)
        seen.add(id_)


@check("SKY-CLIENT-07")
def each_ts_is_a_timestamp(conversation: Conversation) -> Iterator[None]:
    """Every message of the client; any precision and any zone will do."""
    yield from _envelope(conversation, "ts", is_timestamp, "an RFC 3339 timestamp")


@check("SKY-CLIENT-08")
def auth_asks_for_a_session(conversation: Conversation) -> Iterator[None]:
    """Every Auth."""
    yield from sent_members(conversation, "Auth", "session", lambda v: v == "new" or is_uuid(v), '"new" or a UUID')


@check("SKY-CLIENT-09")
def each_message_bears_the_session(conversation: Conversation) -> Iterator[None]:
    """Every message of the client after a confirmation, as the opaque string that it is."""
    session = None
    for entry, message in conversation.messages():
        if entry.sender == "server" and message.get("type") == "Auth":
            session = message.get("session")
        elif entry.sender == "client" and session is not None and message.get("type") != "Auth":
            yield expect(message.get("session") == session, f"session to be {session!r}, as Auth said", message)


@check("SKY-CLIENT-10")
def each_data_is_an_object(conversation: Conversation) -> Iterator[None]:
    """Every message of the client."""
    yield from _envelope(conversation, "data", lambda v: isinstance(v, dict), "an object")


@check("SKY-CLIENT-38")
def what_is_sent_is_valid(conversation: Conversation) -> Iterator[None]:
    """Every message of the client, by the server's own word."""
    errors = [e for e in conversation.received("Error") if code(e) == "INVALID_REQUEST"]
    about = {str(field_of(e, "data.request_id") or ""): e for e in errors}
    yield expect("" not in about, "nothing that the server cannot read", about.get(""))
    for message in conversation.sent():
        id_ = str(message.get("id"))
        yield expect(id_ not in about, "no INVALID_REQUEST", about.get(id_))


# Auth and Chat -----------------------------------------------------------------------------------


@check("SKY-CLIENT-11")
def auth_brings_a_token(conversation: Conversation) -> Iterator[None]:
    """Every Auth."""
    yield from sent_members(conversation, "Auth", "data.token", is_text, "a string that is not empty")


@check("SKY-CLIENT-12")
def auth_tells_the_version(conversation: Conversation) -> Iterator[None]:
    """Every Auth."""
    yield from sent_members(conversation, "Auth", "data.version", is_text, "the client's version")


@check("SKY-CLIENT-13")
def auth_tells_the_platform(conversation: Conversation) -> Iterator[None]:
    """Every Auth."""
    yield from sent_members(conversation, "Auth", "data.platform", is_text, "a string that is not empty")


@check("SKY-CLIENT-14")
def each_chat_has_a_text(conversation: Conversation) -> Iterator[None]:
    """Every Chat."""
    yield from sent_members(conversation, "Chat", "data.text", is_text, "a string that is not empty")


@check("SKY-CLIENT-15")
def each_context_is_of_truths(conversation: Conversation) -> Iterator[None]:
    """Every Chat that has a context."""
    for chat in conversation.sent("Chat"):
        context = field_of(chat, "data.context")
        if context is not None:
            good = isinstance(context, dict) and all(isinstance(v, bool) for v in context.values())
            yield expect(good, "context to be an object of true and false", chat)


# Approve and Cancel ------------------------------------------------------------------------------


def _approvals(conversation: Conversation) -> Iterator[tuple[Entry, Message, Entry | None]]:
    """Each Approve, with the entry of its Preview as far as that came on this connection."""
    previews: dict[Any, Entry] = {}
    for entry, message in conversation.messages(None, "Approve", "Preview"):
        preview_id = str(field_of(message, "data.preview_id"))
        if entry.sender == "server":
            previews[preview_id] = entry
        else:
            yield entry, message, previews.get(preview_id)


def _is_whole(conversation: Conversation) -> bool:
    """Whether every Preview that the client may know is in the record: none was dropped, no session taken up."""
    return not conversation.dropped and all(a.get("session") == "new" for a in conversation.sent("Auth"))


@check("SKY-CLIENT-16")
def each_approved_preview_was_received(conversation: Conversation) -> Iterator[None]:
    """Every Approve, unless an earlier session was taken up, whose Previews are not on record."""
    if _is_whole(conversation):
        for _, approve, preview in _approvals(conversation):
            yield expect(preview is not None, "the preview_id of a Preview that came before", approve)


@check("SKY-CLIENT-17")
def no_expired_preview_is_approved(conversation: Conversation) -> Iterator[None]:
    """Every Approve, by the time between the two messages and the life that the server's own times give."""
    for entry, approve, preview in _approvals(conversation):
        life_s = _life_s(preview.message) if preview is not None and preview.message is not None else None
        if preview is not None and life_s is not None:
            age_s = entry.at_s - preview.at_s
            yield expect(age_s <= life_s + GRACE_S, f"an Approve within the {life_s:g} s that a Preview lives", approve)


def _life_s(preview: Message) -> float | None:
    """How long the server said that it lives, by the server's own clock."""
    made_s, expires_s = moment(preview.get("ts")), moment(field_of(preview, "data.expires_at"))
    return None if made_s is None or expires_s is None else expires_s - made_s


@check("SKY-CLIENT-18")
def no_cancelled_preview_is_approved(conversation: Conversation) -> Iterator[None]:
    """Every Approve."""
    cancelled = set()
    for message in conversation.sent("Approve", "Cancel"):
        preview_id = str(field_of(message, "data.preview_id"))
        if message["type"] == "Cancel" and field_of(message, "data.target") == "preview":
            cancelled.add(preview_id)
        elif message["type"] == "Approve":
            yield expect(preview_id not in cancelled, "a Preview that the client has not cancelled", message)


@check("SKY-CLIENT-19")
def modifications_are_an_object_or_null(conversation: Conversation) -> Iterator[None]:
    """Every Approve."""
    good: Callable[[Any], bool] = lambda v: v is None or isinstance(v, dict)  # noqa: E731
    yield from sent_members(conversation, "Approve", "data.modifications", good, "an object or null")


@check("SKY-CLIENT-20")
def a_client_order_id_stands_for_one_order(conversation: Conversation) -> Iterator[None]:
    """Every Approve that has one."""
    yield from _stands_for_one(conversation, "client_order_id")


@check("SKY-CLIENT-21")
def each_approve_has_an_idem_key(conversation: Conversation) -> Iterator[None]:
    """Every Approve."""
    yield from sent_members(conversation, "Approve", "data.idem_key", is_text, "a string that is not empty")


@check("SKY-CLIENT-22")
def an_idem_key_stands_for_one_order(conversation: Conversation) -> Iterator[None]:
    """Every Approve that has one."""
    yield from _stands_for_one(conversation, "idem_key")


def _stands_for_one(conversation: Conversation, name: str) -> Iterator[None]:
    """Demand that Approves with the same member `name` are of the same Preview."""
    previews: dict[str, Any] = {}
    for approve in conversation.sent("Approve"):
        value, preview_id = field_of(approve, f"data.{name}"), field_of(approve, "data.preview_id")
        if is_text(value):
            first = previews.setdefault(value, preview_id)
            yield expect(first == preview_id, f"a {name} that no other Preview was approved with", approve)


@check("SKY-CLIENT-23")
def each_cancel_has_a_target(conversation: Conversation) -> Iterator[None]:
    """Every Cancel."""
    targets = ("preview", "order", "all_orders")
    yield from sent_members(conversation, "Cancel", "data.target", lambda v: v in targets, f"one of {targets}")


def _cancels(conversation: Conversation, target: str) -> list[Message]:
    return [m for m in conversation.sent("Cancel") if field_of(m, "data.target") == target]


@check("SKY-CLIENT-24")
def a_cancelled_preview_was_received(conversation: Conversation) -> Iterator[None]:
    """Every Cancel of a preview, unless an earlier session was taken up."""
    if _is_whole(conversation):
        known = [field_of(m, "data.preview_id") for m in conversation.received("Preview")]
        for cancel in _cancels(conversation, "preview"):
            yield expect(field_of(cancel, "data.preview_id") in known, "the preview_id of a Preview", cancel)


@check("SKY-CLIENT-25")
def a_cancelled_order_is_named(conversation: Conversation) -> Iterator[None]:
    """Every Cancel of an order."""
    for cancel in _cancels(conversation, "order"):
        yield expect(is_text(field_of(cancel, "data.order_id")), "an order_id", cancel)


# Heartbeats and limits ---------------------------------------------------------------------------


@check("SKY-CLIENT-26")
def each_heartbeat_tells_the_time(conversation: Conversation) -> Iterator[None]:
    """Every Heartbeat of the client."""
    yield from sent_members(conversation, "Heartbeat", "data.client_ts", is_timestamp, "an RFC 3339 timestamp")


@check("SKY-CLIENT-27")
def a_client_is_never_silent_for_long(conversation: Conversation) -> Iterator[None]:
    """The times between messages of the client, and from the last one to the end of the record."""
    yield from _never_apart(conversation, "a message")


@check("SKY-CLIENT-28")
def heartbeats_go_on_coming(conversation: Conversation) -> Iterator[None]:
    """The times between Heartbeats of the client, and from the last one to the end of the record."""
    yield from _never_apart(conversation, "a Heartbeat", "Heartbeat")


def _never_apart(conversation: Conversation, what: str, *types: str) -> Iterator[None]:
    """Demand that these messages are never the timeout apart, nor from the beginning or end of the record."""
    entries = conversation.entries
    if not entries:
        return
    begin_s = entries[0].at_s if conversation.dropped else 0.0
    times = [begin_s, *(e.at_s for e, _ in conversation.messages("client", *types)), entries[-1].at_s]
    for before_s, after_s in pairwise(times):
        gap_s = after_s - before_s
        yield expect(gap_s <= SILENCE_S + GRACE_S, f"{what} every {SILENCE_S:g} s", f"none for {gap_s:.1f} s")


@check("SKY-CLIENT-29")
def chats_keep_their_limit(conversation: Conversation) -> Iterator[None]:
    """Every Chat, with those of the minute before it."""
    yield from _within(conversation, CHATS, "Chat")


@check("SKY-CLIENT-30")
def approves_keep_their_limit(conversation: Conversation) -> Iterator[None]:
    """Every Approve, with those of the minute before it."""
    yield from _within(conversation, APPROVES, "Approve")


@check("SKY-CLIENT-31")
def heartbeats_keep_their_limit(conversation: Conversation) -> Iterator[None]:
    """Every Heartbeat of the client, with those of the minute before it."""
    yield from _within(conversation, HEARTBEATS, "Heartbeat")


@check("SKY-CLIENT-32")
def all_messages_keep_their_limit(conversation: Conversation) -> Iterator[None]:
    """Every message of the client, with those of the minute before it."""
    yield from _within(conversation, MESSAGES)


def _within(conversation: Conversation, limit: int, *types: str) -> Iterator[None]:
    """Demand that no minute holds more than `limit` of these messages (none: all)."""
    times = [entry.at_s for entry, _ in conversation.messages("client", *types)]
    for index, at_s in enumerate(times):
        crowded = index >= limit and at_s - times[index - limit] < WINDOW_S
        yield expect(
            not crowded, f"at most {limit} {types[0] if types else 'message'}s a minute", f"more at {at_s:.1f} s"
        )


@check("SKY-CLIENT-40")
def a_client_holds_back_when_told_to(conversation: Conversation) -> Iterator[None]:
    """RATE_LIMIT Errors with nothing but quotes between them."""
    in_a_row = 0
    for message in conversation.received():
        if code(message) == "RATE_LIMIT":
            in_a_row += 1
            yield expect(in_a_row < STUBBORN, f"less than {STUBBORN} RATE_LIMIT in a row", message)
        elif message.get("type") != "MarketData":
            in_a_row = 0


# Subscriptions -----------------------------------------------------------------------------------


@check("SKY-CLIENT-34")
def each_channel_is_well_formed(conversation: Conversation) -> Iterator[None]:
    """Every Subscribe."""
    for subscribe in conversation.sent("Subscribe"):
        channels = field_of(subscribe, "data.channels")
        good = isinstance(channels, list) and bool(channels) and all(_is_channel(c) for c in channels)
        yield expect(good, f"channels to be objects whose type is one of {', '.join(CHANNELS)}", subscribe)


def _is_channel(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") in CHANNELS


@check("SKY-CLIENT-35")
def quotes_are_subscribed_to_by_symbol(conversation: Conversation) -> Iterator[None]:
    """Every Subscribe to quotes."""
    for subscribe in conversation.sent("Subscribe"):
        for channel in quotes_in(subscribe):
            symbols = channel.get("symbols")
            yield expect(symbols and is_list_of_texts(symbols), "a list of the symbols that are needed", subscribe)


@check("SKY-CLIENT-36")
def nothing_is_subscribed_to_twice(conversation: Conversation) -> Iterator[None]:
    """Every Subscribe to quotes, against those since the last Unsubscribe."""
    held: set[str] = set()
    for message in conversation.sent("Subscribe", "Unsubscribe"):
        if message["type"] == "Unsubscribe":
            channels = field_of(message, "data.channels")
            held = set() if isinstance(channels, list) and "quotes" in channels else held
            continue
        asked = {symbol for channel in quotes_in(message) for symbol in _texts(channel.get("symbols"))}
        yield expect(not asked & held, "symbols that are not subscribed to yet", message)
        held |= asked


def _texts(value: Any) -> list[str]:
    return value if is_list_of_texts(value) else []


@check("SKY-CLIENT-37")
def unsubscribe_names_channels(conversation: Conversation) -> Iterator[None]:
    """Every Unsubscribe."""
    wanted = "a list of names of channels"
    yield from sent_members(conversation, "Unsubscribe", "data.channels", is_list_of_texts, wanted)
