"""Chatters and collaborators of the load test, played against the mock in memory and virtual time."""

from dataclasses import replace

import pytest

from harness.core.http import HttpReply
from harness.protocols.megabot import PROTOCOL
from harness.protocols.megabot.users import MegabotChatter, MegabotCollaborator


def chatting(crowd_of, **more):
    return crowd_of(PROTOCOL, MegabotChatter, **more)


def alone(crowd_of, kind=MegabotChatter):
    """A user and its crowd, in which nothing of what the mock says is heard."""
    crowd = crowd_of(PROTOCOL, kind)
    crowd.samples.clear()
    return crowd.users[0].behaviour, crowd


def message(kind, payload, about=None):
    metadata = {"metadata": {"in_reply_to": about}} if about else {}
    return {"id": "m", "type": kind, "payload": payload, "timestamp": 1, **metadata}


def chunk(text, is_complete, about=None):
    return message("chat_stream", {"chunk": text, "is_complete": is_complete, "sequence": 1}, about)


def test_users_measure_all_rows_without_an_error(crowd_of):
    kinds = [*[MegabotChatter] * 3, *[MegabotCollaborator] * 3]
    crowd = crowd_of(PROTOCOL, *kinds).run(120).end()
    assert set(crowd.samples) == {*MegabotChatter.ROWS, *MegabotCollaborator.ROWS} - {"connect"}
    assert crowd.errors == []
    assert len(crowd.samples["login"]) == 6


def test_the_first_piece_comes_when_the_assistant_has_thought_and_the_last_when_it_has_written(crowd_of):
    facts = {"think_s": 0.4, "chunk_every_s": 0.1, "reply_words": 20}
    crowd = chatting(crowd_of, facts=facts).run(60)
    assert crowd.samples["first_chunk"] == pytest.approx([400.0] * len(crowd.samples["first_chunk"]))
    assert min(crowd.samples["complete"]) >= 400.0 + 19 * 100.0 - 1e-6
    assert len(crowd.samples["complete"]) >= 5


def test_a_reply_that_is_still_written_when_the_run_ends_is_no_error(crowd_of):
    crowd = chatting(crowd_of, facts={"think_s": 8.0}, paces={"tool_s": 1000.0}).run(14).end()
    assert crowd.errors == []
    assert crowd.intended["complete"] == len(crowd.samples["complete"]) < len(crowd.users[0].said("chat_send"))


def test_a_reply_that_never_comes_is_an_error(crowd_of):
    crowd = chatting(crowd_of, facts={"think_s": 1000.0}, paces={"chat_s": 500.0, "tool_s": 1000.0}).run(550)
    reasons = {"no reply within 10 s"}
    assert {reason for _, reason in crowd.errors} == reasons
    assert {row for row, _ in crowd.errors} == {"first_chunk", "complete"}


@pytest.mark.parametrize("kind", [MegabotChatter, MegabotCollaborator])
def test_at_the_quickest_pace_the_limit_of_the_spec_is_kept(crowd_of, kind):
    quickest = {name: pace.least_s for name, pace in kind.PACES.items()}
    crowd = crowd_of(PROTOCOL, kind, paces=quickest, facts={"think_s": 0.0, "chunk_every_s": 0.0}).run(20).end()
    assert len(crowd.users[0].sent) >= 80
    assert crowd.errors == []


def test_what_a_participant_does_is_timed_from_the_intended_moment_to_each_of_the_others(crowd_of):
    crowd = crowd_of(PROTOCOL, *[MegabotCollaborator] * 7).run(1)
    crowd.samples.clear()
    author = crowd.users[1].behaviour
    crowd.now = 1.5
    author.act(1.25)
    for user in crowd.users:
        user._hear()
    # Seven are a team of five and one of two.
    assert crowd.samples["fanout"] == [250.0] * 4


def test_what_another_process_did_or_the_server_echoes_is_not_timed(crowd_of):
    user, crowd = alone(crowd_of, MegabotCollaborator)
    user.act(0.0)
    for data in ({"position": {"line": 99, "column": 0}}, {"position": {"line": user.number, "column": 0}}, {}):
        user.heard("collaborative_action", message("collaborative_action", {"data": data}), 1.0, 1)
    user.heard("notification", message("notification", {}), 1.0, 1)
    assert crowd.samples == {}


def test_a_login_by_name_and_password_gives_the_token_to_connect_with(crowd_of):
    crowd = chatting(crowd_of, tokens=("ann:se:cret",), facts={"users": {"ann": "se:cret"}}, url="ws://mock/ws?stage=a")
    assert "&token=" in crowd.users[0].dial.url
    assert crowd.users[0].dial.url.startswith("ws://mock/ws?stage=a&")
    assert crowd.samples["established"] == [0.0]


def test_a_token_or_key_is_shown_as_it_is(crowd_of):
    crowd = chatting(crowd_of, tokens=("your_api_key",), facts={"credentials": "required"}).run(5)
    assert crowd.users[0].dial.headers == {"Authorization": "Bearer your_api_key"}
    assert "login" not in crowd.samples
    assert crowd.errors == []


def test_a_login_that_fails_is_an_error_and_nobody_connects(crowd_of):
    crowd = chatting(crowd_of, tokens=("user:wrong",))
    assert crowd.errors == [("login", "HTTP status 401")]
    assert not crowd.users[0].is_open


@pytest.mark.parametrize("body", [{}, [], {"token": 5}])
def test_a_login_without_a_token_is_an_error(crowd_of, body):
    endpoints = tuple(replace(each, answer=lambda *_: HttpReply(body)) for each in PROTOCOL.http)
    crowd = crowd_of(replace(PROTOCOL, http=endpoints), MegabotChatter)
    assert crowd.errors == [("login", "the answer has no token")]


def test_who_is_refused_counts_the_error(crowd_of):
    crowd = chatting(crowd_of, tokens=("no-key",))
    assert crowd.errors == [("established", "error authentication_failed")]
    assert not crowd.users[0].is_open


def test_an_error_later_on_fails_what_it_names_or_else_the_oldest_request(crowd_of):
    user, crowd = alone(crowd_of)
    for _ in range(3):
        user.call(0.0)
    ids = [each["id"] for each in crowd.users[0].said("tool_call")]
    error = {"error": "rate_limit_exceeded", "message": "", "code": 429}
    user.received(message("connection_error", error, ids[1]), 1.0, 1)
    user.received(message("connection_error", error), 2.0, 1)
    assert crowd.errors == [("tool", "error rate_limit_exceeded")] * 2
    assert user.replies.oldest_request() == ids[2]


@pytest.mark.parametrize(("streams", "whole"), [(True, True), (True, False), (False, True)])
def test_replies_that_name_no_request_are_known_by_their_turn(crowd_of, streams, whole):
    user, crowd = alone(crowd_of)
    for due_s in (0.0, 1.0):
        user.chat(due_s)
    for at_s in (2.0, 4.0):
        if streams:
            user.received(chunk("Hel", False), at_s, 1)
            user.received(chunk("lo", True), at_s + 0.5, 1)
        if whole:
            user.received(message("chat_receive", {"content": "Hello"}), at_s + 0.5, 1)
    late_ms = 0.0 if streams else 500.0
    assert crowd.samples["first_chunk"] == [2000.0 + late_ms, 3000.0 + late_ms]
    assert crowd.samples["complete"] == [2500.0, 3500.0]


def test_replies_that_name_their_request_may_come_in_any_order(crowd_of):
    user, crowd = alone(crowd_of)
    user.chat(0.0)
    user.chat(1.0)
    first, second = [each["id"] for each in crowd.users[0].said("chat_send")]
    user.received(message("chat_receive", {"content": "Hello"}, second), 2.0, 1)
    user.received(chunk("Hello", True, first), 5.0, 1)
    assert crowd.samples["complete"] == [1000.0, 5000.0]


def test_what_nobody_waits_for_changes_nothing(crowd_of):
    user, crowd = alone(crowd_of)
    user.received(message("connection_established", {}), 1.0, 1)
    user.received(chunk("Hello", True), 1.0, 1)
    user.received(message("tool_result", {"execution_id": "of nobody"}), 1.0, 1)
    user.received(message("status_update", {}), 1.0, 1)
    assert (dict(crowd.samples), crowd.errors) == ({}, [])
