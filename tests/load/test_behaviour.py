import random

import pytest

from harness.load.behaviour import REPLY_TIMEOUT_S, Behaviour, Lost
from harness.load.dial import Dial
from harness.load.replies import Replies
from harness.load.shared import Shared


class Shell:
    """A shell whose time stands until it is told otherwise."""

    def __init__(self, paces=None):
        self.chance = random.Random(1)
        self.paces = paces or {}
        self.now = 0.0
        self.samples = []
        self.intended = []
        self.sent = []
        self.is_lost = False
        self.shared = Shared()
        self.same_clock = True
        self.answer = (200, b"{}")

    def wall_s(self, now_s):
        return now_s

    def ping(self, data):
        self.send(data)

    def post(self, url, body):
        self.now += 0.25
        if self.is_lost:
            raise Lost("nobody answers")
        return self.answer

    def now_s(self):
        return self.now

    def wake(self):
        pass

    def intend(self, name):
        self.intended.append(name)

    def measure(self, name, ms, size=0, error=None):
        self.samples.append((name, ms, error))

    def send(self, message):
        if self.is_lost:
            raise Lost
        self.sent.append(message)


def test_what_is_done_every_period_is_told_its_intended_moments_however_late_it_is():
    shell = Shell({"beat_s": 2.0})
    behaviour = Behaviour(shell)
    moments = []
    behaviour.every("beat_s", moments.append)
    behaviour.agenda.run(9.0)
    assert 0 <= moments[0] <= 2
    assert [m - moments[0] for m in moments] == pytest.approx([0.0, 2.0, 4.0, 6.0, 8.0])


def test_latency_counts_from_the_intended_moment():
    shell = Shell()
    behaviour = Behaviour(shell)
    behaviour.request("beat", "k", {"id": "1"}, since_s=1.0)
    assert behaviour.settle("beat", "k", 3.5, 10)
    assert not behaviour.settle("beat", "k", 4.0, 10)
    assert shell.samples == [("beat", 2500.0, None)]
    assert shell.intended == ["beat"]


def test_an_answer_is_one_to_all_that_was_awaited_of_its_request():
    shell = Shell()
    behaviour = Behaviour(shell)
    behaviour.expect("plan", 1, "id-1", 0.0)
    behaviour.expect("plan", 2, "id-2", 0.0)
    behaviour.answer("id-2", 0.5, 10)
    assert shell.samples == [("plan", 500.0, None)]
    assert len(behaviour.replies) == 1


def test_an_error_fails_all_that_was_awaited_of_its_request():
    shell = Shell()
    behaviour = Behaviour(shell)
    behaviour.expect("plan", 1, "id-1", 0.0)
    behaviour.expect("preview", 1, "id-1", 0.0)
    behaviour.expect("plan", 2, "id-2", 0.0)
    behaviour.refuse("id-1", "Error RATE_LIMIT", 0.5)
    assert shell.samples == [("plan", 500.0, "Error RATE_LIMIT"), ("preview", 500.0, "Error RATE_LIMIT")]
    assert len(behaviour.replies) == 1


def test_what_is_not_answered_in_time_has_failed_and_its_wait_counts():
    shell = Shell()
    behaviour = Behaviour(shell)
    behaviour.expect("beat", 1, "id-1", 0.0)
    behaviour.fail_overdue(REPLY_TIMEOUT_S)
    assert shell.samples == []
    behaviour.agenda.run(REPLY_TIMEOUT_S + 1)
    assert shell.samples == [("beat", 11000.0, "no reply within 10 s")]


def test_what_is_overdue_is_looked_for_when_something_may_be():
    behaviour = Behaviour(Shell())
    behaviour.fail_overdue(0.0)
    assert behaviour.agenda.next_due() == REPLY_TIMEOUT_S
    behaviour.expect("beat", 1, "id-1", 7.0)
    behaviour.agenda.run(REPLY_TIMEOUT_S)
    assert behaviour.agenda.next_due() == 7.0 + REPLY_TIMEOUT_S
    behaviour.agenda.run(7.0 + REPLY_TIMEOUT_S)
    assert behaviour.agenda.next_due() == 7.0 + REPLY_TIMEOUT_S + 1
    assert len(behaviour.replies) == 1


def test_at_the_end_even_what_could_not_be_sent_has_failed():
    shell = Shell({"beat_s": 1.0})
    behaviour = Behaviour(shell)
    behaviour.every("beat_s", lambda due_s: behaviour.request("beat", due_s, {"id": str(due_s)}, due_s))
    shell.is_lost = True
    behaviour.fail_before(4.0, "no reply before the end", 5.0)
    assert shell.sent == []
    assert len(shell.samples) == 4
    assert {(name, error) for name, _, error in shell.samples} == {("beat", "no reply before the end")}
    assert max(ms for _, ms, _ in shell.samples) > 4000


def test_without_more_a_user_connects_to_what_was_named():
    assert Behaviour(Shell()).dial("ws://host/ws?stage=a") == Dial("ws://host/ws?stage=a")


def test_a_login_is_a_row_of_its_own():
    shell = Shell()
    shell.answer = (201, b'{"token": "t"}')
    assert Behaviour(shell).post("login", "http://host/login", {}) == {"token": "t"}
    assert shell.samples == [("login", 250.0, None)]
    assert shell.intended == ["login"]


@pytest.mark.parametrize(
    ("answer", "lost", "reason"),
    [
        ((401, b"{}"), False, "HTTP status 401"),
        ((200, b"<html>"), False, "the answer is no JSON"),
        ((200, b"{}"), True, "nobody answers"),
    ],
)
def test_a_login_that_fails_ends_the_attempt(answer, lost, reason):
    shell = Shell()
    shell.answer, shell.is_lost = answer, lost
    with pytest.raises(Lost, match=f"login: {reason}"):
        Behaviour(shell).post("login", "http://host/login", {})
    assert shell.samples == [("login", 250.0, reason)]


def test_a_pong_answers_its_own_ping():
    shell = Shell()
    behaviour = Behaviour(shell)
    behaviour.ping(1.0)
    behaviour.ping(2.0)
    behaviour.ponged(shell.sent[1], 2.5)
    behaviour.ponged(b"of nobody", 2.5)
    assert shell.samples == [("ping", 500.0, None)]


def test_of_a_stream_the_time_between_two_events_is_measured():
    shell = Shell()
    behaviour = Behaviour(shell)
    behaviour.watch("news", 2.0, 0.0)
    assert [behaviour.tick("news", at_s, 10) for at_s in (0.5, 2.5, 5.5)] == [None, 2.0, 3.0]
    assert shell.samples == [("news", None, None), ("news", 2000.0, None), ("news", 3000.0, None)]
    assert len(shell.intended) == 3


def test_events_of_a_stream_that_is_watched_no_more_are_nobodys_business():
    shell = Shell()
    behaviour = Behaviour(shell)
    behaviour.watch("news", 2.0, 0.0)
    behaviour.unwatch("news")
    assert behaviour.tick("news", 1.0, 10) is None
    behaviour.fail_overdue(100.0)
    assert shell.samples == []


def test_a_stream_that_stops_has_failed_after_its_period_and_the_timeout():
    shell = Shell()
    behaviour = Behaviour(shell)
    behaviour.watch("news", 5.0, 0.0)
    behaviour.fail_before(4.5, "the end", 5.5)
    assert shell.samples == []
    behaviour.fail_overdue(16.0)
    behaviour.tick("news", 20.0, 10)
    behaviour.tick("news", 25.0, 10)
    assert shell.samples == [("news", 16000.0, "no reply within 10 s"), ("news", None, None), ("news", 5000.0, None)]
    assert len(shell.intended) == 3


def test_what_may_take_time_is_not_missed_before():
    shell = Shell()
    behaviour = Behaviour(shell)
    behaviour.expect("reply", 1, "id", 0.0, takes_s=30.0)
    behaviour.fail_before(29.0, "the end", 30.0)
    assert (shell.samples, shell.intended) == ([], [])
    behaviour.fail_before(31.0, "the end", 32.0)
    assert (shell.samples, shell.intended) == ([("reply", 32000.0, "the end")], ["reply"])


def test_a_delay_is_that_of_the_servers_stamp_where_it_can_be_known():
    shell = Shell()
    behaviour = Behaviour(shell)
    behaviour.delay("event", 1.25, 3.0, 10)
    behaviour.delay("event", 1, 3.0, 10)  # Of some moment before 2.
    behaviour.delay("event", "1970-01-01T01:00:01.5+01:00", 3.0, 10)
    behaviour.delay("event", 3.5, 3.0, 10)
    shell.same_clock = False
    behaviour.delay("event", 1.25, 3.0, 10)
    assert shell.samples == [("event", ms, None) for ms in (1750.0, 1000.0, 1500.0, 0.0)]


def test_the_spread_is_counted_from_the_first_user_of_the_process():
    shell = Shell()
    one, another = Behaviour(shell), Behaviour(shell)
    one.spread("event", 7, 1.0, 10)
    another.spread("event", 7, 1.5, 10)
    another.spread("event", 8, 2.0, 10)
    assert shell.samples == [("event", 0.0, None), ("event", 500.0, None), ("event", 0.0, None)]


def test_a_user_may_leave():
    behaviour = Behaviour(Shell())
    behaviour.leave()
    assert behaviour.has_left


def test_a_protocol_must_say_how_its_users_behave():
    behaviour = Behaviour(Shell())
    with pytest.raises(NotImplementedError):
        behaviour.opened(0.0)
    with pytest.raises(NotImplementedError):
        behaviour.received({}, 0.0, 2)


def test_a_reply_is_taken_by_name_and_key_and_the_oldest_first():
    replies = Replies()
    for number, key in enumerate("aba"):
        replies.expect("plan", key, str(number), float(number))
    assert replies.take("preview", "a") is None
    assert replies.take("plan", "c") is None
    assert [replies.take("plan", "a").request_id, replies.take("plan", None).request_id] == ["0", "1"]
    assert replies.oldest_request() == replies.oldest_request("chat", "plan") == "2"
    assert replies.oldest_request("chat") is None
    assert [awaited.request_id for awaited in replies.overdue(3.0)] == ["2"]
    assert replies.oldest_request() is None
    assert len(replies) == 0
