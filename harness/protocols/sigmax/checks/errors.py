"""Error Handling: what errors tell, and that a connection survives them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from harness.conformance.check import check, expect, given
from harness.core.conversation import Conversation
from harness.core.message import Message, field_of
from harness.protocols.sigmax.checks.seeing import is_string, is_text, members
from harness.protocols.sigmax.lab import SigmaxLab, SigmaxPeer

_CODE = re.compile(r"[A-Z0-9]+(_[A-Z0-9]+)*")
BROKEN = "MESSAGE_PROCESSING_ERROR"


@check("SIG-ERR-01")
def an_error_has_words(conversation: Conversation) -> Iterator[None]:
    """Every error."""
    yield from members(conversation, "error", "data.error", is_text, "a string that is not empty")


@check("SIG-ERR-02")
def an_error_has_a_code(conversation: Conversation) -> Iterator[None]:
    """Every error; the spec names the common ones, others may be."""

    def good(value: Any) -> bool:
        return is_string(value) and _CODE.fullmatch(value) is not None

    yield from members(conversation, "error", "data.code", good, "words in upper case, such as INVALID_TOPIC")


@check("SIG-ERR-03")
def an_error_has_details(conversation: Conversation) -> Iterator[None]:
    """Every error."""
    yield from members(conversation, "error", "data.details", is_string, "a string")


async def _answer_to_text(client: SigmaxPeer, text: str) -> Message:
    await client.send_text(text)
    return await client.receive("error")


async def refused(lab: SigmaxLab, text: str) -> None:
    """Send a text; demand that MESSAGE_PROCESSING_ERROR answers it."""
    with given("a connection"):
        client = await lab.client()
    reply = await _answer_to_text(client, text)
    expect(field_of(reply, "data.code") == BROKEN, f"the code {BROKEN}", reply)


@check("SIG-ERR-04")
async def what_is_no_json_is_refused(lab: SigmaxLab) -> None:
    """Half an object."""
    await refused(lab, '{"type": "ping"')


@check("SIG-ERR-05")
async def what_is_no_object_is_refused(lab: SigmaxLab) -> None:
    """A list."""
    await refused(lab, '["ping"]')


@check("SIG-ERR-06")
async def a_message_without_type_is_refused(lab: SigmaxLab) -> None:
    """An object with data alone."""
    await refused(lab, '{"data": {}}')


@check("SIG-ERR-07")
async def an_unknown_type_is_refused(lab: SigmaxLab) -> None:
    """A type that there is not."""
    await refused(lab, '{"type": "no_such_type", "data": {}}')


@check("SIG-ERR-08")
async def data_of_a_wrong_shape_is_refused(client: SigmaxPeer) -> None:
    """A number in place of topics; any code will do."""
    reply = await client.ask("subscribe", "subscribed", data={"topics": 42})
    expect(reply["type"] == "error", "an error", reply)


@check("SIG-ERR-09")
async def the_connection_survives_an_error(client: SigmaxPeer) -> None:
    """Ping after broken JSON, and after an unknown topic."""
    with given("errors"):
        await _answer_to_text(client, "no JSON")
        await client.ask("subscribe", data={"topics": ["no_such_topic"]})
    pong = await client.ping()
    expect(pong["type"] == "pong", "a connection that goes on serving", pong)


@check("SIG-ERR-10")
async def an_error_goes_to_who_caused_it(lab: SigmaxLab) -> None:
    """Another connection hears nothing of it."""
    with given("two connections, and an error on one"):
        client, other = await lab.client(), await lab.client()
        await _answer_to_text(client, "no JSON")
    await other.pause(lab.profile.quiet_s)
    errors = other.conversation.received("error")
    expect(not errors, "no error of another client", errors[0] if errors else None)


@check("SIG-ERR-11")
async def an_error_comes_once(lab: SigmaxLab) -> None:
    """One text that is no JSON, one error."""
    with given("an error"):
        client = await lab.client()
        await _answer_to_text(client, "no JSON")
    await client.pause(lab.profile.quiet_s)
    errors = client.conversation.received("error")
    expect(len(errors) == 1, "one error", f"{len(errors)} errors")


@check("SIG-ERR-12")
async def subscriptions_survive_an_error(lab: SigmaxLab) -> None:
    """Broken JSON after a subscription: it is listed as before."""
    with given("a subscription and an error"):
        client = await lab.client()
        await client.subscribe(["market"])
        await _answer_to_text(client, "no JSON")
    reply = await client.selection()
    expect("market" in (field_of(reply, "data.topics") or ()), "the topic that was subscribed", reply)


@check("SIG-ERR-13")
def what_is_well_formed_is_no_error(conversation: Conversation) -> Iterator[None]:
    """Every connection whose client sent nothing but pings, pongs and questions: no error came."""
    harmless = ("ping", "pong", "get_status", "get_subscriptions")
    frames = [e for e in conversation.entries if e.sender == "client" and e.frame.data]
    if frames and all(e.message is not None and e.message.get("type") in harmless for e in frames):
        errors = conversation.received("error")
        yield expect(not errors, "no error", errors[0] if errors else None)
