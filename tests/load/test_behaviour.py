import random

import pytest

from harness.load.behaviour import REPLY_TIMEOUT_S, Behaviour, Lost
from harness.load.replies import Replies


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
    assert [awaited.request_id for awaited in replies.overdue(3.0)] == ["2"]
    assert len(replies) == 0
