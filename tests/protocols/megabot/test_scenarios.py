"""Every shipped scenario of MegaBot shows what its title says. Each test is named after its scenario."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from harness.core.http import HttpRequest
from harness.protocols.megabot import PROTOCOL
from harness.protocols.megabot.tools import TOOLS
from harness.scenario.library import Library

PAGE = (Path(__file__).parents[3] / "docs" / "megabot.md").read_text(encoding="utf-8")
QUESTION = "How do I write a unit test for a parser?"
WORKSPACE = "sprint 12"


@pytest.fixture
def playing(play_of, request):
    """Begins a play of the scenario that the test is named after."""
    name = request.node.name.removeprefix("test_").replace("_", "-")
    return lambda **more: play_of(PROTOCOL, name, **more)


def chat(id_="chat_1", content=QUESTION):
    return {"id": id_, "type": "chat_send", "payload": {"content": content}}


def tool(id_="tool_1", name="run_tests", **parameters):
    payload = {"tool_name": name, "parameters": parameters, "execution_id": f"exec_{id_}"}
    return {"id": id_, "type": "tool_call", "payload": payload}


def join(workspace=WORKSPACE):
    return {"id": "join_1", "type": "session_join", "payload": {"session_id": workspace}}


def act(action="cursor_move", workspace=WORKSPACE, **data):
    payload = {"session_id": workspace, "action": action, "data": data}
    return {"id": "act_1", "type": "collaborative_action", "payload": payload}


def batch(*messages):
    return {"id": "batch_1", "type": "batch", "payload": {"messages": list(messages)}}


def payloads(client, *types):
    return [message["payload"] for message in client.messages(*types)]


def answered(client):
    """The ids of what was answered by a whole reply, in the order of the replies."""
    return [message["metadata"]["in_reply_to"] for message in client.messages("chat_receive")]


def errors(client):
    """Code and slug of each error, and the message that it answers."""
    found = client.messages("connection_error")
    return [(m["payload"]["code"], m["payload"]["error"], m.get("metadata", {}).get("in_reply_to")) for m in found]


def session_of(client):
    """The session that the greeting names."""
    return payloads(client, "connection_established")[0]["session_id"]


def log_in(play, user="user", password="pass"):
    """The status and the body of a login."""
    [endpoint] = PROTOCOL.http
    body = json.dumps({"username": user, "password": password}).encode()
    reply = play.stage.answer(endpoint, HttpRequest("POST", endpoint.path, body=body), play.now)
    return reply.status, reply.body


def gaps(moments):
    return [later - earlier for earlier, later in pairwise(moments)]


def test_every_scenario_has_a_test_of_its_name():
    names = {name.replace("-", "_") for name in Library().files("megabot")}
    assert len(names) >= 10
    assert {f"test_{name}" for name in names} <= set(globals())


def test_the_page_names_every_scenario_and_every_tool():
    rows = re.findall(r"^\| `([\w-]+)` \|", PAGE, re.MULTILINE)
    assert set(Library().files("megabot")) <= set(rows)
    assert set(TOOLS) <= set(rows)


def test_long_stream(playing):
    play = playing()
    client = play.connect()
    client.say(chat())
    play.wait(200)
    chunks, [reply] = payloads(client, "chat_stream"), payloads(client, "chat_receive")
    assert len(reply["content"].split()) == 2000
    assert "".join(chunk["chunk"] for chunk in chunks) == reply["content"]
    assert [chunk["sequence"] for chunk in chunks] == list(range(1, len(chunks) + 1))
    assert [chunk["sequence"] for chunk in chunks if chunk["is_complete"]] == [len(chunks)]
    moments = client.times("chat_stream")
    assert gaps(moments) == pytest.approx([0.03] * (len(chunks) - 1))
    assert moments[-1] - moments[0] > 60
    assert client.ends == []


def test_stream_cut_in_the_middle(playing):
    play = playing()
    client = play.connect()
    session = session_of(client)
    client.say(chat())
    play.wait(5)
    assert [chunk["is_complete"] for chunk in payloads(client, "chat_stream")] == [False] * 5
    assert (answered(client), client.ends) == ([], ["cut"])
    client.leave()

    again = play.connect(query={"session_id": session})
    play.wait(5)
    assert session_of(again) == session
    assert [message["type"] for message in again.messages()] == ["connection_established"]  # Nothing is replayed.
    again.say(chat())
    play.wait(5)
    assert (len(again.messages("chat_stream")), again.ends) == (5, ["cut"])

    play.wait(6)
    later = play.connect(query={"session_id": session})
    later.say(chat())
    play.wait(30)
    chunks = payloads(later, "chat_stream")
    assert len(chunks) > 5
    assert chunks[-1]["is_complete"]
    assert (answered(later), later.ends) == (["chat_1"], [])


def test_tool_fails(playing):
    play = playing()
    client = play.connect()
    for name in ("run_tests", "deploy", "search_code"):
        client.say(tool(name, name, query="def "))
    play.wait(19)
    results = {result["execution_id"]: result for result in payloads(client, "tool_result")}
    assert [results[f"exec_{name}"]["status"] for name in ("run_tests", "deploy")] == ["failed"] * 2
    assert results["exec_run_tests"]["result"]["error"]
    assert results["exec_search_code"]["status"] == "completed"
    assert sorted(news["type"] for news in payloads(client, "notification")) == ["error", "error", "info"]
    last = {update["task_id"]: update for update in payloads(client, "status_update")}
    assert sorted(update["status"] for update in last.values()) == ["completed", "failed", "failed"]
    assert all(update["progress"] < 1 for update in last.values() if update["status"] == "failed")

    play.wait(2)
    client.say(tool("again", "run_tests"))
    play.wait(19)
    assert payloads(client, "tool_result")[-1]["status"] == "completed"
    assert errors(client) == client.ends == []


def test_notification_burst(playing):
    play = playing()
    client, other = play.connect(), play.connect()
    play.wait(6)
    client.say(chat())
    play.wait(24)
    moments = client.times("notification")
    assert len(moments) == pytest.approx(200, abs=1)
    assert (moments[0] >= 5, moments[-1] <= 10) == (True, True)
    assert gaps(moments) == pytest.approx([0.025] * (len(moments) - 1))
    assert other.messages("notification") == client.messages("notification")
    assert answered(client) == ["chat_1"]


def test_two_editors(playing):
    play = playing()
    client, stranger = play.connect(), play.connect()
    client.say(join())
    play.wait(10)
    seen = payloads(client, "collaborative_action")
    assert [each["action"] for each in seen] == ["file_open", "cursor_move", "text_edit", "text_edit", "cursor_move"]
    assert client.times("collaborative_action") == pytest.approx([1, 1.5, 2, 2.25, 3.25])
    assert {(each["session_id"], each["user_id"]) for each in seen} == {(WORKSPACE, "user_790")}
    assert seen[1]["data"] == {"position": {"line": 12, "column": 4}}
    assert (seen[2]["data"]["insert"], seen[3]["data"]["insert"]) == ("return ", "tree")

    second = play.connect(query={"user_id": "ann"})
    second.say(join())
    second.say(act("laser_pointer", x=3))
    client.say(act("file_open", file_path="src/lexer.py"))
    play.wait(0.5)
    assert payloads(client, "collaborative_action")[5:] == [
        {"session_id": WORKSPACE, "action": "laser_pointer", "data": {"x": 3}, "user_id": "ann"}
    ]
    assert [each["action"] for each in payloads(second, "collaborative_action")] == ["file_open"]
    assert stranger.messages("collaborative_action") == []


def test_rate_limit(playing):
    play = playing()
    client = play.connect()
    for number in range(1, 6):
        client.say(chat(f"chat_{number}"))
    dropped = [(429, "rate_limit_exceeded", f"chat_{number}") for number in (4, 5)]
    assert errors(client) == dropped
    play.wait(2)
    client.say(batch(*(chat(f"batched_{number}", "Hello MegaBot!") for number in range(1, 6))))
    client.say(chat("chat_6"))
    assert errors(client) == [*dropped, (429, "rate_limit_exceeded", "chat_6")]
    play.wait(120)
    assert answered(client) == [f"chat_{n}" for n in (1, 2, 3)] + [f"batched_{n}" for n in range(1, 6)]
    for number in range(7, 10):
        client.say(chat(f"chat_{number}"))
    assert len(errors(client)) == 3
    assert client.ends == []


def test_oversize(playing):
    play = playing()
    client = play.connect()
    client.say(chat("longest", "a" * 280))
    client.say(chat("too_long", "a" * 281))
    client.say(chat("emoji", "\N{SLIGHTLY SMILING FACE}" * 141))
    assert errors(client) == [(400, "content_too_long", "too_long"), (400, "content_too_long", "emoji")]
    play.wait(60)
    assert (answered(client), client.ends) == (["longest"], [])

    frame = json.dumps(chat("file", "a" * 1024 * 1024)).encode()
    client.say_raw(frame[: 1024 * 1024])  # As much as is allowed, though it is no JSON.
    assert (errors(client)[2][1], client.ends) == ("invalid_message", [])
    client.say_raw(frame)
    assert errors(client)[3:] == [(413, "message_too_large", None)]
    assert client.ends == [1009]


def test_login_expired(playing):
    play = playing()
    stranger = play.connect()
    assert (errors(stranger), stranger.ends) == ([(401, "authentication_failed", None)], [1008])
    assert log_in(play, password="guess")[0] == 401

    status, body = log_in(play)
    assert status == 200
    client = play.connect(query=body)
    play.wait(19)
    client.say(chat())
    assert client.ends == []
    play.wait(2)
    assert client.log[-1] == (20, 1008)
    assert errors(client) == [(401, "authentication_failed", None)]
    assert answered(client) == []

    late = play.connect(query={**body, "session_id": session_of(client)})
    assert (late.messages("connection_established"), late.ends) == ([], [1008])
    back = play.connect(query={**log_in(play)[1], "session_id": session_of(client)})
    assert session_of(back) == session_of(client)
    assert back.ends == []


def test_resumed_session(playing):
    play = playing()
    client = play.connect()
    session = session_of(client)
    client.say(join())
    play.wait(20)
    assert client.log[-1] == (10, "cut")
    client.leave()

    back, other = play.connect(query={"session_id": session}), play.connect()
    assert session_of(back) == session != session_of(other)
    other.say(join())
    other.say(act("cursor_move", position=7))
    play.wait(1)
    assert [each["data"] for each in payloads(back, "collaborative_action")] == [{"position": 7}]

    back.leave()
    play.wait(31)
    late = play.connect(query={"session_id": session})
    assert session_of(late) != session
    other.say(act("cursor_move", position=8))
    play.wait(1)
    assert late.messages("collaborative_action") == []


def test_checkout_from_a_train(playing):
    play = playing()
    client = play.connect()
    play.wait(1)
    assert 0.3 <= client.log[0][0] <= 0.5
    for number in range(1, 5):
        client.say(chat(f"chat_{number}"))
    play.wait(60)
    assert errors(client) == [(429, "rate_limit_exceeded", "chat_4")]
    chunks = client.messages("chat_stream")
    names = [(chunk["metadata"]["stream_id"], chunk["payload"]["sequence"]) for chunk in chunks]
    twice = [name for name in dict.fromkeys(names) if names.count(name) == 2]
    assert 0.01 <= len(twice) / len(names) <= 0.15
    assert (len(client.messages()), client.log[-1][1]) == (120, "cut")
    moments = client.times("chat_stream")
    assert len({round(gap, 3) for gap in gaps(moments)}) > 10  # As uneven as jitter makes them.

    patient = play.connect()
    began = play.now
    while play.now < began + 60 and not patient.ends:
        patient.say(chat(f"chat_{play.now:g}", "Hello MegaBot!"))
        play.wait(3.7)
    stalled = began + 30
    assert not [moment for moment in patient.times() if stalled <= moment < stalled + 4]
    assert len([moment for moment in patient.times() if moment == pytest.approx(stalled + 4)]) > 1


def test_key_required(playing):
    play = playing()
    for headers in ({}, {"x-api-key": "your_api_key"}, {"authorization": "Bearer guess"}):
        refused = play.connect(headers=headers)
        assert errors(refused) == [(401, "authentication_failed", None)]
        assert (refused.messages("connection_established"), refused.ends) == ([], [1008])
    for headers in ({"x-api-key": "team_key"}, {"authorization": "Bearer team_key"}):
        admitted = play.connect(headers=headers)
        assert session_of(admitted)
        assert errors(admitted) == admitted.ends == []
    by_login = play.connect(query=log_in(play)[1])
    assert payloads(by_login, "connection_established")[0]["user_id"] == "user"


def test_slow_assistant(playing):
    play = playing()
    client = play.connect()
    client.say(chat())
    play.wait(300)
    moments = client.times("chat_stream")
    assert moments[0] == pytest.approx(12)
    assert gaps(moments) == pytest.approx([0.7] * (len(moments) - 1))
    assert client.times("chat_receive") == [moments[-1]]


def test_no_reply(playing):
    play = playing()
    client = play.connect()
    client.say(chat("chat_1"))
    client.say(chat("chat_2"))
    client.say(tool())
    play.wait(600)
    assert client.messages("chat_stream", "chat_receive", "connection_error") == []
    assert payloads(client, "tool_result")[0]["status"] == "completed"
    client.say(chat("chat_3"))
    play.wait(60)
    assert (answered(client), client.ends) == (["chat_3"], [])


def test_reply_at_once(playing):
    play = playing()
    client = play.connect()
    client.say(chat("chat_1"))
    play.wait(3)
    client.say(chat("chat_2"))
    play.wait(60)
    assert answered(client) == ["chat_1", "chat_2"]
    assert client.times("chat_receive") == pytest.approx([1, 4])
    assert client.messages("chat_stream") == []


def test_deployment_stops(playing):
    play = playing()
    client = play.connect()
    client.say(tool("tool_7", "deploy"))
    play.wait(30)
    updates = payloads(client, "status_update")
    assert [(update["status"], update["progress"]) for update in updates] == [
        *(("processing", 0.25), ("processing", 0.5), ("processing", 0.75), ("failed", 0.75))
    ]
    assert {update["task_id"] for update in updates} == {"task_deploy"}
    assert client.times("status_update") == pytest.approx([0, 1, 2, 12])
    [result], [news] = payloads(client, "tool_result"), payloads(client, "notification")
    assert (result["execution_id"], result["status"]) == ("exec_tool_7", "failed")
    assert (news["type"], news["dismissible"]) == ("error", False)

    client.say(tool("tool_8", "run_tests"))
    play.wait(30)
    assert payloads(client, "tool_result")[-1]["status"] == "completed"


def test_buggy_stream(playing):
    play = playing(strict=False)
    client = play.connect()
    for number in range(1, 4):
        client.say(chat(f"chat_{number}"))
    client.say(tool())
    play.wait(120)
    streams = {}
    for message in client.messages("chat_stream"):
        streams.setdefault(message["metadata"]["stream_id"], []).append(message["payload"])
    wholes = {m["metadata"]["stream_id"]: m["payload"]["content"] for m in client.messages("chat_receive")}
    assert len(wholes) == 3
    orders = {name: [chunk["sequence"] for chunk in chunks] for name, chunks in streams.items()}
    assert any(order != sorted(order) for order in orders.values())
    assert any(set(order) < set(range(1, max(order) + 1)) for order in orders.values())
    assert any("".join(chunk["chunk"] for chunk in chunks) != wholes[name] for name, chunks in streams.items())
    broken = [what for _, what in client.log if isinstance(what, bytes)]
    assert len(broken) == 1
    assert broken[0].startswith(b'{"id":"msg_')
    assert {type(update["progress"]) for update in payloads(client, "status_update")} == {str}
    assert client.ends == []


def test_from_the_future(playing):
    play = playing(strict=False)
    client = play.connect()
    client.say(chat())
    play.wait(60)
    greeting, presence = client.messages()[:2]
    assert (greeting["type"], greeting["payload"]["capabilities"][-1]) == ("connection_established", "voice")
    assert presence["type"] == "presence_update"
    assert payloads(client, "notification")[0]["type"] == "celebration"
    assert payloads(client, "notification")[0]["confetti"] == 12
    assert client.times("chat_citations") == [0.5]
    assert (answered(client), client.ends) == (["chat_1"], [])


def test_server_restarts(playing):
    play = playing()
    client, other = play.connect(), play.connect()
    play.wait(20)
    assert client.log[-1] == other.log[-1] == (15, 1012)
    back = play.connect(query={"session_id": session_of(client)})
    play.wait(60)
    assert session_of(back) == session_of(client)
    assert back.ends == []
