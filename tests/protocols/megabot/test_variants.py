"""What variants of MegaBot do where no check looks, and that those which refuse handshakes let others in."""

import pytest

from harness import protocols
from harness.core.http import HttpReply
from harness.core.session import Request
from harness.protocols.megabot import PROTOCOL
from harness.protocols.megabot.credentials import new_token

VARIANTS = protocols.variants("megabot")


@pytest.fixture
def varied(play_of):
    """A play of this variant of MegaBot."""
    return lambda name, **more: play_of(VARIANTS[name].apply(PROTOCOL), **more)


def chat(content, id_="c1"):
    return {"id": id_, "type": "chat_send", "payload": {"content": content}}


def test_blanks_may_be_refused(varied):
    client = varied("wants-more-than-blanks").connect()
    client.say(chat(" \n "))
    assert client.take("connection_error")["payload"]["error"] == "invalid_message"


def test_a_batch_may_count_as_its_messages(varied):
    client = varied("counts-what-is-in-a-batch").connect()
    batch = [chat("Hello", f"c{number}") for number in range(11)]
    client.say({"id": "b1", "type": "batch", "payload": {"messages": batch}})
    assert client.take("connection_error")["payload"]["error"] == "rate_limit_exceeded"


@pytest.mark.parametrize(("name", "status"), [("unauthorized", 401), ("forbidden", 403)])
def test_bad_credentials_fail_the_handshake(name, status, varied):
    stage = varied(name).stage
    good = new_token("user", stage.clock.wall_s(0.0), 60.0)
    reply = stage.admit(Request("/ws", {"token": "nonsense"}), 0.0)
    assert isinstance(reply, HttpReply)
    assert (reply.status, reply.body["code"], reply.body["error"]) == (status, status, "authentication_failed")
    assert stage.admit(Request("/ws", {"token": good}), 0.0) is None
    assert stage.admit(Request("/ws"), 0.0) is None
    assert stage.admit(Request("/ws", {"token": good}), 61.0).status == status


def test_where_credentials_are_required_none_are_bad(varied):
    stage = varied("unauthorized", facts={"credentials": "required"}).stage
    assert stage.admit(Request("/ws"), 0.0).status == 401


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "your_api_key"}])
def test_a_token_may_go_before_user_id(headers, varied):
    play = varied("token-names-the-user")
    token = new_token("alice", play.stage.clock.wall_s(0.0), 60.0)
    for query, user in [({"token": token, "user_id": "bob"}, "alice"), ({"user_id": "bob"}, "bob")]:
        client = play.connect(query=query, headers=headers)
        assert client.take("connection_established")["payload"]["user_id"] == user


def test_others_may_be_told_who_joins(varied):
    play = varied("announces-participants", strict=False)
    first, second = play.connect(), play.connect()
    for client in (first, second):
        client.say({"id": "j1", "type": "session_join", "payload": {"session_id": "room"}})
        play.wait(0.1)
    assert [m["type"] for m in first.messages()][-1] == "participant_joined"
    assert "participant_joined" not in [m["type"] for m in second.messages()]
