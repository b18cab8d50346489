"""What all sessions of a stage share: ids, sessions, streams, news."""

import itertools
import json
import re

import pytest

from harness.core.limits import Rate
from harness.protocols.megabot.sessions import KeptSession
from harness.protocols.megabot.streams import Stream


def test_ids_count_on_from_numbers_that_no_sample_has(bot_of):
    bot = bot_of()
    kinds = ("msg", "msg", "sess", "user", "task", "stream")
    made = [bot.world.number(kind) for kind in kinds]
    assert made == ["msg_1001", "msg_1002", "sess_1001", "user_1001", "task_1001", "stream_1001"]
    shapes = bot.stage.shapes
    samples = json.dumps([shapes.examples, shapes.client_examples])
    assert max(int(number) for number in re.findall(rf"(?:{'|'.join(kinds)})_(\d+)", samples)) < 1001


def test_times_are_whole_epoch_seconds(bot_of):
    bot = bot_of()
    visitor = bot.visit()
    bot.wait(1.9)
    visitor.say_raw(b"nonsense")
    assert visitor.take()["timestamp"] == 1705314601


def test_there_is_no_news_unless_a_scenario_says_so(bot_of):
    bot = bot_of()
    visitor = bot.visit()
    bot.wait(3600.0)
    assert visitor.log == []
    assert bot.stage.next_due() is None


def test_news_come_evenly_to_everyone_who_is_connected(bot_of):
    bot = bot_of(facts={"notifications": Rate(4, 2.0)})
    bot.wait(5.0)
    first = bot.visit()
    bot.wait(1.0)
    second = bot.visit()
    bot.wait(1.0)
    assert first.times("notification") == pytest.approx([5.5, 6.0, 6.5, 7.0])
    assert second.messages() == first.messages()[2:]
    assert {m["type"] for m in first.messages()} == {"notification"}


def test_a_burst_of_news_begins_and_ends_while_the_scenario_is_played(bot_of):
    bot = bot_of(
        script="""
steps:
  - {at: 5s, world: {notifications: 10 per 1s}}
  - {at: 6s, world: {think: 1s}}
  - {at: 7s, world: {notifications: 0 per 1s}}
"""
    )
    visitor = bot.visit()
    bot.wait(60.0)
    times = visitor.times("notification")
    assert len(times) == 20
    assert (times[0], times[-1]) == (pytest.approx(5.1), pytest.approx(7.0))
    gaps = {round(b - a, 6) for a, b in itertools.pairwise(times)}
    assert gaps == {0.1}


def test_news_are_the_same_whatever_clients_do(bot_of):
    def news(busy):
        bot = bot_of(facts={"notifications": Rate(1, 1.0)}, seed=4)
        visitor = bot.visit()
        for _ in range(busy):
            visitor.chat("What is a monad?")
            bot.visit().call("run_tests")
        bot.wait(30.0)
        return [
            m["payload"] for m in visitor.messages("notification") if "/executions/" not in m["payload"]["action_url"]
        ]

    assert news(0) == news(5)


def test_the_same_seed_gives_the_same_bytes(bot_of):
    def bytes_of(seed):
        bot = bot_of(seed=seed, facts={"notifications": Rate(1, 3.0)})
        visitors = [bot.visit() for _ in range(3)]
        for visitor in visitors:
            visitor.join("doc")
            visitor.chat("How do I write a parser?")
            visitor.call("code_review")
            visitor.act("doc", "text_edit", {"insert": "x"})
            bot.wait(1.0)
        bot.wait(30.0)
        return [[entry.frame.data for entry in v.link.conversation.entries] for v in visitors]

    assert bytes_of(1) == bytes_of(1)
    assert bytes_of(1) != bytes_of(2)


def test_every_fact_may_change_while_a_scenario_is_played(bot_of):
    bot = bot_of()
    bot.world.change({"credentials": "required", "api_keys": ("other",)}, 0.0)
    assert bot.connect().ends == [1008]
    assert bot.visit(headers={"x-api-key": "other"}).ends == []


def test_books_that_do_not_balance_are_told(bot_of):
    bot = bot_of()
    visitor = bot.visit()
    world = bot.world
    world.sessions.by_id["sess_9"] = KeptSession("sess_9", "user_9", None)
    world.begin(Stream("stream_8", "c1", ["x"]))
    world.begin(Stream("stream_9", "c1", ["x"], sent=1, owner=visitor.link.session))
    assert world.check_books() == [
        "sess_9: idle, and not noted as left",
        "stream_8: nobody is there to be told",
        "stream_9: complete, and still open",
    ]
    del world.sessions.by_id["sess_9"]
    world.streams.clear()
