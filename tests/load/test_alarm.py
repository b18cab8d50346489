import time

from harness.core.clock import Agenda
from harness.load.alarm import WINDOWS_PER_S, Alarm, Bell
from harness.load.behaviour import Lost


class HandTimer:
    """One that a test lets go off."""

    def __init__(self, ring):
        self.ring = ring
        self.due_s = None

    def set(self, due_s):
        self.due_s = due_s


def bell_by_hand():
    """A bell, and a list that will have its timer."""
    timers = []
    return Bell(lambda ring: timers.append(HandTimer(ring)) or timers[0]), timers


class Listener:
    def __init__(self):
        self.agenda = Agenda()
        self.late_ms, self.failures, self.done = [], [], []
        bell, self.timers = bell_by_hand()
        self.alarm = Alarm(bell, self.agenda, self.late_ms.append, self.failures.append)

    def put(self, name, ago_s=0.0):
        """On the agenda, as a thing that was due so long ago."""
        due_s = time.perf_counter() - ago_s
        self.agenda.at(due_s, lambda due_s: self.done.append((name, due_s)))
        self.alarm.set()
        return due_s

    def ring(self):
        self.timers[0].ring()


def test_what_is_due_is_done_in_order_though_an_earlier_thing_came_later():
    of = Listener()
    second_s = of.put("second", 0.5)
    first_s = of.put("first", 2.0)
    assert of.done == []  # Never within the call that asks for it.
    of.ring()
    assert of.done == [("first", first_s), ("second", second_s)]
    assert [ms >= 2000 for ms in of.late_ms] == [True]


def test_what_a_call_puts_on_the_agenda_is_done_too():
    of = Listener()
    of.agenda.at(time.perf_counter(), lambda due_s: of.put("next"))
    of.alarm.set()
    of.ring()
    of.ring()
    assert [name for name, _ in of.done] == ["next"]


def test_an_alarm_that_was_stopped_rings_no_more():
    of = Listener()
    of.put("never")
    of.alarm.stop()
    of.put("neither")
    of.ring()
    assert (of.done, of.late_ms) == ([], [])


def test_a_lost_connection_leaves_the_rest_of_the_agenda():
    of = Listener()

    def lose(due_s):
        raise Lost

    of.agenda.at(time.perf_counter() - 1, lose)
    of.put("after")
    of.ring()
    of.ring()
    assert [name for name, _ in of.done] == ["after"]
    assert of.failures == []


def test_an_error_of_ours_is_told_and_ends_it():
    of = Listener()
    of.agenda.at(time.perf_counter() - 1, lambda due_s: 1 / 0)
    of.put("after")
    of.ring()
    of.ring()
    assert [type(error) for error in of.failures] == [ZeroDivisionError]
    assert of.done == []


def test_a_bell_makes_calls_in_order_however_far_off_they_are():
    done = []
    bell, timers = bell_by_hand()
    dues_s = [window / WINDOWS_PER_S + more for window in (5, 0, 900, 2, 3, 2) for more in (0.003, 0.001)]
    for due_s in dues_s:
        bell.at(due_s, done.append)
    assert timers[0].due_s == min(dues_s)
    timers[0].ring()  # By now it is far later.
    assert done == sorted(dues_s)
    assert timers[0].due_s == float("inf")


def test_a_bell_makes_no_call_early_and_is_wound_for_the_next():
    done = []
    bell, timers = bell_by_hand()
    soon_s, later_s = time.perf_counter() + 1000, time.perf_counter() + 2000
    bell.at(later_s, done.append)
    assert timers[0].due_s == later_s
    bell.at(soon_s, done.append)
    assert timers[0].due_s == soon_s
    timers[0].ring()
    assert done == []
    assert timers[0].due_s == soon_s
    bell.at(0.5, done.append)
    assert timers[0].due_s == 0.5
    timers[0].ring()
    assert (done, timers[0].due_s) == ([0.5], soon_s)


def test_what_falls_due_while_calls_are_made_waits_for_the_next_turn():
    done = []
    bell, timers = bell_by_hand()

    def again(due_s):
        done.append(due_s)
        bell.at(time.perf_counter(), again)

    bell.at(0.0, again)
    timers[0].ring()
    assert done == [0.0]
    assert 0 < timers[0].due_s <= time.perf_counter()
