"""Message Batching, Rate Limiting: how much at once. What is served is seen by the actions that others hear of."""

from __future__ import annotations

from contextlib import suppress

from harness.conformance.check import Violation, check, expect, given
from harness.core.message import Message, Opcode, field_of
from harness.protocols.megabot.checks.collaboration import ACTION, heard, in_touch
from harness.protocols.megabot.lab import MegabotLab, MegabotPeer, is_error

BURST = 30
AT_ONCE_S = 1.0
TOO_BIG = 2_200_000  # Bytes: well beyond 1 MB, however that is counted.
BIG = 900_000

# Message Batching --------------------------------------------------------------------------------


def _batch(peer: MegabotPeer, *messages: Message) -> Message:
    return peer.envelope("batch", {"messages": list(messages)})


def _call(peer: MegabotPeer, name: str) -> Message:
    return peer.envelope("tool_call", {"tool_name": "run_tests", "parameters": {}, "execution_id": name})


@check("MEG-BATCH-01")
async def each_call_of_a_batch_has_its_result(client: MegabotPeer) -> None:
    """Send two tool_calls in a batch."""
    names = [client.lab.unique("exec") for _ in range(2)]
    await client.post(_batch(client, *(_call(client, name) for name in names)))
    for name in names:
        expect(await client.result(name), "a tool_result for each call of the batch")


@check("MEG-BATCH-02")
async def a_batch_may_be_mixed(client: MegabotPeer) -> None:
    """Send a tool_call and a chat in a batch."""
    name = client.lab.unique("exec")
    chat = client.envelope("chat_send", {"content": "Hello MegaBot!"})
    await client.post(_batch(client, _call(client, name), chat))
    expect(await client.reply(), "a reply to the chat of the batch")
    expect(await client.result(name), "a tool_result for the call of the batch")


@check("MEG-BATCH-03")
async def a_batch_of_ten_is_served_in_order(lab: MegabotLab) -> None:
    """Send ten actions in a batch, and look at what another participant gets."""
    with given("two participants"):
        name, (one, other) = await in_touch(lab)
        await one.pause(1.5)  # Should each message of a batch count by itself.
    payloads = [{"session_id": name, "action": "cursor_move", "data": {"number": n}} for n in range(10)]
    await one.post(_batch(one, *(one.envelope(ACTION, payload) for payload in payloads)))
    for number in range(10):
        news = await heard(other)
        expect(field_of(news, "payload.data.number") == number, f"the action number {number}", news)


# Rate Limiting -----------------------------------------------------------------------------------


async def _burst(one: MegabotPeer, name: str) -> None:
    with suppress(Violation):  # It may end the connection.
        for number in range(BURST):
            payload = {"session_id": name, "action": "cursor_move", "data": {"number": number}}
            await one.send(one.envelope(ACTION, payload))


@check("MEG-RATE-01")
async def messages_below_the_limit_are_served(lab: MegabotLab) -> None:
    """Act twenty times, a little slower than the limit allows."""
    with given("two participants"):
        name, (one, other) = await in_touch(lab)
    for number in range(20):
        await one.act(name, number=number)
    for number in range(20):
        news = await heard(other)
        expect(field_of(news, "payload.data.number") == number, f"the action number {number}", news)


@check("MEG-RATE-02")
async def a_burst_is_not_served_in_full(lab: MegabotLab) -> None:
    """Act thirty times at once; an error, the end, silence or a delay will do for what is too much."""
    with given("two participants"):
        name, (one, other) = await in_touch(lab)
        await one.pause(1.5)
    await _burst(one, name)
    await other.pause(AT_ONCE_S)
    count = len(other.untaken(ACTION))
    expect(count < BURST, f"fewer than {BURST} actions within {AT_ONCE_S:g} s", count)


@check("MEG-RATE-03")
async def the_server_serves_after_a_burst(lab: MegabotLab) -> None:
    """Act thirty times at once, wait, and chat: on the same connection, or on another if that one ended."""
    with given("two participants, and a burst"):
        name, (one, _) = await in_touch(lab)
        await _burst(one, name)
    await one.pause(5.0)
    peer = one if not one.is_lost else await lab.client()
    expect(await peer.is_serving(), "a reply after a burst", "none")


@check("MEG-RATE-04")
async def a_big_message_is_served(lab: MegabotLab) -> None:
    """Act with data of somewhat less than 1 MB."""
    with given("two participants"):
        name, (one, other) = await in_touch(lab)
    await one.act(name, "text_edit", text="x" * BIG)
    news = await other.receive(ACTION, within_s=lab.profile.reply_s * 2)
    expect(len(str(field_of(news, "payload.data.text"))) == BIG, "all of the data", "only a part of it")


@check("MEG-RATE-05")
async def a_message_that_is_too_big_is_refused(lab: MegabotLab) -> None:
    """Act with data of more than 2 MB: an error or the end, and nobody hears of it."""
    with given("two participants"):
        name, (one, other) = await in_touch(lab)
    message = one.envelope(ACTION, {"session_id": name, "action": "text_edit", "data": {"text": "x" * TOO_BIG}})
    await one.in_turn()
    await one.send(message)
    try:
        answer = await one.wait_for(
            lambda e: e.frame.opcode is Opcode.CLOSE or (e.message is not None and is_error(e.message)),
            "an error or the end",
        )
        expect(answer, "an error or the end")
    except Violation:
        expect(one.is_lost, "an error or the end", "neither")
    await other.pause(lab.profile.quiet_s)
    expect(not other.untaken(ACTION), "nothing of it at the other participant", "it was passed on")
