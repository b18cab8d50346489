"""A driver on a loop of virtual time."""

import asyncio
import itertools

import pytest

from harness.core.clock import Clock, run_virtual
from harness.core.message import Frame, Opcode
from harness.core.session import Request
from harness.scenario.driver import Driver
from harness.scenario.stage import Stage


class Noting:
    """A transport that notes what it gets, and when by the loop."""

    def __init__(self):
        self.loop = asyncio.get_running_loop()
        self.log = []

    def send(self, frame):
        self.log.append(
            (round(self.loop.time(), 6), frame.code if frame.opcode is Opcode.CLOSE else frame.data.decode())
        )

    def hang_up(self):
        self.log.append((self.loop.time(), "cut"))


@pytest.fixture
def driven(scenario):
    """Plays a scenario on a loop; `work(driver, link, transport)` is what a test does there."""

    def run(text, work, speed=1.0):
        async def begin():
            driver = Driver(Stage(scenario(text), Clock()), asyncio.get_running_loop(), speed)
            transport = Noting()
            link = driver.connect(Request("/toy"), transport)
            transport.log.clear()
            await work(driver, link, transport)
            return transport.log

        return run_virtual(begin())

    return run


TICKS = "steps: [{at: 10s, raw: a}, {at: 30s, raw: b}]"


def test_what_is_due_happens_at_its_time(driven):
    async def wait(driver, link, transport):
        await asyncio.sleep(60)

    assert driven(TICKS, wait) == [(10.0, "a"), (30.0, "b")]


def test_a_stage_may_run_faster_than_its_loop(driven):
    async def wait(driver, link, transport):
        await asyncio.sleep(1.25)
        assert driver.now() == 25.0
        await asyncio.sleep(1)

    assert driven(TICKS, wait, speed=20.0) == [(0.5, "a"), (1.5, "b")]


def test_time_can_be_skipped(driven):
    async def skip(driver, link, transport):
        await asyncio.sleep(5)
        driver.skip(20)
        assert driver.now() == 25.0
        await asyncio.sleep(60)

    assert driven(TICKS, skip) == [(5.0, "a"), (10.0, "b")]


def test_what_a_message_sets_off_is_waited_for_too(driven):
    async def ask(driver, link, transport):
        await asyncio.sleep(1)
        driver.receive(link, Frame(Opcode.TEXT, b'{"type":"Ask"}'))
        await asyncio.sleep(5)

    text = "steps: [{at: 60s, raw: late}, {when: Ask, reply: [{after: 2s, raw: soon}]}]"
    assert driven(text, ask) == [(3.0, "soon")]


def test_it_knows_when_a_client_last_came_or_went(driven):
    async def leave(driver, link, transport):
        assert driver.used_at_s == 0.0
        await asyncio.sleep(7)
        driver.gone(link)
        assert (driver.used_at_s, driver.stage.links) == (7.0, {})

    assert driven(TICKS, leave) == []


def test_it_can_close_every_connection(driven):
    async def close(driver, link, transport):
        driver.close_all(1012, "restarting")

    assert driven(TICKS, close) == [(0.0, 1012)]


def test_a_driver_that_was_stopped_plays_no_more_whoever_comes(driven):
    async def stop(driver, link, transport):
        driver.stop()
        driver.stop()
        driver.gone(link)
        await asyncio.sleep(60)

    assert driven(TICKS, stop) == []


def test_a_stage_that_cannot_keep_up_goes_slower_and_leaves_time_for_others(driven):
    async def wait(driver, link, transport):
        loop = asyncio.get_running_loop()
        ticks, pauses = [], []

        def tick(now):
            ticks.append(now)
            loop._jump(0.005)  # The work takes five times as long as there is between two ticks.
            if len(ticks) < 50_000:  # So that a driver that never catches up fails here, rather than lasts for ever.
                driver.stage.agenda.at(now + 0.002, tick)

        driver.stage.agenda.at(0.0, tick)
        driver.skip(0.0)
        for _ in range(200):
            began_s = loop.time()
            await asyncio.sleep(0.01)
            pauses.append(loop.time() - began_s)
        assert max(pauses) < 1
        assert ticks == sorted(ticks)
        assert len(ticks) == pytest.approx(loop.time() / 0.005, rel=0.1)

    driven("steps: [{at: 1d, raw: a}]", wait, speed=2.0)


@pytest.mark.parametrize(("pause_s", "lost_s"), [(15.0, 0.0), (3600.0, 3590.0)])
def test_in_real_time_only_a_machine_that_slept_puts_the_clock_back(driven, pause_s, lost_s):
    async def wait(driver, link, transport):
        asyncio.get_running_loop()._jump(pause_s)
        await asyncio.sleep(60)
        assert driver.now() == pytest.approx(pause_s + 60 - lost_s)

    assert [text for _, text in driven(TICKS, wait)] == ["a", "b"]


def test_a_stage_that_is_behind_lets_clients_be_served_between_and_its_time_is_where_it_has_got_to(driven):
    text = "steps: [" + ", ".join(f"{{at: {10 + n}ms, raw: '{n}'}}" for n in range(100)) + "]"
    seen = []

    async def wait(driver, link, transport):
        loop, send = asyncio.get_running_loop(), transport.send

        def slow(frame):
            send(frame)
            loop._jump(0.005)

        transport.send = slow
        while len(transport.log) < 100:
            await asyncio.sleep(0.001)
            seen.append((len(transport.log), driver.now()))

    assert [text for _, text in driven(text, wait)] == [str(n) for n in range(100)]
    steps = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(seen)]
    assert max(steps) <= 10  # Two turns: each step takes 5 ms, and after 20 ms a turn is over.
    behind = [(done, now) for done, now in seen if 5 < done < 100]
    assert behind
    assert all(now == pytest.approx(0.010 + done * 0.001) for done, now in behind)
