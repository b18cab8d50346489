"""The client side of a trade, as checks have it, on our mock in memory."""

import asyncio
import random
from dataclasses import replace

import pytest

from harness import protocols
from harness.conformance.check import Violation
from harness.conformance.memory import MemoryOpener
from harness.conformance.users import Users
from harness.core.clock import Clock, run_virtual
from harness.core.message import Opcode
from harness.protocols.skybit.checks.malformed import Pace
from harness.protocols.skybit.lab import SkybitLab, demo_profile
from harness.scenario.house import House

MOCK = protocols.load("skybit")


@pytest.fixture
def in_a_lab():
    """Runs `play(lab)` in virtual time, with a lab for our mock; keyword arguments are facts of its world."""

    def run(play, users=None, **facts):
        async def go():
            clock, loop = Clock(), asyncio.get_running_loop()
            wall_s = lambda: clock.wall_s(loop.time())  # noqa: E731
            house = House({"skybit": replace(MOCK, facts=replace(MOCK.facts, **facts))}, wall_s)
            profile = demo_profile("ws://mock/artifact/v1", random.Random(1))
            lab = SkybitLab(MemoryOpener(house), profile, random.Random(1), wall_s, users or Users(profile.tokens))
            return await play(lab)

        return run_virtual(go())

    return run


def test_an_order_in_words_ends_in_its_status(in_a_lab):
    async def play(lab):
        return await (await lab.trader()).order()

    status = in_a_lab(play)
    assert status["data"]["status"] == "acknowledged"
    assert status["data"]["client_order_id"].startswith("cli-")


def test_an_order_that_is_refused_is_a_violation(in_a_lab):
    async def play(lab):
        await (await lab.trader()).order()

    with pytest.raises(Violation, match=r"a Status of the order; found .*ORDER_REJECTED"):
        in_a_lab(play, reject_orders="The broker wants no such order")


def test_text_without_an_order_gives_no_preview(in_a_lab):
    async def play(lab):
        await (await lab.trader()).obtain_preview("Hello")

    with pytest.raises(Violation, match="a Preview of the order"):
        in_a_lab(play)


def test_what_came_before_a_request_does_not_answer_it(in_a_lab):
    async def play(lab):
        trader = await lab.trader()
        await trader.say("Heartbeat", client_ts="2024-01-15T10:30:30.123Z")
        await trader.pause(1.0)
        return await trader.heartbeat()

    assert in_a_lab(play)["data"]["client_ts"] == "2024-01-15T10:30:01.004Z"


def test_a_lab_takes_back_its_orders_and_gives_back_its_users(in_a_lab):
    users = Users(["demo-user-1"])

    async def play(lab):
        trader = await lab.trader()
        await trader.order()
        await lab.close()
        assert await users.borrow() == ("demo-user-1",)
        return trader.conversation

    conversation = in_a_lab(play, users)
    assert conversation.sent("Cancel")[-1]["data"] == {"target": "all_orders"}
    assert conversation.entries[-1].frame.opcode is Opcode.CLOSE


def test_waiting_for_a_user_is_not_held_against_an_exchange(in_a_lab):
    users = Users(["demo-user-1"])

    async def play(lab):
        loop = asyncio.get_running_loop()
        held = await users.borrow()
        loop.call_later(100, lambda: loop.create_task(users.give_back(held)))
        async with asyncio.timeout(10) as lab.limit:
            await lab.trader()
            return lab.limit.when() - loop.time()

    assert 9.9 < in_a_lab(play, users) <= 10


def test_demo_users_are_known_to_the_mock_and_differ_from_run_to_run():
    one, other = (demo_profile("ws://mock/artifact/v1", random.Random(seed)) for seed in (1, 2))
    assert not set(one.tokens) & set(other.tokens)
    assert len(set(one.tokens)) == len(one.tokens)


def test_malformed_messages_keep_within_the_limit_of_what_they_were_to_be(in_a_lab):
    async def play(lab):
        trader, pace = await lab.trader(), Pace()
        at_s = []
        for kind in ["Chat"] * 50 + ["Subscribe"] * 200:
            await pace.wait(trader, kind)
            at_s.append(trader.now())
        return at_s

    at_s = in_a_lab(play)
    assert at_s[47] - at_s[0] < 1
    assert all(at_s[n + 48] - at_s[n] >= 60 for n in range(2))
    assert at_s[-1] == at_s[50]  # Of these, the spec limits none.
