"""Chats: pieces, then the whole; one reply after the other; long messages with progress."""

import pytest

from harness.protocols.megabot import session


def test_the_sample_greeting_is_answered_as_in_the_sample(bot_of):
    bot = bot_of()
    visitor = bot.visit()
    request = visitor.chat("Hello MegaBot!", platform="web", attachments=[])
    bot.wait(0.3)
    first = visitor.take("chat_stream")
    assert first["payload"] == {"chunk": "Hello", "is_complete": False, "sequence": 1}
    assert first["metadata"] == {"stream_id": "stream_1001", "in_reply_to": request["id"]}
    bot.wait(0.4)
    last, whole = visitor.messages()[-2:]
    assert last["payload"] == {"chunk": "?", "is_complete": True, "sequence": 9}
    assert whole["payload"] == {
        "content": "Hello! How can I help you today?",
        "sender": "assistant",
        "platform": "megabot",
        "timestamp": 1705314600,
    }
    assert whole["metadata"] == first["metadata"]


def test_replies_come_one_after_the_other_in_the_order_of_the_messages(bot_of):
    bot = bot_of()
    visitor = bot.visit()
    requests = [visitor.chat(text) for text in ("What is a monad?", "Hello", "I like pancakes")]
    bot.wait(60.0)
    order = [m["metadata"]["in_reply_to"] for m in visitor.messages("chat_stream", "chat_receive")]
    assert order == sorted(order, key=[r["id"] for r in requests].index)
    for request in requests:
        chunks = [
            m["payload"] for m in visitor.messages("chat_stream") if m["metadata"]["in_reply_to"] == request["id"]
        ]
        assert [c["sequence"] for c in chunks] == list(range(1, len(chunks) + 1))
        assert [c["is_complete"] for c in chunks] == [False] * (len(chunks) - 1) + [True]
        assert visitor.text() == "".join(c["chunk"] for c in chunks)


def test_of_too_many_that_wait_the_last_is_dropped(bot_of, monkeypatch):
    monkeypatch.setattr(session, "MOST_CHATS", 3)
    bot = bot_of()
    visitor = bot.visit()
    *_, last = [visitor.chat("Hello") for _ in range(4)]
    visitor.error("rate_limit_exceeded", last)
    bot.wait(30.0)
    assert len(visitor.messages("chat_receive")) == 3


def test_thinking_and_writing_take_their_time(bot_of):
    bot = bot_of(facts={"think_s": 2.0, "chunk_every_s": 0.5})
    visitor = bot.visit()
    visitor.chat("Hello")
    visitor.chat("Hello")
    bot.wait(20.0)
    starts = [t for t, m in visitor.log if m["type"] == "chat_stream" and m["payload"]["sequence"] == 1]
    assert starts == pytest.approx([2.0, 2.0 + 8 * 0.5 + 2.0])
    assert visitor.times("chat_stream")[:3] == pytest.approx([2.0, 2.5, 3.0])


def test_no_time_at_all_is_possible(bot_of):
    bot = bot_of(facts={"think_s": 0.0, "chunk_every_s": 0.0})
    visitor = bot.visit()
    visitor.chat("Hello")
    assert visitor.text() == "Hello! How can I help you today?"
    assert bot.now == 0.0


@pytest.mark.parametrize("words", [1, 2, 50, 2000])
def test_a_scenario_says_how_long_replies_are(bot_of, words):
    bot = bot_of(facts={"reply_words": words})
    visitor = bot.visit()
    visitor.chat("Tell me a story about pancakes")
    bot.wait(300.0)
    assert len(visitor.text().split()) == words


def test_a_long_message_gets_growing_progress_before_its_reply(bot_of):
    bot = bot_of()
    visitor = bot.visit()
    request = visitor.chat("Please review this plan. " * 30)
    bot.wait(60.0)
    kinds = [m["type"] for m in visitor.messages()]
    assert kinds[:5] == ["status_update"] * 4 + ["chat_stream"]
    assert kinds[-1] == "chat_receive"
    updates = visitor.messages("status_update")
    assert [u["payload"]["progress"] for u in updates] == [0.25, 0.5, 0.75, 1.0]
    assert [u["payload"]["status"] for u in updates] == ["processing"] * 3 + ["completed"]
    assert {u["payload"]["task_id"] for u in updates} == {"task_1001"}
    assert {u["metadata"]["in_reply_to"] for u in updates} == {request["id"]}
    assert visitor.times("status_update") == pytest.approx([0.0, 0.3, 0.6, 0.9])


def test_a_scenario_cuts_streams_in_the_middle(bot_of):
    bot = bot_of(facts={"cut_stream_after": 3})
    visitor = bot.visit()
    visitor.chat("Hello")
    bot.wait(10.0)
    assert [c["sequence"] for c in visitor.chunks()] == [1, 2, 3]
    assert visitor.ends == ["cut"]
    visitor.leave()
    assert bot.world.streams == {}


def test_a_stream_of_no_more_pieces_than_the_cut_is_complete(bot_of):
    bot = bot_of(facts={"cut_stream_after": 9})
    visitor = bot.visit()
    visitor.chat("Hello")
    bot.wait(10.0)
    assert visitor.text()
    assert visitor.ends == []


def test_attachments_of_any_shape_are_noticed(bot_of):
    bot = bot_of()
    visitor = bot.visit()
    visitor.chat("Please look at the diagram", attachments=[{"name": "a.png"}, 5])
    visitor.chat("And at this one diagram", attachments=[None])
    bot.wait(60.0)
    assert visitor.text().startswith("I have received 2 attachments. ")
    assert visitor.text().startswith("I have received 1 attachment. ")


def test_the_words_of_one_client_do_not_depend_on_what_others_do(bot_of):
    def words(others):
        bot = bot_of(seed=7)
        visitor = bot.visit()
        for text in ("What is a monad?", "Write a parser in python"):
            for _ in range(others):
                peer = bot.visit()
                peer.chat("Why?")
                peer.call("run_tests")
            visitor.chat(text)
            visitor.call("run_tests", {"test_suite": "unit"})
            bot.wait(30.0)
        texts = [m["payload"]["content"] for m in visitor.messages("chat_receive")]
        return texts, [m["payload"] for m in visitor.messages("tool_result")]

    assert words(0) == words(3)


def test_the_order_of_a_tool_and_a_chat_does_not_hold_up_either(bot_of):
    bot = bot_of()
    visitor = bot.visit()
    visitor.chat("What is a monad?")
    visitor.call("read_file", {"path": "README.md"})
    bot.wait(0.5)
    assert visitor.messages("tool_result")
    assert not visitor.messages("chat_receive")
