"""Servers that do what nobody expects: every check comes to a verdict, and none stumbles."""

import json
import random
from dataclasses import replace

import pytest

from harness import protocols
from harness.conformance import suite
from harness.conformance.judging import on_conversation
from harness.conformance.peer import Answer
from harness.conformance.rehearsal import rehearse
from harness.conformance.runner import Options
from harness.conformance.verdict import Kind
from harness.core.conversation import Conversation
from harness.core.defect import in_session, on_message
from harness.core.http import HttpReply
from harness.core.message import Frame, Opcode, merged
from harness.protocols.megabot.defects.authentication import TakesAnyToken
from harness.protocols.megabot.lab import token_of
from harness.protocols.megabot.session import MegabotSession

MEGABOT = suite.load("megabot")
MOCK = protocols.load("megabot")
ERROR = {"id": "msg_1", "type": "connection_error", "payload": {"error": "x", "message": "x", "code": 500}}
SERVERS = {
    "silent": lambda frame: [],
    "echoes": lambda frame: [frame],
    "the same error": lambda frame: [Frame(Opcode.TEXT, json.dumps(ERROR).encode())],
}


@pytest.mark.parametrize("name", SERVERS)
def test_a_null_server_breaks_no_check(name, fake_server, judged, demo):
    profile = replace(demo(MEGABOT), credentials={}, side_by_side=1000)
    report = judged(MEGABOT, fake_server(SERVERS[name]), profile)
    assert report.broken == []
    assert report.exit_code == 1


@on_message("")
def random_members(message, session, now):
    """Replaces members at random by something else."""
    chance = random.Random(message["id"])
    wild = [None, "", -1, 1e400, [], {}, True, "words", [1]]
    for place in (message, message["payload"]):
        for name in list(place):
            if name != "payload" and chance.random() < 0.15:
                place[name] = chance.choice(wild)
    return message


def test_members_of_any_kind_break_no_check():
    report = rehearse(MEGABOT, random_members.apply(MOCK))
    assert report.broken == []
    assert len(report.of("failed")) > 20


def test_bad_tokens_that_are_taken_leave_open_how_they_are_refused():
    only = ("MEG-AUTH-18", "MEG-AUTH-19", "MEG-AUTH-20", "MEG-AUTH-21")
    report = rehearse(MEGABOT, TakesAnyToken.apply(MOCK), Options(only=only))
    assert {v.reason for v in report.of("not-observed")} == {"a bad token is not refused"}


def test_a_server_that_takes_any_token_may_still_refuse_expired_ones():
    report = rehearse(MEGABOT, TakesAnyToken.apply(MOCK), Options(only=("MEG-AUTH-17",)))
    assert report["MEG-AUTH-17"].verdict == "passed"


@in_session("")
class SaysNothingToThem(MegabotSession):
    """Neither greets nor refuses a client with bad credentials."""

    def turn_away(self, refusal, now):
        return ()


def test_silence_is_no_refusal():
    report = rehearse(MEGABOT, SaysNothingToThem.apply(MOCK), Options(only=("MEG-AUTH-13",)))
    assert report["MEG-AUTH-13"].verdict == "failed"


@pytest.mark.parametrize(
    ("body", "verdict"),
    [({"token": "an.opaque.token"}, "failed"), ({"token": 5}, "not-observed"), ([], "not-observed")],
)
def test_a_token_that_is_none(body, verdict):
    endpoints = tuple(replace(each, answer=lambda *_: HttpReply(body)) for each in MOCK.http)
    report = rehearse(MEGABOT, replace(MOCK, http=endpoints), Options(only=("MEG-AUTH-02",)))
    assert report["MEG-AUTH-02"].verdict == verdict


def test_a_login_that_answers_no_json_gives_no_token():
    assert token_of(Answer(200, body="Welcome")) is None


def received(*messages, dropped=0):
    conversation = Conversation(dropped=dropped)
    for message in messages:
        conversation.note(1.0, "server", Frame(Opcode.TEXT, json.dumps(message).encode()))
    return conversation


def chunk(number, **changes):
    payload = {"chunk": "Hi", "is_complete": False, "sequence": number}
    return merged({"id": f"msg_{number}", "type": "chat_stream", "payload": payload}, changes)


def outcome(id_, conversation):
    (check,) = [c for c in MEGABOT.checks if c.id == id_ and not c.exchange]
    return on_conversation(MEGABOT, check, conversation)


def test_of_a_record_without_its_beginning_nothing_is_said_of_beginnings():
    late = received(chunk(7), chunk(9), dropped=3)
    for id_ in ("MEG-CONN-13", "MEG-CHAT-12", "MEG-CHAT-13"):
        assert outcome(id_, late).kind is Kind.HELD
        assert outcome(id_, late).observations == 0


def test_a_message_without_a_time_has_none_to_judge():
    assert outcome("MEG-FMT-10", received(chunk(1))).observations == 0
    assert outcome("MEG-FMT-09", received(chunk(1))).kind is Kind.VIOLATED


def test_a_missing_number_is_left_to_the_check_of_numbers():
    gap = received(chunk(1), chunk(2, **{"payload.sequence": "two"}), chunk(3))
    assert outcome("MEG-CHAT-13", gap).kind is Kind.HELD
    assert outcome("MEG-CHAT-11", gap).kind is Kind.VIOLATED
