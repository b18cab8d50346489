"""Tool Execution, Status Update, Notification: what a tool_call leads to. The checks rely on run_tests alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from harness.conformance.check import check, expect, given
from harness.core.conversation import Conversation
from harness.core.message import Message, field_of
from harness.protocols.megabot.checks.reading import is_count, is_name, is_number, is_text, members
from harness.protocols.megabot.lab import MegabotLab, MegabotPeer

ENDED = ("completed", "failed")


def calls(conversation: Conversation) -> list[Message]:
    """The payloads of all tool_calls of the client, those in batches as well."""
    sent = list(conversation.sent())
    for batch in conversation.sent("batch"):
        inner = field_of(batch, "payload.messages")
        sent += [each for each in inner if isinstance(each, dict)] if isinstance(inner, list) else []
    payloads = [m.get("payload") for m in sent if m.get("type") == "tool_call"]
    return [payload for payload in payloads if isinstance(payload, dict)]


# Calls -------------------------------------------------------------------------------------------


@check("MEG-TOOL-01")
async def a_call_has_its_result(client: MegabotPeer) -> None:
    """Call run_tests as the sample does."""
    execution_id = client.lab.unique("exec")
    await client.call(execution_id)
    expect(await client.result(execution_id), "a tool_result with the execution_id of the call")


@check("MEG-TOOL-02")
def each_result_is_of_a_call(conversation: Conversation) -> Iterator[None]:
    """The execution_id of every tool_result, against the calls of the connection."""
    known = {str(payload.get("execution_id")) for payload in calls(conversation)}
    if known and not conversation.dropped:
        for result in conversation.received("tool_result"):
            good = field_of(result, "payload.execution_id") in known
            yield expect(good, "the execution_id of a tool_call", result)


@check("MEG-TOOL-03")
def each_result_has_a_status(conversation: Conversation) -> Iterator[None]:
    """Every tool_result."""
    yield from members(conversation, "tool_result", "status", is_name, "a text that is not empty")


@check("MEG-TOOL-04")
def a_completed_result_has_a_result(conversation: Conversation) -> Iterator[None]:
    """Every tool_result that is completed."""
    for message in _completed(conversation):
        yield expect(field_of(message, "payload.result") is not None, "payload.result", message)


@check("MEG-TOOL-05")
def the_output_is_a_text(conversation: Conversation) -> Iterator[None]:
    """Every tool_result that is completed."""
    for message in _completed(conversation):
        yield expect(is_text(field_of(message, "payload.output")), "payload.output to be a text", message)


def _completed(conversation: Conversation) -> list[Message]:
    return [m for m in conversation.received("tool_result") if field_of(m, "payload.status") == "completed"]


@check("MEG-TOOL-06")
def no_call_has_two_results(conversation: Conversation) -> Iterator[None]:
    """The number of results of each execution_id, against that of its calls."""
    called = Counter(str(payload.get("execution_id")) for payload in calls(conversation))
    seen: Counter[str] = Counter()
    for message in conversation.received("tool_result"):
        name = str(field_of(message, "payload.execution_id"))
        seen[name] += 1
        if name in called and not conversation.dropped:
            yield expect(seen[name] <= called[name], "one tool_result for each tool_call", message)


@check("MEG-TOOL-07")
def the_figures_of_run_tests_are_figures(conversation: Conversation) -> Iterator[None]:
    """Every completed result of run_tests: passed and failed count, duration measures."""
    tests = {str(p.get("execution_id")) for p in calls(conversation) if p.get("tool_name") == "run_tests"}
    for message in _completed(conversation):
        result = field_of(message, "payload.result")
        if str(field_of(message, "payload.execution_id")) in tests and isinstance(result, dict):
            for name in ("passed", "failed"):
                yield expect(is_count(result.get(name)), f"result.{name} to be a whole number from 0", message)
            duration: Any = result.get("duration")
            yield expect(is_number(duration) and duration >= 0, "result.duration to be a number from 0", message)


@check("MEG-TOOL-08")
async def calls_side_by_side_have_their_results(client: MegabotPeer) -> None:
    """Call run_tests twice without waiting."""
    names = [client.lab.unique("exec") for _ in range(2)]
    for name in names:
        await client.call(name)
    for name in names:
        expect(await client.result(name), "a tool_result for each of two calls")


@check("MEG-TOOL-09")
async def an_unknown_tool_does_not_complete(client: MegabotPeer) -> None:
    """Call a tool of a name that we made up."""
    with given("a call of run_tests"):
        first = client.lab.unique("exec")
        await client.call(first)
        await client.result(first)
    second = client.lab.unique("exec")
    await client.call(second, client.lab.unique("tool"))
    reply = await client.first("tool_result", where=lambda m: field_of(m, "payload.execution_id") == second)
    good = field_of(reply, "payload.status") != "completed"
    expect(good, "an error, or a tool_result that is not completed", reply)


@check("MEG-TOOL-10")
async def a_result_is_for_who_called(lab: MegabotLab) -> None:
    """Call run_tests by one user while another is connected; they share no session."""
    with given("two users, and a result of one of them"):
        one, other = await lab.team(2)
        name = lab.unique("exec")
        await one.call(name)
        await one.result(name)
    await other.pause(lab.profile.quiet_s)
    heard = other.conversation.received("tool_result")
    expect(not heard, "no tool_result at the user who did not call", heard[0] if heard else None)


@check("MEG-TOOL-11")
async def a_chat_is_answered_beside_a_tool(client: MegabotPeer) -> None:
    """Call run_tests, and chat without waiting for the result."""
    name = client.lab.unique("exec")
    await client.call(name)
    expect(await client.chat(), "a reply")
    expect(await client.result(name), "a tool_result")


# Status updates ----------------------------------------------------------------------------------


@check("MEG-STAT-01")
def an_update_has_a_status(conversation: Conversation) -> Iterator[None]:
    """Every status_update."""
    yield from members(conversation, "status_update", "status", is_name, "a text that is not empty")


@check("MEG-STAT-02")
def progress_is_a_share(conversation: Conversation) -> Iterator[None]:
    """Every status_update."""
    yield from members(
        conversation, "status_update", "progress", lambda v: is_number(v) and 0 <= v <= 1, "a number from 0 to 1"
    )


@check("MEG-STAT-03")
def an_update_has_a_message(conversation: Conversation) -> Iterator[None]:
    """Every status_update."""
    yield from members(conversation, "status_update", "message", is_text, "a text")


@check("MEG-STAT-04")
def an_update_names_its_task(conversation: Conversation) -> Iterator[None]:
    """Every status_update."""
    yield from members(conversation, "status_update", "task_id", is_name, "a text that is not empty")


@check("MEG-STAT-05")
def progress_does_not_fall(conversation: Conversation) -> Iterator[None]:
    """Every status_update, against the one before of the same task."""
    last: dict[str, float] = {}
    for message in conversation.received("status_update"):
        task, progress = str(field_of(message, "payload.task_id")), field_of(message, "payload.progress")
        if is_number(progress):
            if task in last:
                yield expect(progress >= last[task], f"progress of at least {last[task]:g}", message)
            last[task] = progress


@check("MEG-STAT-06")
def an_ended_task_goes_on_no_more(conversation: Conversation) -> Iterator[None]:
    """Every task that is said to be completed or failed, until the next updates of others or the end."""
    ended: set[str] = set()
    for message in conversation.received("status_update"):
        task, status = str(field_of(message, "payload.task_id")), field_of(message, "payload.status")
        if status in ENDED and task not in ended:
            ended.add(task)
            yield expect(True, "an end")
        elif task in ended:
            yield expect(status in ENDED, "no more work on a task that has ended", message)


# Notifications -----------------------------------------------------------------------------------


@check("MEG-NOTE-01")
def a_notification_has_a_type(conversation: Conversation) -> Iterator[None]:
    """Every notification."""
    yield from members(conversation, "notification", "type", is_name, "a text that is not empty")


@check("MEG-NOTE-02")
def a_notification_has_a_title(conversation: Conversation) -> Iterator[None]:
    """Every notification."""
    yield from members(conversation, "notification", "title", is_text, "a text")


@check("MEG-NOTE-03")
def a_notification_has_a_message(conversation: Conversation) -> Iterator[None]:
    """Every notification."""
    yield from members(conversation, "notification", "message", is_text, "a text")


@check("MEG-NOTE-04")
def the_url_of_a_notification_is_a_text(conversation: Conversation) -> Iterator[None]:
    """Every notification that leads somewhere."""
    yield from members(conversation, "notification", "action_url", is_text, "a text", optional=True)


@check("MEG-NOTE-05")
def dismissible_is_true_or_false(conversation: Conversation) -> Iterator[None]:
    """Every notification that has it."""
    yield from members(
        conversation, "notification", "dismissible", lambda v: isinstance(v, bool), "true or false", optional=True
    )
