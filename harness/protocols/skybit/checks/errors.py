"""Error and Error Codes: the form of every Error, and when the codes are due."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.conformance.check import check, expect, given
from harness.core.conversation import Conversation
from harness.core.message import Message, field_of
from harness.protocols.skybit.checks.auth import is_list_of_texts
from harness.protocols.skybit.checks.probing import code
from harness.protocols.skybit.checks.trades import is_number, is_text, members, numbers
from harness.protocols.skybit.lab import SkybitPeer

# The table of codes: whether a client may go on; None where the table says "Maybe".
RECOVERABLE = {
    "AUTH_FAILED": False,
    "SESSION_EXPIRED": True,
    "INVALID_REQUEST": True,
    "INSUFFICIENT_FUNDS": True,
    "POSITION_LIMIT": True,
    "RATE_LIMIT": True,
    "MARKET_CLOSED": True,
    "SYMBOL_NOT_FOUND": True,
    "ORDER_REJECTED": None,
    "CONNECTION_ERROR": True,
    "INTERNAL_ERROR": None,
}
TOO_LARGE = ("INSUFFICIENT_FUNDS", "POSITION_LIMIT")
RESTING = 5.0  # The limit of the lab's resting order.
NO_SYMBOL = "ZZQXW"  # No exchange lists it.


# Form --------------------------------------------------------------------------------------------


@check("SKY-ERR-01")
def each_code_is_in_the_table(conversation: Conversation) -> Iterator[None]:
    """Every Error."""
    yield from members(conversation, "Error", "data.code", _is_code, "one of the eleven codes")


def _is_code(value: Any) -> bool:
    return isinstance(value, str) and value in RECOVERABLE


@check("SKY-ERR-02")
def each_error_has_a_message(conversation: Conversation) -> Iterator[None]:
    """Every Error."""
    yield from members(conversation, "Error", "data.message", is_text, "a string that is not empty")


@check("SKY-ERR-03")
def each_error_has_a_request_id(conversation: Conversation) -> Iterator[None]:
    """Every Error; null and the empty string are for those about no request."""
    for error in conversation.received("Error"):
        data = error.get("data")
        value = data.get("request_id", 0) if isinstance(data, dict) else 0
        yield expect(value is None or isinstance(value, str), "request_id to be a string or null", error)


@check("SKY-ERR-04")
def each_request_id_names_a_request(conversation: Conversation) -> Iterator[None]:
    """Every Error that names a request, against what the client had sent by then."""
    if conversation.dropped:
        return  # The request may not be in this record.
    sent = set()
    for entry, message in conversation.messages():
        if entry.sender == "client":
            sent.add(str(message.get("id")))
        elif message.get("type") == "Error" and is_text(field_of(message, "data.request_id")):
            yield expect(field_of(message, "data.request_id") in sent, "request_id to be an id that was sent", message)


@check("SKY-ERR-05")
def each_error_says_whether_it_is_recoverable(conversation: Conversation) -> Iterator[None]:
    """Every Error."""
    yield from members(conversation, "Error", "data.recoverable", lambda v: isinstance(v, bool), "true or false")


@check("SKY-ERR-06")
def what_is_recoverable_is_as_in_the_table(conversation: Conversation) -> Iterator[None]:
    """Every Error whose code has a Yes or a No in the table."""
    for error in conversation.received("Error"):
        wanted = RECOVERABLE.get(code(error) or "")
        found = field_of(error, "data.recoverable")
        if wanted is not None and isinstance(found, bool):
            yield expect(found is wanted, f"recoverable to be {str(wanted).lower()} for {code(error)}", error)


@check("SKY-ERR-07")
def details_are_an_object(conversation: Conversation) -> Iterator[None]:
    """Every Error; null is as good as nothing, and none are needed."""
    yield from members(conversation, "Error", "data.details", lambda v: v is None or isinstance(v, dict), "an object")


@check("SKY-ERR-08")
def suggestions_are_a_list_of_strings(conversation: Conversation) -> Iterator[None]:
    """Every Error; null is as good as nothing, and none are needed."""
    path = "data.suggestions"
    yield from members(conversation, "Error", path, lambda v: v is None or is_list_of_texts(v), "a list of strings")


# Which request -----------------------------------------------------------------------------------


def _unknown(trader: SkybitPeer) -> Message:
    """A request that is bad beyond doubt, with an id beyond reproach."""
    return trader.envelope("Pulse", {})


@check("SKY-ERR-09")
async def an_error_names_its_request(trader: SkybitPeer) -> None:
    """Send a message of unknown type with a good id."""
    request = await trader.send(_unknown(trader))
    with given("an Error"):
        error = await trader.receive("Error")
    expect(field_of(error, "data.request_id") == request["id"], f"request_id to be {request['id']}", error)


@check("SKY-ERR-09")
async def an_error_names_its_request_whatever_is_wrong(trader: SkybitPeer) -> None:
    """Other bad requests, with good ids: what the type lacks, and what the server does not know."""
    bad: tuple[tuple[str, dict[str, Any]], ...] = (
        ("Subscribe", {}),
        ("Unsubscribe", {}),
        ("Chat", {"context": {"positions": True}}),
        ("Chat", {"text": f"Buy 10 shares of {NO_SYMBOL} at limit 5.00, good for the day"}),
    )
    for kind, data in bad:
        request = await trader.say(kind, **data)
        with given(f"an Error about a bad {kind}"):
            error = await trader.receive("Error")
        expect(field_of(error, "data.request_id") == request["id"], f"request_id to be {request['id']}", error)


@check("SKY-ERR-09")
async def a_refused_auth_is_named(peer: SkybitPeer) -> None:
    """Send Auth with the profile's bad token."""
    request = await peer.say("Auth", token=peer.lab.profile.bad_token, version="1.0.0", platform="linux")
    with given("an Error"):
        error = await peer.receive("Error")
    expect(field_of(error, "data.request_id") == request["id"], f"request_id to be {request['id']}", error)


@check("SKY-ERR-10")
async def a_bad_request_earns_one_error(trader: SkybitPeer) -> None:
    """Send a message of unknown type, and wait for a second Error."""
    request = await trader.send(_unknown(trader))
    with given("an Error"):
        await trader.answer_to(request)
    await trader.pause(trader.lab.profile.quiet_s)
    more = trader.untaken("Error")
    expect(not more, "one Error", more[0] if more else None)


@check("SKY-ERR-11")
async def the_connection_serves_on_after_a_bad_request(trader: SkybitPeer) -> None:
    """Send a message of unknown type, and a Heartbeat after it."""
    with given("INVALID_REQUEST"):
        request = await trader.send(_unknown(trader))
        error = await trader.answer_to(request)
        expect(code(error) == "INVALID_REQUEST", "INVALID_REQUEST", error)
    reply = await trader.heartbeat()
    expect(reply["type"] == "Heartbeat", "an answer to the Heartbeat after it", reply)


# Codes -------------------------------------------------------------------------------------------


@check("SKY-ERR-12")
async def an_unknown_symbol_has_no_preview(trader: SkybitPeer) -> None:
    """Order shares of a symbol that no exchange lists; a Plan may still come."""
    reply = await trader.chat(f"Buy 10 shares of {NO_SYMBOL} at limit 5.00, good for the day")
    expect(reply["type"] in ("Plan", "Error"), "a Plan or an Error", reply)
    await trader.pause(trader.lab.profile.quiet_s)
    previews = trader.conversation.received("Preview")
    expect(not previews, f"no Preview for {NO_SYMBOL}", previews[0] if previews else None)


@check("SKY-ERR-13")
async def an_unknown_symbol_is_refused_by_its_code(trader: SkybitPeer) -> None:
    """Order shares of a symbol that no exchange lists; a Plan may come first."""
    reply = await trader.chat(f"Buy 10 shares of {NO_SYMBOL} at limit 5.00, good for the day", "Preview")
    expect(code(reply) == "SYMBOL_NOT_FOUND", "SYMBOL_NOT_FOUND", reply)


@check("SKY-ERR-14")
async def an_order_beyond_all_limits_is_refused(trader: SkybitPeer) -> None:
    """Order a hundred times the greatest position that Auth allows, and approve it if it comes so far."""
    reply = await trader.chat(_huge_order(trader), "Preview")
    if reply["type"] == "Preview":
        reply = await trader.approve(reply)
    expect(code(reply) in TOO_LARGE, " or ".join(TOO_LARGE), reply)


@check("SKY-ERR-20")
async def a_modification_beyond_all_limits_is_refused(trader: SkybitPeer) -> None:
    """Approve a Preview of one share, modified to a hundred times the greatest position that Auth allows."""
    with given("a Preview"):
        preview = await trader.obtain_preview()
    reply = await trader.approve(preview, modifications={"quantity": _huge(trader, RESTING)})
    expect(reply["type"] == "Error", "an Error about an order that is modified to be too large", reply)


def _huge(trader: SkybitPeer, price: float) -> int:
    """How many shares at this price are a hundred times the advertised limit."""
    confirmation = trader.conversation.received("Auth")[0]
    limit = field_of(confirmation, "data.limits.max_position_value")
    return max(1, int((limit if is_number(limit) else 100_000) * 100 / price))


def _huge_order(trader: SkybitPeer) -> str:
    """An order of a hundred times the advertised limit: more than any account with such a limit holds."""
    return f"Buy {_huge(trader, 225.10)} shares of {trader.lab.symbol} at limit 225.10, good for the day"


@check("SKY-ERR-15")
def missing_funds_are_told_in_numbers(conversation: Conversation) -> Iterator[None]:
    """Every INSUFFICIENT_FUNDS."""
    for error in conversation.received("Error"):
        if code(error) == "INSUFFICIENT_FUNDS":
            found = numbers(error, "data.details.required", "data.details.available")
            told = found is not None and found[0] > found[1]
            yield expect(told, "details with a number required that is above a number available", error)
