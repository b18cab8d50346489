"""The connection-limit test: it passes on our mocks and on every lawful way to refuse, and notices each broken rule."""

import importlib
from dataclasses import replace

import pytest

from harness import protocols
from harness.load.crowd import OutOfReach, TurnedAway
from harness.load.limits import LimitTest
from harness.load.seats import Cause, Refusal
from tests.load.memory import crowd_of
from tests.load.stub import FULL, SEATS, Stub, crowd

SMALL = {  # Protocol -> limits of the mock that make for a quick test.
    "skybit": {"connections_per_user": 10},
    "brainstream": {"connections_per_ip": 10},
    "sigmax": {"max_connections": 12},
}


def seats_of(name):
    return importlib.import_module(f"harness.protocols.{name}.seats").SEATS


def run(crowd, limit):
    test = LimitTest(crowd, limit, "demo-user-1", "demo-user-2")
    findings = list(test.findings())
    assert crowd.lines == []
    return {finding.text: finding for finding in findings}, test


def broken(door, seats=SEATS):
    found, test = run(crowd(door, seats), 4)
    texts = [text for text, finding in found.items() if finding.holds is False]
    assert test.verdict(not texts).endswith("does not hold." if texts else "holds.")
    return texts


@pytest.mark.parametrize("name", sorted(SMALL))
def test_the_mock_keeps_its_limit(name):
    protocol = protocols.load(name)
    rules = replace(protocol.rules, **SMALL[name])
    limit = next(iter(SMALL[name].values()))
    found, test = run(crowd_of(protocol, seats_of(name), rules=rules), limit)
    assert {text: finding.seen for text, finding in found.items() if not finding.holds} == {}
    assert len(found) >= 13
    assert test.verdict(True) == "The connection limit holds."


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        ("skybit", "cuts-the-eleventh"),
        ("skybit", "eleventh-by-http"),
        ("brainstream", "ten-connections"),
        ("brainstream", "ten-connections-by-http"),
        ("sigmax", "unauthorized-and-unavailable"),
        ("sigmax", "forbidden-and-too-many"),
        ("sigmax", "keeps-those-it-turned-away"),
    ],
)
def test_every_lawful_way_to_refuse_is_accepted(name, variant):
    protocol = protocols.variants(name)[variant].apply(protocols.load(name))
    rules = replace(protocol.rules, **SMALL[name])
    limit = next(iter(SMALL[name].values()))
    found, _ = run(crowd_of(protocol, seats_of(name), rules=rules), limit)
    assert {text: finding.seen for text, finding in found.items() if finding.holds is False} == {}


def test_a_recommended_limit_need_not_be_there():
    protocol = protocols.load("brainstream")
    found, test = run(crowd_of(protocol, seats_of("brainstream")), 10)
    assert [text for text, finding in found.items() if finding.holds is None] == ["one more may be refused"]
    assert "which is allowed" in test.verdict(True)


def test_a_good_server_passes():
    assert broken(Stub()) == []


def test_another_user_is_asked_for_where_the_limit_is_a_users():
    class NobodyElse(Stub):
        def arrives(self, line, token):
            return FULL if token == "demo-user-2" else super().arrives(line, token)

    assert broken(NobodyElse(), replace(SEATS, scope="of one user")) == ["another user is admitted all the while"]


def test_another_address_is_not_looked_for_where_there_is_none():
    door = Stub()
    door.has_elsewhere = False
    found, _ = run(crowd(door, replace(SEATS, scope="from one address")), 4)
    assert found["another address is admitted all the while"].holds is None


class OneTooMany(Stub):
    def arrives(self, line, token):
        self.held.append(line)


class OneTooFew(Stub):
    def __init__(self):
        super().__init__(limit=3)


class FreesLate(Stub):
    """A closed connection counts for three seconds more."""

    def __init__(self):
        super().__init__()
        self.ghosts = []

    def arrives(self, line, token):
        self.ghosts = [until_s for until_s in self.ghosts if until_s > self.now]
        return FULL if len(self.held) + len(self.ghosts) >= self.limit else super().arrives(line, token)

    def left(self, line, is_cut):
        if line in self.held:
            self.ghosts.append(self.now + 3)
        super().left(line, is_cut)


class NeverFreesCutOnes(Stub):
    def left(self, line, is_cut):
        if not is_cut:
            super().left(line, is_cut)


class RefusesBy(Stub):
    def __init__(self, refusal):
        super().__init__()
        self.refusal = refusal

    def refuses(self, line):
        return self.refusal


class CountsRefusedOnes(Stub):
    def refuses(self, line):
        self.limit -= 1
        return FULL


class EvictsTheOldest(Stub):
    """Refuses one more, and closes another one's connection over it."""

    def refuses(self, line):
        self.held[0].end("closed with 1008", 1008)
        return FULL


class SlowWhileRefusing(Stub):
    def refuses(self, line):
        self.now += 0.1
        self.answer_s += 0.1
        return FULL


class DeafWhileRefusing(Stub):
    deaf = False

    def refuses(self, line):
        self.deaf = True
        return FULL

    def serves(self, line):
        return not self.deaf


class RefusesOnceOnly(Stub):
    def refuses(self, line):
        self.limit += 1
        return FULL


@pytest.mark.parametrize(
    ("door", "noticed"),
    [
        (OneTooMany(), "one more is refused"),
        (OneTooFew(), "4 connections in all are admitted"),
        (FreesLate(), "one closed cleanly makes room at once"),
        (NeverFreesCutOnes(), "one closed abruptly makes room at once"),
        (RefusesBy(Refusal("status 500", status=500)), "it is refused in a documented way"),
        (RefusesBy(Refusal("the error OOPS", error="OOPS")), "it is refused in a documented way"),
        (RefusesBy(Refusal("no answer", cause=Cause.SILENCE)), "it is refused in a documented way"),
        (CountsRefusedOnes(), "those turned away do not count: one that leaves makes room"),
        (EvictsTheOldest(), "none of them loses its connection"),
        (SlowWhileRefusing(), "meanwhile those connected are served in time"),
        (DeafWhileRefusing(), "meanwhile those connected are served in time"),
        (RefusesOnceOnly(), "so are 20 more at once"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Stub) else "",
)
def test_a_broken_rule_is_noticed_by_its_name(door, noticed):
    assert noticed in broken(door)


def test_places_that_never_get_free_are_noticed_even_where_there_is_one_only():
    class NeverFrees(Stub):
        def left(self, line, is_cut):
            pass

    found, _ = run(crowd(NeverFrees(1)), 1)
    assert found["one closed cleanly makes room at once"].holds is False


def test_a_good_server_is_told_how_long_it_took_to_free_a_place():
    class FreesSoon(FreesLate):
        def left(self, line, is_cut):
            if line in self.held:
                self.ghosts.append(self.now + 0.1)
            Stub.left(self, line, is_cut)

    found, _ = run(crowd(FreesSoon()), 4)
    freed = found["one closed cleanly makes room at once"]
    assert freed.holds
    assert 100 <= freed.figures["free_after_ms"] <= 150


def test_those_of_others_are_named_where_they_count_too():
    found, _ = run(crowd(OneTooFew()), 4)
    assert "connections of others count, too" in found["4 connections in all are admitted"].seen


def test_one_slow_moment_of_this_machine_is_no_harm_done():
    class SlowOnce(Stub):
        is_slow = True

        def refuses(self, line):
            self.answer_s = 1.0 if self.is_slow and len(self.held) == self.limit else 0.001
            return FULL

        def serves(self, line):
            self.is_slow = self.is_slow and self.answer_s < 1.0
            return super().serves(line)

    assert broken(SlowOnce()) == []


def test_a_crowd_that_is_left_without_an_answer_is_not_refused():
    class SilentInACrowd(Stub):
        knocks = 0

        def refuses(self, line):
            self.knocks += 1
            return FULL if self.knocks == 1 else Refusal("nothing", cause=Cause.SILENCE)

    assert "so are 20 more at once" in broken(SilentInACrowd())


def test_a_server_that_asks_for_more_than_this_process_may_open_is_not_judged():
    class OutOfFiles(Stub):
        def open(self, address, within_s, elsewhere):
            raise TurnedAway(Refusal("no more files", cause=Cause.GENERATOR))

    with pytest.raises(OutOfReach):
        broken(OutOfFiles())
