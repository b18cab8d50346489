"""Malformed messages: drawn from schemas by a seed, tried in virtual time, and shrunk to the smallest that fails."""

import asyncio
import json
import os
import random
import subprocess
import sys
import threading
import time

import pytest

from harness import protocols
from harness.conformance import suite, trial
from harness.conformance.check import Unobserved, Violation, expect
from harness.conformance.malformed import GONE, NO_MESSAGES, Source
from harness.conformance.proof import prove
from harness.conformance.rehearsal import rehearse
from harness.conformance.runner import Options, run
from harness.conformance.socket import SocketOpener
from harness.conformance.trial import Trial, judge
from harness.core.clock import run_virtual
from harness.core.defect import defects_in, in_session, on_message
from harness.core.message import Opcode, merged
from harness.core.session import Close
from harness.protocols.megabot.session import MegabotSession
from harness.protocols.sigmax.errors import Refusal
from harness.protocols.sigmax.session import SigmaxSession
from harness.protocols.skybit.errors import Refusal as SkybitRefusal
from harness.protocols.skybit.session import SkybitSession
from harness.wire.schemas import shapes

IDS = {
    "skybit": ["SKY-ERR-21", "SKY-ERR-22"],
    "sigmax": ["SIG-ERR-14"],
    "megabot": ["MEG-VAL-11"],
    "brainstream": ["BRA-MAL-14"],
    "eventbus": ["EVB-CONN-19"],
}
SIDES = {"skybit": "client", "sigmax": "client", "megabot": "client", "brainstream": "server", "eventbus": "server"}
COUNT = 60
CHATS = Source.of("skybit", "client").of_kinds("Chat")


def drawn(name, number, **options):
    return Source.of(name, SIDES[name], **options).drawn(COUNT, random.Random(number))


# What is drawn ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SIDES)
def test_the_same_number_draws_the_same_messages(name):
    texts = [each.text for each in drawn(name, 7)]
    assert texts == [each.text for each in drawn(name, 7)]
    assert texts != [each.text for each in drawn(name, 8)]
    assert len(texts) == len(set(texts))
    assert COUNT / 2 < len(texts) <= COUNT + len(NO_MESSAGES)


@pytest.mark.parametrize("name", SIDES)
def test_nothing_that_is_drawn_is_valid_and_each_says_where_it_is_wrong(name):
    known = shapes(protocols.load(name).folder)
    for each in drawn(name, 3):
        if each.message is None:
            assert each.text in NO_MESSAGES
        else:
            assert json.loads(each.text) == each.message
            assert not known.is_valid(each.message, SIDES[name])
            assert 1 <= len(each.faults) <= 2


def test_a_source_draws_only_what_may_be_demanded():
    source = Source.of("skybit", "client", demanded=lambda kind, where, value: where == "id" and value is GONE)
    found = [each for each in source.drawn(COUNT, random.Random(1)) if each.message is not None]
    assert found
    assert {each.faults for each in found} == {(("id",),)}
    assert not [each for each in found if "id" in each.message]


def test_what_is_simplest_comes_first():
    """The first message of each kind of fault has no other, and no member that it can do without."""
    source = Source.of("skybit", "client", texts=()).of_kinds("Chat")
    first = source.drawn(COUNT, random.Random(1))[0]
    assert "context" not in first.message["data"]
    assert len(first.faults) == 1


def test_what_is_wrong_stays_so_when_a_message_is_dressed():
    (no_id, *_) = Source.of("skybit", "client", demanded=lambda k, where, v: where == "id", texts=()).drawn(
        3, random.Random(1)
    )
    dressed = no_id.with_members(id="another", session="mine")
    assert dressed.message["session"] == "mine"
    assert dressed.message.get("id") == no_id.message.get("id")
    assert json.loads(dressed.text) == dressed.message


def test_hypothesis_leaves_nothing_where_the_user_works(tmp_path):
    code = """
from harness.conformance import suite
from harness.conformance.proof import prove
from harness.protocols.skybit import PROTOCOL
from harness.protocols.skybit.defects.malformed import StumblesOverNumbers
print(prove(suite.load("skybit"), PROTOCOL, StumblesOverNumbers).verdict.verdict)
"""
    root = str(trial.__file__).removesuffix("/harness/conformance/trial.py")
    environment = {**os.environ, "PYTHONPATH": root}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout == "failed\n", done.stderr
    assert list(tmp_path.iterdir()) == []


# How it is judged ---------------------------------------------------------------------------------


class Peers:
    """Connections that remember what was tried, and a server that fails where `fails` says so, after `takes_s`."""

    def __init__(self, fails, takes_s=0.5):
        self.fails, self.takes_s = fails, takes_s
        self.tried, self.opened, self.at_once = [], 0, 1

    async def connect(self):
        self.opened += 1
        return [FakePeer()]

    async def probe(self, peers, group):
        for each in group:
            peers[0].said(each.frame)
            self.tried.append(each)
        await asyncio.sleep(self.takes_s)
        expect(not self.fails(group), "a good reaction", "none")

    def judged(self, chance=1, source=None, count=COUNT):
        """What `judge` raises, or None; and how long it took."""

        async def work():
            began_s = asyncio.get_running_loop().time()
            trials = Trial(source or CHATS, self.connect, self.probe, at_once=self.at_once)
            try:
                await judge(trials, random.Random(chance), count)
            except Violation as violation:
                return violation, asyncio.get_running_loop().time() - began_s
            return None, asyncio.get_running_loop().time() - began_s

        return run_virtual(work())


class FakePeer:
    """As much of a peer as the engine looks at."""

    def __init__(self):
        self.is_lost = False
        self.conversation = self
        self.entries = []

    def said(self, frame):
        self.entries.append(Said(frame))

    async def close(self):
        self.is_lost = True

    async def closed(self, within_s):
        return None


class Said:
    """As much of an entry."""

    sender = "client"

    def __init__(self, frame):
        self.frame = frame
        self.message = json.loads(frame.data) if frame.data.startswith(b'{"') and frame.data.endswith(b"}") else None


def is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def text_is_a_number(group):
    return any(is_number(((each.message or {}).get("data") or {}).get("text")) for each in group if has_data(each))


def has_data(each):
    return isinstance((each.message or {}).get("data"), dict)


def test_a_server_that_does_well_is_asked_each_message_once():
    server = Peers(lambda group: False)
    violation, took_s = server.judged()
    assert violation is None
    texts = [each.text for each in server.tried]
    assert len(texts) == len(set(texts))
    assert took_s == pytest.approx(len(texts) * 0.5)
    assert 1 < server.opened < len(texts) / 5


@pytest.mark.parametrize("at_once", [1, 8])
def test_the_smallest_message_that_fails_is_the_evidence(at_once):
    server = Peers(text_is_a_number)
    server.at_once = at_once
    violation, _ = server.judged()
    assert violation.evidence["data"] == {"text": 0}
    known = shapes(protocols.load("skybit").folder)
    assert known.is_valid({**violation.evidence, "data": {"text": "Hello"}}, "client")
    assert "a good reaction (found none) after this malformed message" in str(violation)


def test_what_matters_beside_the_fault_is_left_as_well():
    def fails(group):
        return text_is_a_number(group) and any("context" in each.message["data"] for each in group if has_data(each))

    texts = Source.of("skybit", "client", demanded=lambda kind, where, value: where == "data.text").of_kinds("Chat")
    found = [Peers(fails).judged(chance, texts)[0] for chance in range(3)]
    assert [v.evidence["data"] for v in found] == [{"text": 0, "context": {}}] * 3


def test_of_two_faults_the_one_that_matters_is_left():
    source = Source.of("sigmax", "client", texts=())

    def fails(group):
        return any(has_data(each) and is_number(each.message["data"].get("symbols")) for each in group)

    found = [Peers(fails).judged(chance, source, 150)[0] for chance in range(6)]
    assert [v.evidence["data"] for v in found if v] == [{"symbols": 0} for v in found if v]
    assert len([v for v in found if v]) > 3


def test_the_same_seed_makes_the_same_conversation():
    servers = [Peers(text_is_a_number) for _ in range(2)]
    for server in servers:
        server.judged(chance=5)
    assert [each.text for each in servers[0].tried] == [each.text for each in servers[1].tried]


def test_the_smallest_is_tried_last_on_a_connection_of_its_own():
    server = Peers(text_is_a_number)
    violation, _ = server.judged()
    assert server.tried[-1].message == violation.evidence


def test_a_text_that_fails_is_not_shrunk():
    server = Peers(lambda group: any(each.text == "null" for each in group))
    server.at_once = 4
    violation, _ = server.judged()
    assert violation.evidence == "null"


def test_virtual_time_stands_still_while_hypothesis_thinks():
    server = Peers(text_is_a_number, takes_s=2.0)
    _, took_s = server.judged()
    assert took_s == pytest.approx(2.0 * len(server.tried))


def test_shrinking_ends_in_time_at_a_server_that_takes_its_time(monkeypatch):
    monkeypatch.setattr(trial, "SHRINK_LIMIT_S", 30.0)
    slow = Peers(text_is_a_number, takes_s=10.0)
    violation, took_s = slow.judged()
    first = next(n for n, each in enumerate(slow.tried) if text_is_a_number([each]))
    assert is_number(violation.evidence["data"]["text"])
    assert took_s <= 10.0 * (first + 1) + 30.0


def test_shrinking_ends_after_so_many_trials(monkeypatch):
    monkeypatch.setattr(trial, "SHRINK_LIMIT", 5)
    server = Peers(text_is_a_number)
    server.judged()
    first = next(n for n, each in enumerate(server.tried) if text_is_a_number([each]))
    assert len(server.tried) <= first + 1 + 5 + 1


def test_a_server_that_fails_but_once_has_failed():
    times = iter([False] * 20 + [True])
    violation, _ = (server := Peers(lambda group: next(times, False))).judged()
    assert violation is not None
    assert json.dumps(violation.evidence) == server.tried[20].text


def test_a_server_that_fails_now_and_then_has_failed():
    chance = random.Random(3)
    violation, _ = Peers(lambda group: chance.random() < 0.2).judged()
    assert violation is not None
    assert violation.expected.startswith("a good reaction")


def test_where_it_takes_several_messages_all_of_them_are_the_evidence():
    server = Peers(lambda group: len(group) > 3)
    server.at_once = 4
    violation, _ = server.judged()
    assert len(violation.evidence) == 4
    assert "after one of these malformed messages" in str(violation)


def test_a_server_that_lets_nobody_in_afterwards_has_failed():
    server = Peers(text_is_a_number)
    good = server.connect

    async def connect():
        if any(text_is_a_number([each]) for each in server.tried):
            raise OSError("connection refused")
        return await good()

    server.connect = connect
    violation, _ = server.judged()
    assert is_number(violation.evidence["data"]["text"])


def test_a_server_that_lets_nobody_in_at_all_is_not_observed():
    server = Peers(lambda group: False)

    async def connect():
        raise Violation("an Auth confirmation", "none")

    server.connect = connect
    with pytest.raises(Unobserved, match="a connection"):
        server.judged()


@pytest.mark.parametrize("ending", ["cancelled", "timed out", "broken"])
def test_the_thread_ends_with_the_exchange(ending):
    server = Peers(text_is_a_number)
    good = server.probe
    shrinking = asyncio.Event()

    async def probe(peers, group):
        if any(text_is_a_number([each]) for each in server.tried):
            shrinking.set()
            if ending == "broken":
                raise KeyError("a bug of the check")
            await asyncio.sleep(1000)
        await good(peers, group)

    server.probe = probe

    async def work():
        trials = Trial(CHATS, server.connect, server.probe)
        task = asyncio.create_task(judge(trials, random.Random(1), COUNT))
        await asyncio.wait({task, asyncio.create_task(shrinking.wait())}, return_when=asyncio.FIRST_COMPLETED)
        if ending == "cancelled":
            task.cancel()
        async with asyncio.timeout(30):
            await task

    raised = {"cancelled": asyncio.CancelledError, "timed out": TimeoutError, "broken": KeyError}[ending]
    with pytest.raises(raised):
        run_virtual(work())
    assert [thread for thread in threading.enumerate() if thread.name == "shrinking"] == []


def test_hypothesis_says_nothing(capfd):
    Peers(text_is_a_number).judged()
    assert capfd.readouterr() == ("", "")


# The protocols ------------------------------------------------------------------------------------

CASES = [(name, id_) for name, ids in IDS.items() for id_ in ids]


@pytest.mark.parametrize(("name", "id_"), CASES)
@pytest.mark.parametrize("seed", [11, 12, 13])
def test_the_mock_stands_whatever_is_drawn(name, id_, seed):
    report = rehearse(suite.load(name), protocols.load(name), Options(only=(id_,), seed=seed))
    assert (report[id_].verdict, report[id_].reason, report.broken) == ("passed", "", [])


SMALLEST = [
    ("skybit", "stumbles-over-numbers", "Chat", {"text": 0}),
    ("skybit", "needs-channels", "Unsubscribe", {"channels": None}),
    ("sigmax", "looks-types-up", [], None),
    ("megabot", "overlooks-content-as-object", "chat_send", {"content": {}}),
    ("megabot", "deaf-after-joining-nothing", "session_join", None),
    ("brainstream", "wants-members", "WELCOME", False),
    ("brainstream", "looks-types-up", [], None),
    ("eventbus", "needs-types", None, {}),
]


@pytest.mark.parametrize(("name", "defect", "kind", "data"), SMALLEST)
def test_the_report_shows_the_smallest_message_at_which_a_server_fails(name, defect, kind, data):
    defects = {d.name: d for d in defects_in(f"harness.protocols.{name}.defects.malformed")}
    (failure,) = prove(suite.load(name), protocols.load(name), defects[defect]).verdict.failures
    found = json.loads(failure.found)
    assert found.get("type") == kind
    assert found.get("data", found.get("payload")) == data
    (marked,) = [line for line in failure.excerpt if line.startswith("!")]
    assert ">>" in marked


@pytest.mark.parametrize("name", ["skybit", "sigmax", "eventbus"])
def test_the_report_shows_a_text_as_it_is(name):
    defects = {d.name: d for d in defects_in(f"harness.protocols.{name}.defects.malformed")}
    (failure,) = prove(suite.load(name), protocols.load(name), defects["knows-no-null"]).verdict.failures
    assert failure.found == "null"
    assert "after this malformed message" in failure.expected


def test_a_frame_holds_the_text():
    (first, *_) = drawn("skybit", 1)
    assert (first.frame.opcode, first.frame.data) == (Opcode.TEXT, first.text.encode())


# Lawful servers -----------------------------------------------------------------------------------


@in_session("")
class ClosesAfterEachBadMessage(MegabotSession):
    """Ends the connection after what is malformed."""

    def refused(self, problem, now):
        return (*super().refused(problem, now), Close(1008, "malformed"))


@in_session("")
class SaysNothingAndCloses(MegabotSession):
    """Ends the connection at what is malformed, without a word."""

    def refused(self, problem, now):
        return (Close(1007),)


@in_session("")
class CallsItATopic(SigmaxSession):
    """Has another code of the table for data of a wrong shape."""

    def refused(self, problem, now):
        return (self.refuse(Refusal("INVALID_TOPIC", str(problem)), problem.message, now),)


@on_message("", "error")
def errs_twice(message, session, now):
    """Sends each error of SIGMAX twice, which is another requirement's matter."""
    return message, message


@on_message("", "Error")
def names_no_request(message, session, now):
    """Names no request in an Error of Skybit, which is another requirement's matter."""
    return merged(message, {"data.request_id": ""})


@in_session("")
class LooksForThingsFirst(SkybitSession):
    """Does not find a preview that is called by a number, nor symbols that are none."""

    def refused(self, problem, now):
        where = problem.where.removeprefix("data.")
        code = {"preview_id": "ORDER_REJECTED", "order_id": "ORDER_REJECTED"}.get(where, "INVALID_REQUEST")
        code = "SYMBOL_NOT_FOUND" if ".symbols" in where else code
        return self.refuse(SkybitRefusal(code, str(problem)), problem.message, now)


@on_message("", "TELEMETRY")
def sends_two_packets(message, session, now):
    """Sends each packet of BrainStream twice."""
    return message, message


LAWFUL = [
    ("megabot", ClosesAfterEachBadMessage),
    ("megabot", SaysNothingAndCloses),
    ("sigmax", CallsItATopic),
    ("sigmax", errs_twice),
    ("skybit", names_no_request),
    ("skybit", LooksForThingsFirst),
    ("brainstream", sends_two_packets),
]


@pytest.mark.parametrize(("name", "server"), LAWFUL, ids=lambda value: getattr(value, "name", value))
def test_a_lawful_server_does_not_fail(name, server):
    report = rehearse(suite.load(name), server.apply(protocols.load(name)), Options(only=tuple(IDS[name])))
    assert {(v.id, v.verdict, v.reason) for v in report.verdicts} == {(id_, "passed", "") for id_ in IDS[name]}


@pytest.mark.socket
@pytest.mark.parametrize("name", ["skybit", "sigmax"])
def test_over_a_socket(name, serve):
    found, protocol = suite.load(name), protocols.load(name)
    profile = found.demo_profile(serve(protocol), random.Random(5))
    report = asyncio.run(run(found, profile, SocketOpener(), time.time, Options(only=tuple(IDS[name]))))
    assert [(v.verdict, v.reason) for v in report.verdicts] == [("passed", "")] * len(IDS[name])
    assert report.took_s < 10
