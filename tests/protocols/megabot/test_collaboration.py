"""Workspaces: who takes part, and who is told what."""

import pytest

from harness.protocols.megabot import sessions


def told(visitor):
    return [m["payload"] for m in visitor.messages("collaborative_action")]


def test_all_participants_but_the_author_are_told_who_did_what(bot_of):
    bot = bot_of()
    author, peer, other, stranger = (bot.visit() for _ in range(4))
    for visitor in (author, peer, other):
        visitor.join("doc")
    author.act("doc", "cursor_move", {"position": {"line": 12, "column": 4}})
    bot.wait(0.0)
    expected = {
        "session_id": "doc",
        "action": "cursor_move",
        "data": {"position": {"line": 12, "column": 4}},
        "user_id": author.greeting["user_id"],
    }
    assert told(peer) == told(other) == [expected]
    assert author.log == stranger.log == []
    assert peer.take("collaborative_action")["id"] == other.take("collaborative_action")["id"]


@pytest.mark.parametrize("action", ["text_edit", "file_open", "selection_change", "Ärger"])
@pytest.mark.parametrize("data", [{"file_path": "src/parser.py"}, [1, None], "text", None])
def test_any_action_is_passed_on_unchanged(bot_of, action, data):
    bot = bot_of()
    author, peer = bot.visit(), bot.visit()
    for visitor in (author, peer):
        visitor.join("doc")
    author.tell("collaborative_action", {"session_id": "doc", "action": action, "data": data, "more": 1})
    author.tell("collaborative_action", {"session_id": "doc", "action": action})
    bot.wait(0.0)
    user = {"session_id": "doc", "action": action, "user_id": author.greeting["user_id"]}
    assert told(peer) == [{**user, "data": data, "more": 1}, user]


def test_who_it_was_is_said_by_the_server(bot_of):
    bot = bot_of()
    author, peer = bot.visit({"user_id": "ann"}), bot.visit({"user_id": "bob"})
    for visitor in (author, peer):
        visitor.join("doc")
    author.tell(
        "collaborative_action",
        {"session_id": "doc", "action": "file_open", "user_id": "bob"},
        metadata={"user_id": "bob", "session_id": "other"},
    )
    bot.wait(0.0)
    assert [each["user_id"] for each in told(peer)] == ["ann"]


def test_nobody_acts_without_having_joined(bot_of):
    bot = bot_of()
    author, peer = bot.visit(), bot.visit()
    peer.join("doc")
    request = author.act("doc")
    assert author.error("not_a_participant", request)["code"] == 403
    bot.wait(0.0)
    assert peer.log == []


def test_the_id_of_a_session_is_a_workspace_of_which_its_owner_is_part(bot_of):
    bot = bot_of()
    owner, guest = bot.visit(), bot.visit()
    own = owner.greeting["session_id"]
    guest.join(own)
    owner.act(own, "file_open")
    guest.act(own, "text_edit")
    bot.wait(0.0)
    assert [each["action"] for each in told(owner)] == ["text_edit"]
    assert [each["action"] for each in told(guest)] == ["file_open"]


def test_another_connection_of_the_same_user_is_told(bot_of):
    bot = bot_of()
    author, same = bot.visit({"user_id": "ann"}), bot.visit({"user_id": "ann"})
    for visitor in (author, same):
        visitor.join("doc")
    author.act("doc")
    bot.wait(0.0)
    assert len(told(same)) == 1
    assert author.log == []


def test_another_connection_of_the_same_session_is_told_without_joining(bot_of):
    bot = bot_of()
    first = bot.visit()
    second = bot.visit({"session_id": first.greeting["session_id"]})
    peer = bot.visit()
    first.join("doc")
    peer.join("doc")
    peer.act("doc")
    first.act("doc")
    bot.wait(0.0)
    assert [len(told(v)) for v in (first, second, peer)] == [1, 2, 1]


def test_who_disconnects_has_left(bot_of):
    bot = bot_of()
    author, peer = bot.visit(), bot.visit()
    for visitor in (author, peer):
        visitor.join("doc")
    peer.leave()
    author.act("doc")
    bot.wait(1.0)
    assert peer.log == author.log == []


def test_joining_twice_and_joining_alone_are_silent(bot_of):
    bot = bot_of()
    visitor = bot.visit()
    visitor.join("doc")
    visitor.join("doc")
    visitor.act("doc")
    bot.wait(1.0)
    assert visitor.log == []


def test_of_too_many_workspaces_the_oldest_is_left(bot_of, monkeypatch):
    monkeypatch.setattr(sessions, "WORKSPACES_KEPT", 2)
    bot = bot_of()
    visitor, peer = bot.visit(), bot.visit()
    peer.join("first")
    for name in ("first", "second", "third"):
        visitor.join(name)
    request = visitor.act("first")
    visitor.error("not_a_participant", request)
    peer.act("first")
    bot.wait(0.0)
    assert visitor.log == []
