"""The storm: who came back, after how long, and what was in the way."""

import pytest

from harness.load.crowd import TurnedAway
from harness.load.drops import cut
from harness.load.seats import Cause, Refusal
from harness.load.storm import Drop, Storm
from tests.load.stub import Stub, crowd

CUT = cut("stub", "ws://stub")
NOBODY = Refusal("Connection refused", cause=Cause.UNREACHABLE)


def run(door, drop=CUT, users=8, within_s=30.0):
    storm = Storm(crowd(door), users, drop, within_s)
    findings = {finding.text: finding for finding in storm.findings()}
    assert storm.crowd.lines == []
    return storm, findings, [text for text, finding in findings.items() if finding.holds is False]


def test_all_are_back():
    storm, findings, broken = run(Stub(8))
    assert broken == []
    assert storm.took_s == pytest.approx(8 * 0.001)
    assert storm.verdict(True) == "All 8 users were served again after 8.0 ms."
    assert findings["tries that were refused or failed"].seen == "none"


class Restarts(Stub):
    """Nobody listens for so long after all have gone; then it takes in one each tenth of a second."""

    def __init__(self, down_s, each_s=0.0):
        super().__init__(100)
        self.down_s = down_s
        self.each_s = each_s
        self.up_s = 0.0

    def left(self, line, is_cut):
        super().left(line, is_cut)
        self.up_s = self.now + self.down_s

    def open(self, address, within_s, elsewhere):
        if self.now < self.up_s:
            raise TurnedAway(NOBODY)
        self.up_s += self.each_s
        return super().open(address, within_s, elsewhere)


def test_users_knock_until_the_server_is_there_again():
    storm, findings, broken = run(Restarts(down_s=5.0))
    assert broken == []
    assert 5.0 <= storm.took_s <= 6.1
    back = findings["all are back within 30 s"]
    assert back.figures["unreachable"] >= 5
    assert back.figures["turned_away"] == 0
    assert "x Connection refused" in findings["tries that were refused or failed"].seen


def test_a_server_that_stays_away_too_long_is_noticed():
    storm, findings, broken = run(Restarts(down_s=40.0), users=1)
    assert broken == ["all are back within 30 s"]
    assert findings["all are back within 30 s"].seen == "0 of 1"
    assert storm.verdict(False) == "Not all 1 users came through the storm."


def test_a_server_that_does_not_let_go_turns_its_own_users_away():
    class KeepsGhosts(Stub):
        def left(self, line, is_cut):
            pass

    _, findings, broken = run(KeepsGhosts(10))
    assert broken == ["all are back within 30 s"]
    assert findings["all are back within 30 s"].seen.startswith("2 of 8")
    assert "x the error FULL" in findings["tries that were refused or failed"].seen


def test_those_who_keep_their_connections_are_told_of():
    _, _, broken = run(Stub(8), Drop("nothing happened", lambda lines: None, 1.0))
    assert broken == ["all lose their connections", "all are back within 30 s"]


def test_a_server_that_does_not_hold_so_many_is_not_stormed():
    _, findings, broken = run(Stub(5))
    assert broken == ["8 users are connected and served"]
    assert "use fewer (--users)" in findings["8 users are connected and served"].seen


def test_who_is_back_must_be_served():
    class Forgets(Stub):
        def serves(self, line):
            self.now += self.answer_s
            return line.number <= 8

        def arrives(self, line, token):
            line.number = int(token.removeprefix("user-")) + 1
            return super().arrives(line, token)

    _, _, broken = run(Forgets(8))
    assert broken == ["all that are back are served"]
