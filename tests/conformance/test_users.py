import asyncio

import pytest

from harness.conformance.check import Unobserved
from harness.conformance.users import WINDOW_S, Users
from harness.core.clock import run_virtual


def test_users_are_lent_in_turn_and_rest_the_longest():
    async def play():
        users = Users(["a", "b", "c"])
        first = await users.borrow()
        await users.give_back(first)
        return first, await users.borrow(2)

    assert run_virtual(play()) == (("a",), ("b", "c"))


def test_who_finds_no_free_user_waits_for_one():
    async def play():
        users = Users(["a"])
        held = await users.borrow()
        asyncio.get_running_loop().call_later(5, lambda: asyncio.ensure_future(users.give_back(held)))
        assert await users.borrow() == ("a",)
        return asyncio.get_running_loop().time()

    assert run_virtual(play()) == 5


def test_more_users_than_the_profile_names_is_undecidable():
    with pytest.raises(Unobserved, match="takes 2 user"):
        run_virtual(Users(["a"]).borrow(2))


def test_a_user_who_has_used_up_most_of_a_limit_rests_for_a_minute():
    async def play():
        users = Users(["a"])
        await users.give_back(await users.borrow(), load=0.6)
        await users.borrow()
        return asyncio.get_running_loop().time()

    assert run_virtual(play()) == WINDOW_S


def test_a_user_who_has_used_little_is_lent_at_once_but_not_as_a_newcomer():
    async def play():
        users = Users(["a"])
        await users.give_back(await users.borrow(), load=0.1)
        await users.give_back(await users.borrow(), load=0.1)
        at_once = asyncio.get_running_loop().time()
        await users.borrow(load=0.0)
        return at_once, asyncio.get_running_loop().time()

    assert run_virtual(play()) == (0.0, WINDOW_S)


def test_a_rested_user_is_lent_before_one_who_has_just_come_back():
    async def play():
        users = Users(["a", "b"])
        await users.give_back(await users.borrow(), load=1.0)
        return await users.borrow(load=0.0)

    assert run_virtual(play()) == ("b",)
