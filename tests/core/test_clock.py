from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.clock import Agenda, Clock, run_virtual

MOMENTS = st.integers(0, 20).map(float)


def test_the_clock_adds_the_stage_to_the_epoch():
    assert Clock(1000.0).wall_s(2.5) == 1002.5


def test_an_empty_agenda_has_nothing_due():
    agenda = Agenda()
    agenda.run(1e9)
    assert agenda.next_due() is None


@given(st.lists(MOMENTS), MOMENTS)
def test_calls_run_in_order_of_moment_then_of_entry_and_no_later_ones(moments, now):
    agenda, calls = Agenda(), []
    for index, due in enumerate(moments):
        agenda.at(due, lambda then, index=index: calls.append((then, index)))
    agenda.run(now)
    expected = sorted((due, index) for index, due in enumerate(moments))
    assert calls == [each for each in expected if each[0] <= now]
    assert agenda.next_due() == min((due for due in moments if due > now), default=None)


def test_a_call_that_adds_one_that_is_due_sees_it_run_at_once():
    agenda, calls = Agenda(), []
    agenda.at(1.0, lambda then: agenda.at(then + 1.0, calls.append))
    agenda.run(2.0)
    assert calls == [2.0]


def test_virtual_time_jumps_instead_of_waiting():
    async def sleepers():
        loop = asyncio.get_running_loop()
        order = []

        async def sleeper(seconds):
            await asyncio.sleep(seconds)
            order.append((seconds, loop.time()))

        await asyncio.gather(sleeper(86_400.0), sleeper(0.001), sleeper(60.0))
        return order

    assert run_virtual(sleepers()) == [(0.001, 0.001), (60.0, 60.0), (86_400.0, 86_400.0)]


def test_timers_a_microsecond_apart_are_told_apart():
    async def two():
        loop, seen = asyncio.get_running_loop(), []
        done = loop.create_future()
        loop.call_at(1.000001, lambda: (seen.append("late"), done.set_result(None)))
        loop.call_at(1.0, lambda: seen.append(loop.time()))
        await done
        return seen

    assert run_virtual(two()) == [1.0, "late"]


def test_time_stands_while_something_is_ready():
    async def work():
        loop, calls = asyncio.get_running_loop(), []
        loop.call_soon_threadsafe(calls.append, "called")
        timer = loop.call_later(5.0, calls.append, "too late")
        for _ in range(3):
            await asyncio.sleep(0)
        timer.cancel()
        return calls, loop.time()

    assert run_virtual(work()) == (["called"], 0.0)


def test_waiting_for_nothing_is_an_error_instead_of_for_ever():
    async def forever():
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="virtual time stands still"):
        run_virtual(forever())
