"""Collaborative Features: who hears of an action, and what of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from harness.conformance.check import check, expect, given
from harness.core.conversation import Conversation
from harness.core.message import Message, field_of
from harness.protocols.megabot.checks.reading import is_name, members
from harness.protocols.megabot.lab import MegabotLab, MegabotPeer

ACTION = "collaborative_action"
DATA = {"position": {"line": 12, "column": 4}, "text": "Grüße 🙂", "ranges": [[1, 2], []], "none": None}


async def heard(peer: MegabotPeer) -> Message:
    """The next action of another."""
    return await peer.receive(ACTION)


async def workspace(lab: MegabotLab, count: int, outsiders: int = 0) -> tuple[str, list[MegabotPeer]]:
    """A workspace in which so many clients of different users take part; the outsiders take part in another."""
    name = lab.unique("workspace")
    team = await lab.team(count + outsiders)
    await asyncio.gather(*(peer.join(name) for peer in team[:count]))
    await asyncio.gather(*(peer.join(f"{name}-other") for peer in team[count:]))
    return name, team


async def in_touch(lab: MegabotLab, count: int = 2, outsiders: int = 0) -> tuple[str, list[MegabotPeer]]:
    """As `workspace`; Violation when an action of the first one does not reach the other participants."""
    name, team = await workspace(lab, count, outsiders)
    await team[0].act(name, "file_open", file_path="src/parser.py")
    for other in team[1:count]:
        await heard(other)
    return name, team


@check("MEG-COLL-01")
async def an_action_reaches_the_other_participant(lab: MegabotLab) -> None:
    """Let two clients join a session, and one of them act."""
    name, (one, other) = await workspace(lab, 2)
    await one.act(name, "cursor_move", position={"line": 1})
    news = await heard(other)
    expect(field_of(news, "payload.action") == "cursor_move", "the action cursor_move", news)


@check("MEG-COLL-02")
async def the_data_arrives_as_it_is(lab: MegabotLab) -> None:
    """Act with nested data, and look at what the other participant gets."""
    with given("two participants"):
        name, (one, other) = await in_touch(lab)
    await one.act(name, "text_edit", **DATA)
    news = await heard(other)
    expect(field_of(news, "payload.data") == DATA, f"payload.data {DATA}", news)


@check("MEG-COLL-03")
async def the_author_is_named(lab: MegabotLab) -> None:
    """Act, and look for whom the other participant takes the author."""
    with given("two participants"):
        name, (one, other) = await in_touch(lab)
    await one.act(name)
    news = await heard(other)
    expect(field_of(news, "payload.user_id") == one.user_id, f"payload.user_id {one.user_id}", news)


@check("MEG-COLL-04")
async def nobody_acts_in_another_name(lab: MegabotLab) -> None:
    """Act with the user_id of the other participant in the payload."""
    with given("two participants"):
        name, (one, other) = await in_touch(lab)
    await one.say(ACTION, session_id=name, action="cursor_move", data={}, user_id=other.user_id)
    news = await heard(other)
    expect(field_of(news, "payload.user_id") == one.user_id, f"payload.user_id {one.user_id}", news)


@check("MEG-COLL-05")
async def who_has_not_joined_hears_nothing(lab: MegabotLab) -> None:
    """Let two act in a session that a third client has not joined; it takes part in another."""
    with given("two participants, and a third client"):
        name, (one, other, third) = await in_touch(lab, 2, outsiders=1)
    await one.act(name)
    with given("an action that is heard"):
        await heard(other)
    await third.pause(lab.profile.quiet_s)
    news = third.conversation.received(ACTION)
    expect(not news, "no action at the client that has not joined", news[0] if news else None)


@check("MEG-COLL-06")
async def who_has_not_joined_is_not_heard(lab: MegabotLab) -> None:
    """Let a third client act in a session that it has not joined."""
    with given("two participants, and a third client"):
        name, (one, other) = await in_touch(lab)
        (third,) = await lab.team(1)
    await third.act(name, "file_open", file_path="of/a/stranger")
    await other.pause(lab.profile.quiet_s)
    news = [*one.untaken(ACTION), *other.untaken(ACTION)]
    strange = [m for m in news if field_of(m, "payload.user_id") == third.user_id]
    strange += [m for m in news if field_of(m, "payload.data.file_path") == "of/a/stranger"]
    expect(not strange, "no action of a client that has not joined", strange[0] if strange else None)


@check("MEG-COLL-07")
async def all_others_hear_the_same(lab: MegabotLab) -> None:
    """Let one of three participants act three times, and compare what the others get."""
    with given("three participants"):
        name, (one, other, third) = await in_touch(lab, 3)
    for number in range(3):
        await one.act(name, "cursor_move", position={"line": number})
    for _ in range(3):
        here, there = await heard(other), await heard(third)
        for member in ("action", "data", "user_id"):
            same = field_of(here, f"payload.{member}") == field_of(there, f"payload.{member}")
            expect(same, f"the same payload.{member} for both", [here, there])


@check("MEG-COLL-08")
async def actions_keep_their_order(lab: MegabotLab) -> None:
    """Act five times."""
    with given("two participants"):
        name, (one, other) = await in_touch(lab)
    for number in range(5):
        await one.act(name, "cursor_move", number=number)
    for number in range(5):
        news = await heard(other)
        expect(field_of(news, "payload.data.number") == number, f"the action number {number}", news)


@check("MEG-COLL-09")
async def an_action_is_heard_once(lab: MegabotLab) -> None:
    """Act once, and look for a second action."""
    with given("two participants"):
        name, (one, other) = await in_touch(lab)
        await one.act(name)
        await heard(other)
    await other.pause(lab.profile.quiet_s)
    more = other.untaken(ACTION)
    expect(not more, "the action once", more[0] if more else None)


@check("MEG-COLL-10")
async def the_others_go_on_when_one_leaves(lab: MegabotLab) -> None:
    """Let one of three participants disconnect, and another act."""
    with given("three participants"):
        name, (one, other, third) = await in_touch(lab, 3)
        await third.close()
        await third.closed()
    await one.act(name, "file_open", file_path="src/parser.py")
    expect(await heard(other), "the action")


@check("MEG-COLL-11")
def an_action_is_named(conversation: Conversation) -> Iterator[None]:
    """Every collaborative_action of the server."""
    yield from members(conversation, ACTION, "action", is_name, "a text that is not empty")


@check("MEG-COLL-12")
def an_action_has_an_author(conversation: Conversation) -> Iterator[None]:
    """Every collaborative_action of the server."""
    yield from members(conversation, ACTION, "user_id", is_name, "a text that is not empty")
