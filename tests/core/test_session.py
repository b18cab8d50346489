from __future__ import annotations

import random
from functools import partial
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.clock import Agenda, Clock
from harness.core.message import Problem
from harness.core.session import Close, Context, Ping, Send, Session
from harness.core.topics import Topics
from harness.core.world import Setting, World


class Lift(Session):
    """A lift: at rest it can be called; on its way it can be stopped."""

    MOVES: ClassVar = {("rest", "Call"): "go", ("way", "Stop"): "halt"}

    def opened(self, now):
        self.state = "rest"
        return super().opened(now)

    def go(self, message, now):
        self.state = "way"
        return (Send({"type": "Going", "to": message["floor"]}),)

    def halt(self, message, now):
        self.state = "rest"
        return (Send({"type": "Stopped"}),)

    def unexpected(self, message, now):
        return (Send({"type": "Refused", "what": message["type"]}),)

    def noticed(self, topic, event, now):
        return (Send({"type": topic, "event": event}),)


def session(cls=Lift):
    """A session whose effects are written into `done` as (moment, effect)."""
    agenda, topics = Agenda(), Topics()
    world = World(None, Setting(random.Random(1), Clock(), agenda, topics))
    made = cls(Context(world, "rules", lambda: random.Random(2), Clock(), agenda, topics))
    made.done = []
    made.perform = lambda call, now: made.done.extend((now, effect) for effect in call(now))
    made.notice = lambda topic, event, now: made.perform(partial(made.noticed, topic, event), now)
    list(made.opened(0.0))
    return made


def run(made, until):
    made.context.agenda.run(until)
    return made.done


def test_a_legal_move_is_answered_by_its_method():
    lift = session()
    assert lift.received({"type": "Call", "floor": 3}, 1.0) == (Send({"type": "Going", "to": 3}),)
    assert lift.state == "way"


@given(st.lists(st.sampled_from(["Call", "Stop", "Dance"])))
def test_what_the_table_lacks_is_refused_and_changes_nothing(types):
    lift, state = session(), "rest"
    for kind in types:
        (answer,) = lift.received({"type": kind, "floor": 1}, 0.0)
        legal = (state, kind) in Lift.MOVES
        assert (answer.message["type"] != "Refused") is legal
        state = {"Call": "way", "Stop": "rest"}[kind] if legal else state
        assert lift.state == state


def test_the_parts_of_the_context_are_at_hand():
    lift = session()
    assert lift.rules == "rules"
    assert lift.world is lift.context.world


def test_before_the_stage_takes_it_a_session_performs_nothing():
    lift = Lift(session().context)
    lift.after(1.0, 0.0, lambda then: pytest.fail("nobody carries this out"))
    lift.context.agenda.run(1.0)


def test_later_effects_come_when_they_are_due():
    lift = session()
    lift.after(2.0, 1.0, lambda then: (Ping(),))
    assert run(lift, 2.9) == []
    assert run(lift, 3.0) == [(3.0, Ping())]


def test_what_repeats_comes_each_period():
    lift = session()
    lift.every(30.0, 0.0, lambda then: (Ping(),))
    assert run(lift, 95.0) == [(30.0, Ping()), (60.0, Ping()), (90.0, Ping())]


def test_silence_ends_what_waits_for_it():
    lift = session()
    lift.when_idle(60.0, 0.0, lambda then: (Close(1001),))
    assert run(lift, 59.9) == []
    assert run(lift, 500.0) == [(60.0, Close(1001))]


@given(st.lists(st.integers(1, 300).map(float), max_size=8).map(sorted))
def test_each_message_puts_the_end_off(moments):
    lift = session()
    lift.when_idle(60.0, 0.0, lambda then: (Close(1001),))
    heard = [0.0]
    for now in moments:
        lift.context.agenda.run(now)
        lift.received({"type": "Dance"}, now)
        heard.append(now)
    expected = next((a + 60 for a, b in zip(heard, [*heard[1:], 1e9], strict=True) if b - a >= 60))
    assert run(lift, 1e6) == [(expected, Close(1001))]


def test_a_session_hears_of_the_topics_it_listens_to():
    lift = session()
    lift.listen("doors")
    lift.context.topics.publish("doors", "open", 4.0)
    assert lift.done == [(4.0, Send({"type": "doors", "event": "open"}))]


def test_after_the_end_nothing_is_carried_out():
    lift = session()
    lift.listen("doors")
    lift.after(1.0, 0.0, lambda then: (Ping(),))
    lift.closed(0.5)
    lift.context.topics.publish("doors", "open", 0.6)
    assert run(lift, 9.0) == []
    assert not lift.context.topics.wanted("doors")


def test_the_base_answers_a_bug_by_1011_and_ignores_news():
    base = session(Session)
    assert base.failed(None, 0.0) == (Close(1011, "internal error"),)
    assert base.noticed("doors", "open", 0.0) == ()


@pytest.mark.parametrize(
    "call",
    [
        lambda base: base.refused(Problem("json", "", "", ""), 0.0),
        lambda base: base.unexpected({"type": "Dance"}, 0.0),
        lambda base: base.scripted("Dance", None, {}, None, 0.0),
    ],
)
def test_the_base_leaves_to_protocols_what_only_they_can_say(call):
    with pytest.raises(NotImplementedError):
        call(session(Session))
