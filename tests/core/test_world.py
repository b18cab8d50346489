from __future__ import annotations

import random

from harness.core.limits import Rate
from harness.core.world import Setting, World


class Listener:
    def __init__(self):
        self.heard = []

    def notice(self, topic, event, now):
        self.heard.append((topic, event, now))


def world():
    return World("facts", Setting(random.Random(1)))


def test_news_come_after_what_happens_now_and_at_the_same_moment():
    here, listener = world(), Listener()
    here.topics.listen("orders", listener)
    here.tell("orders", "filled", 5.0)
    assert listener.heard == []
    here.agenda.run(5.0)
    assert listener.heard == [("orders", "filled", 5.0)]


def test_who_comes_between_the_event_and_its_news_is_told_too():
    here, listener = world(), Listener()
    here.tell("orders", "filled", 5.0)
    here.topics.listen("orders", listener)
    here.agenda.run(5.0)
    assert len(listener.heard) == 1


def test_a_world_without_books_has_nothing_wrong_in_them():
    assert world().check_books() == []


def test_a_change_of_facts_keeps_the_others():
    here = World(Rate(3, 10.0), Setting(random.Random(1)))
    here.change({"count": 4}, 3.0)
    assert here.facts == Rate(4, 10.0)


def test_a_scenario_may_turn_the_facts_and_leaves_its_messages_to_the_sessions():
    here = world()
    here.turn("other facts", 3.0)
    assert here.facts == "other facts"
    assert here.scripted("Answer", None, {}, 3.0) is False
