"""The search for a limit: it finds it to the one, and is not fooled by slowness, bursts, or its own limits."""

import pytest

from harness.load.crowd import TurnedAway
from harness.load.search import PATIENCE_S, Search
from harness.load.seats import Cause, Refusal
from tests.load.stub import FULL, SILENCE, Stub, crowd


def run(door, most=5000):
    search = Search(crowd(door), most)
    findings = list(search.findings())
    assert search.crowd.lines == []
    broken = [finding.text for finding in findings if finding.holds is False]
    return search, findings, broken


@pytest.mark.parametrize("limit", [1, 2, 37, 64, 1000])
def test_a_limit_is_found_to_the_one_and_confirmed(limit):
    search, findings, broken = run(Stub(limit))
    assert (search.low, broken) == (limit, [])
    assert search.verdict(True) == f"The server stops at {limit} connection{'s' * (limit > 1)}; one more: {FULL}."
    assert findings[-3].seen == f"refused, too: {FULL}"
    assert [finding.text for finding in findings if finding.holds] == [
        f"when all have left, {limit} are admitted again",
        "one more is refused, each time",
        "those connected are still served",
        "one that leaves makes room for one",
    ]


def test_each_step_tells_how_long_a_handshake_took_and_who_was_served():
    _, findings, _ = run(Stub(37))
    steps = [finding for finding in findings if finding.holds is None]
    assert [step.figures["wanted"] for step in steps[:7]] == [1, 2, 4, 8, 16, 32, 64]
    assert steps[3].figures["handshake_p50_ms"] == pytest.approx(1.0)
    assert (steps[5].figures["asked"], steps[5].figures["served"]) == (20, 20)
    assert "one more: the error FULL" in steps[6].seen


def test_without_a_limit_the_search_ends_where_it_was_told_to():
    search, _, broken = run(Stub(10_000), most=300)
    assert broken == []
    assert search.verdict(True) == "No limit up to 300 connections, where the search ends (--most)."


def test_a_burst_that_is_refused_is_no_limit():
    class RefusesBursts(Stub):
        """Takes in no more than thirty in a tenth of a second."""

        recent = ()

        def arrives(self, line, token):
            self.recent = [at for at in self.recent if at > self.now - 0.1]
            if len(self.recent) >= 30:
                return FULL
            self.recent.append(self.now)
            return super().arrives(line, token)

        def serves(self, line):
            self.now += 0.05
            return True

    search, _, broken = run(RefusesBursts(60), most=64)
    assert (search.low, broken) == (60, [])


def test_a_server_that_evicts_the_oldest_has_a_limit_too():
    class Evicts(Stub):
        def arrives(self, line, token):
            super().arrives(line, token)
            if line not in self.held:
                self.held[0].end("closed with 1008", 1008)
                self.held.append(line)

    search, _, broken = run(Evicts(10))
    assert (search.low, broken) == (10, [])
    assert "it is admitted, but 1 of those before lose their connection" in search.verdict(True)


def test_a_server_that_serves_fewer_than_it_admits_stops_there():
    class Starves(Stub):
        def serves(self, line):
            self.now += self.answer_s
            return len(self.held) <= 12

    search, _, broken = run(Starves(10_000))
    assert (search.low, broken) == (12, [])
    assert "only 0 of 13 asked answer" in search.verdict(True)


class SlowsDown(Stub):
    """A handshake takes so long for each connection that there is."""

    def __init__(self, each_s):
        super().__init__(10_000)
        self.each_s = each_s

    @property
    def handshake_s(self):
        return self.each_s * len(self.held)


def test_a_server_that_slows_down_is_not_taken_for_a_full_one():
    search, findings, broken = run(SlowsDown(0.02))
    assert 64 <= search.low < 128
    assert broken == ["the server answers in time, if only to refuse"]
    assert "slow to answer" in search.verdict(False)
    assert any("times as long as at first" in finding.seen for finding in findings)


def test_a_server_that_gets_slower_still_is_given_up():
    search, _, broken = run(SlowsDown(1.0))
    assert search.slow
    assert broken == ["the server answers in time, if only to refuse"]


def test_a_server_that_gets_stuck_is_no_full_one_either():
    class Stuck(Stub):
        def open(self, address, within_s, elsewhere):
            if self.held and len(self.held) >= 20:
                self.stuck = True
            if getattr(self, "stuck", False):
                self.now += within_s
                raise TurnedAway(SILENCE)
            return super().open(address, within_s, elsewhere)

    search, _, broken = run(Stuck(10_000))
    assert search.slow == f"one more had no answer within {PATIENCE_S:g} s"
    assert "the server answers in time, if only to refuse" in broken


def test_a_server_that_lets_one_more_wait_until_another_leaves_has_a_limit():
    class Queues(Stub):
        def open(self, address, within_s, elsewhere):
            if len(self.held) >= self.limit:
                self.now += within_s
                raise TurnedAway(SILENCE)
            return super().open(address, within_s, elsewhere)

    search, _, _ = run(Queues(20))
    assert search.low == 20
    assert search.verdict(True).endswith("one more: it is left without an answer until another leaves.")


def test_what_the_generator_cannot_open_is_not_put_down_to_the_server():
    ours = Refusal("this process may open no more files (RLIMIT_NOFILE)", cause=Cause.GENERATOR)

    class OutOfFiles(Stub):
        def open(self, address, within_s, elsewhere):
            if len(self.held) >= 100:
                raise TurnedAway(ours)
            return super().open(address, within_s, elsewhere)

    search, _, broken = run(OutOfFiles(10_000))
    assert broken == []
    assert search.verdict(True) == f"No limit up to 100 connections; there the generator stopped: {ours}."


def test_a_server_that_serves_nobody_is_said_to():
    _, _, broken = run(Stub(0))
    assert broken == ["the first connection is served"]


def test_a_limit_that_is_another_the_second_time_is_not_confirmed():
    class Shrinks(Stub):
        peak = 0

        def left(self, line, is_cut):
            super().left(line, is_cut)
            if not self.held:
                self.limit -= 5

    _, _, broken = run(Shrinks(40))
    assert "when all have left, 40 are admitted again" in broken


def test_places_that_do_not_get_free_are_noticed():
    class NeverFrees(Stub):
        def left(self, line, is_cut):
            pass

    _, _, broken = run(NeverFrees(10))
    assert broken == ["when all have left, 10 are admitted again", "one that leaves makes room for one"]


def test_a_limit_of_one_address_is_told_as_one():
    class PerAddress(Stub):
        elsewhere = False

        def open(self, address, within_s, elsewhere):
            self.elsewhere = elsewhere
            return super().open(address, within_s, elsewhere)

        def arrives(self, line, token):
            return None if self.elsewhere else super().arrives(line, token)

    _, findings, _ = run(PerAddress(10))
    (seen,) = [finding.seen for finding in findings if finding.text == "one more from another address"]
    assert seen == "it is admitted: the limit is that of one address"
