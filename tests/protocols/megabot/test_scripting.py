"""What scenarios make the server say: examples that are made true and answer what set them off."""

import pytest

from harness.protocols.megabot.scripting import THREADS_KEPT


def test_a_scripted_stream_goes_on_and_its_whole_is_what_was_streamed(bot_of):
    bot = bot_of(
        script="""
steps:
  - when: chat_send
    reply:
      - chat_stream
      - {after: 1s, send: chat_stream, with: {payload.chunk: " again"}}
      - {after: 1s, send: chat_stream.last, with: {payload.chunk: "!"}}
      - chat_receive
"""
    )
    visitor = bot.visit()
    first = visitor.chat("Hi")
    bot.wait(0.5)
    second = visitor.chat("Hi")
    bot.wait(5.0)
    for request in (first, second):
        said = [m for m in visitor.messages() if m["metadata"]["in_reply_to"] == request["id"]]
        chunks, whole = said[:-1], said[-1]
        assert [c["payload"]["sequence"] for c in chunks] == [1, 2, 3]
        assert [c["payload"]["is_complete"] for c in chunks] == [False, False, True]
        assert whole["payload"]["content"] == "Hello again!"
        assert len({m["metadata"]["stream_id"] for m in said}) == 1
    assert len({m["metadata"]["stream_id"] for m in visitor.messages()}) == 2


def test_after_its_last_piece_another_stream_begins(bot_of):
    bot = bot_of(script="steps: [{when: chat_send, reply: [chat_stream.last, chat_stream.last]}]\n")
    visitor = bot.visit()
    visitor.chat("Hi")
    chunks = visitor.messages()
    assert [c["payload"]["sequence"] for c in chunks] == [1, 1]
    assert len({c["metadata"]["stream_id"] for c in chunks}) == 2


def test_a_whole_reply_without_a_stream_is_the_example(bot_of):
    bot = bot_of(script="steps: [{when: chat_send, reply: [chat_receive]}]\n")
    visitor = bot.visit()
    bot.wait(2.0)
    request = visitor.chat("Hi")
    reply = visitor.take()
    assert reply["payload"]["content"] == "Hello! How can I help you today?"
    assert reply["payload"]["timestamp"] == reply["timestamp"] == 1705314602
    assert reply["metadata"] == {"in_reply_to": request["id"]}


def test_a_scripted_result_answers_its_call(bot_of):
    bot = bot_of(
        script="""
steps:
  - when: tool_call
    reply:
      - {send: status_update, with: {payload.progress: 0.1}}
      - status_update
      - tool_result.failed
  - when: chat_send
    reply: [tool_result]
"""
    )
    visitor = bot.visit()
    request = visitor.call("run_tests", execution_id="mine")
    first, second, result = visitor.messages()
    assert [first["payload"]["progress"], second["payload"]["progress"]] == [0.1, 0.75]
    assert first["payload"]["task_id"] == second["payload"]["task_id"]
    assert (result["payload"]["execution_id"], result["payload"]["status"]) == ("mine", "failed")
    assert result["metadata"] == {"in_reply_to": request["id"]}
    visitor.chat("Hi")
    assert visitor.messages()[-1]["payload"]["execution_id"] == "exec_456"


def test_a_scripted_error_names_what_it_answers(bot_of):
    bot = bot_of(script="steps: [{when: session_join, reply: [connection_error.rate_limit_exceeded]}]\n")
    visitor = bot.visit()
    request = visitor.join("doc")
    visitor.error("rate_limit_exceeded", request)
    assert visitor.ends == []


def test_a_scripted_greeting_admits_whoever_comes(bot_of):
    bot = bot_of(script="steps: [{when: open, reply: [connection_established]}]\n")
    visitor = bot.visit({"token": "nonsense"})
    assert visitor.greeting["session_id"] == "sess_1001"
    visitor.chat("Hello")
    bot.wait(3.0)
    assert visitor.text()
    good = bot.visit({"user_id": "ann"})
    assert good.greeting == {**visitor.greeting, "session_id": "sess_1002", "user_id": "ann"}


def test_at_a_moment_a_notification_is_made_once_for_all(bot_of):
    bot = bot_of(script="steps: [{at: 5s, send: notification.error, with: {payload.title: Sorry}}]\n")
    visitors = [bot.visit(), bot.visit()]
    bot.wait(5.0)
    first, second = (v.take("notification") for v in visitors)
    assert first == second
    assert (first["payload"]["type"], first["payload"]["title"]) == ("error", "Sorry")


def test_a_notification_in_reply_is_for_one(bot_of):
    bot = bot_of(script="steps: [{when: chat_send, also: [notification]}]\n")
    visitor, other = bot.visit(), bot.visit()
    request = visitor.chat("Hello")
    assert visitor.take("notification")["metadata"] == {"in_reply_to": request["id"]}
    bot.wait(3.0)
    assert visitor.text()
    assert other.log == []


def test_at_a_moment_somebody_acts_in_a_workspace_of_this_name(bot_of):
    bot = bot_of(script="steps: [{at: 5s, send: collaborative_action, with: {payload.session_id: doc}}]\n")
    visitor, other = bot.visit(), bot.visit()
    visitor.join("doc")
    bot.wait(5.0)
    action = visitor.take("collaborative_action")["payload"]
    assert (action["session_id"], action["action"], action["user_id"]) == ("doc", "cursor_move", "user_790")
    assert other.log == []


def test_at_a_moment_somebody_acts_wherever_each_client_is(bot_of):
    bot = bot_of(script="steps: [{at: 5s, send: collaborative_action.text_edit}]\n")
    visitor, other = bot.visit(), bot.visit()
    visitor.join("doc")
    bot.wait(5.0)
    assert visitor.take("collaborative_action")["payload"]["session_id"] == "doc"
    assert other.take("collaborative_action")["payload"]["session_id"] == other.greeting["session_id"]


def test_somebody_acts_before_a_client_that_was_never_greeted(bot_of):
    bot = bot_of(script="steps: [{when: open, reply: [collaborative_action]}]\n")
    client = bot.connect(query={"token": ""})
    assert client.take("collaborative_action")["payload"]["session_id"] == "sess_456"
    client.leave()


def test_whoever_joins_is_met_by_somebody(bot_of):
    bot = bot_of(script="steps: [{when: session_join, also: [{after: 1s, send: collaborative_action.file_open}]}]\n")
    visitor = bot.visit()
    visitor.join("a")
    visitor.join("b")
    bot.wait(1.0)
    assert [m["payload"]["session_id"] for m in visitor.messages()] == ["a", "b"]
    assert all("metadata" not in m for m in visitor.messages())


def test_pieces_without_a_message_that_they_answer_are_one_stream(bot_of):
    bot = bot_of(script="steps: [{at: 1s, send: chat_stream}, {at: 2s, send: chat_stream.last}]\n")
    visitor = bot.visit()
    bot.wait(2.0)
    assert [c["sequence"] for c in visitor.chunks()] == [1, 2]
    assert all(set(m["metadata"]) == {"stream_id"} for m in visitor.messages())


def test_no_more_threads_are_kept_than_a_script_can_follow(bot_of):
    bot = bot_of(script="steps: [{when: chat_send, reply: [chat_stream]}]\n", rules=None)
    visitor = bot.visit()
    for _ in range(THREADS_KEPT + 5):
        visitor.chat("Hi")
        bot.wait(0.1)
    assert len(visitor.link.session.threads) == THREADS_KEPT
    assert {c["sequence"] for c in visitor.chunks()} == {1}


@pytest.mark.parametrize("kind", ["connection_established", "status_update", "tool_result", "connection_error"])
def test_every_message_can_be_sent_at_a_moment(bot_of, kind):
    bot = bot_of(script=f"steps: [{{at: 1s, send: {kind}}}]\n")
    visitor = bot.visit()
    bot.wait(1.0)
    assert [m["type"] for m in visitor.messages()] == [kind]


def test_the_scenario_of_the_design_is_understood(bot_of):
    bot = bot_of(
        script="""
network:
  - {latency: 300ms, jitter: 200ms}
  - {stall: 4s, every: 30s}
  - {hang_up: abruptly, after: 12 messages}
misbehave:
  - {duplicate: chat_stream, chance: 5%}
limits: {messages: 3 per 10s}
"""
    )
    visitor = bot.visit()
    for _ in range(4):
        visitor.chat("What is a monad?")
    bot.wait(60.0)
    assert len(visitor.messages()) == 12
    assert visitor.messages("connection_error")[0]["payload"]["error"] == "rate_limit_exceeded"
    assert visitor.ends == ["cut"]
