"""The path of a frame over a stage, on the toy protocol."""

import random
from dataclasses import replace

from harness.core.clock import Clock
from harness.core.http import Endpoint, HttpReply, HttpRequest
from harness.core.message import Frame, Opcode
from harness.core.session import Close, Ping, Request
from harness.core.world import Vitals
from harness.scenario.scenario import plain
from harness.scenario.stage import Stage
from harness.wire.codec import encode

ASK = {"type": "Ask", "data": {"text": "a"}}


def text(message):
    return Frame(Opcode.TEXT, encode(message))


def test_a_plain_scenario_is_the_protocol_as_it_is(toy):
    scenario = plain(toy, seed=4)
    assert (scenario.facts, scenario.rules, scenario.seed, scenario.steps) == (toy.facts, toy.rules, 4, ())


def test_what_is_no_json_and_what_no_schema_allows_is_refused_by_the_session(play):
    _stage, client = play()
    client.link.receive(Frame(Opcode.TEXT, b"{"), 0.0)
    client.say({"type": "Ask", "data": {"n": "many"}})
    assert [m["type"] for m in client.got()] == ["Answer", "Problem", "Problem"]
    assert "data.n: expected" in client.got()[2]["text"]


def test_binary_frames_are_read_as_text_ones(play):
    _stage, client = play()
    client.link.receive(Frame(Opcode.BINARY, encode(ASK)), 0.0)
    assert client.texts() == ["welcome", "yes a"]


def test_a_protocol_may_read_text_frames_only(toy, another):
    stage = Stage(plain(replace(toy, reads_binary=False)), Clock())
    stage.played_s = 0.0
    client = another(stage)
    client.link.receive(Frame(Opcode.BINARY, encode(ASK)), 0.0)
    assert client.got()[1] == {"type": "Problem", "text": "message: expected a text frame, found a binary frame"}


def test_a_ping_is_answered_by_a_pong_with_its_bytes(play):
    _stage, client = play()
    client.link.receive(Frame(Opcode.PING, b"x"), 0.0)
    client.link.receive(Frame(Opcode.PONG, b"x"), 0.0)
    assert client.got()[1:] == ["PONG"]
    assert client.link.conversation.entries[-2].frame == Frame(Opcode.PONG, b"x")


def test_a_session_may_ping(play):
    _stage, client = play()
    client.link.perform(lambda now: (Ping(b"x"),), 0.0)
    assert client.got()[1:] == ["PING"]


def test_nothing_is_answered_after_a_close_frame(play):
    _stage, client = play()
    client.link.perform(lambda now: (Close(1000), Ping()), 0.0)
    client.say(ASK)
    assert client.texts() == ["welcome", 1000]


def test_a_bug_in_a_session_is_logged_and_told_as_the_protocol_says(play, caplog):
    _stage, client = play()
    client.say({"type": "Fail"})
    assert client.texts() == ["welcome", 1011]
    assert "failed on a Fail" in caplog.text


def test_a_bug_in_what_happens_later_is_logged_too(play, caplog):
    stage, client = play()
    client.link.session.after(1.0, 0.0, lambda now: 1 / 0)
    stage.until(2.0)
    assert client.texts() == ["welcome", 1011]
    assert "ZeroDivisionError" in caplog.text


def test_news_are_answered_by_a_generator_too_and_a_bug_in_it_is_logged(play, caplog):
    stage, client = play()

    def noticed(topic, event, now):
        yield Ping(event)
        1 / len(event)

    client.link.session.noticed = noticed
    client.link.session.listen("news")
    stage.topics.publish("news", b"good", 0.5)
    assert client.texts() == ["welcome", "PING"]
    stage.topics.publish("news", b"", 1.0)
    stage.topics.publish("news", b"later", 2.0)
    assert client.texts() == ["welcome", "PING", 1011]
    assert "ZeroDivisionError" in caplog.text


def test_a_bug_in_the_world_is_logged_and_the_stage_plays_on(play, caplog):
    stage, client = play()
    stage.agenda.at(1.0, lambda now: 1 / 0)
    stage.agenda.at(1.0, lambda now: client.link.perform(lambda then: (Ping(),), now))
    stage.until(2.0)
    assert client.got()[1:] == ["PING"]
    assert "a timer of stage 'test' failed" in caplog.text


def test_filters_of_the_protocol_come_before_those_of_the_scenario(toy, scenario):
    def numbered(message, session, now):
        return [{**message, "data": {"text": f"{message['data']['text']} {n}"}} for n in (1, 2)]

    def doubled(frame, session, now):
        return (frame, frame) if frame.opcode is Opcode.TEXT else (frame,)

    changed = replace(toy, message_filters=(numbered,), frame_filters=(doubled,))
    sent = []

    class Transport:
        send = staticmethod(sent.append)

    Stage(replace(scenario(), protocol=changed), Clock()).connect(Request("/toy"), Transport(), 0.0)
    assert [b"welcome 1" in sent[0].data, b"welcome 2" in sent[2].data, len(sent)] == [True, True, 4]


def test_everything_is_noted_in_the_conversation_with_its_time(play):
    _stage, client = play()
    client.say(ASK, 2.5)
    entries = client.link.conversation.entries
    assert [(e.at_s, e.sender, e.frame.opcode) for e in entries] == [
        (0.0, "server", Opcode.TEXT),
        (2.5, "client", Opcode.TEXT),
        (2.5, "server", Opcode.TEXT),
    ]
    assert client.link.conversation.about == {"protocol": "toy", "scenario": "test", "connection": 1}


def test_a_link_that_is_gone_leaves_the_stage_once(play):
    stage, client = play()
    client.link.gone(1.0)
    client.link.gone(2.0)
    assert (stage.links, client.link.session.ended) == ({}, True)


def test_a_server_that_shuts_down_closes_every_connection(play, another):
    stage, client = play()
    other = another(stage)
    stage.close_all(1001, "going down", 1.0)
    assert client.texts() == other.texts() == ["welcome", 1001]


def test_each_purpose_has_random_numbers_of_its_own_from_the_seed(toy):
    stage = Stage(plain(toy), Clock(), seed=3)
    assert stage.seed == 3
    assert stage.chance("world").random() == random.Random("3/world").random() != stage.chance("line").random()


def test_what_is_sent_alike_to_many_is_encoded_once_and_each_gets_its_own_members(play, another):
    stage, client = play("steps: [{at: 1s, send: Answer.two}]")
    other = another(stage)
    stage.until(2.0)
    assert client.got()[-1] == other.got()[-1] == {"type": "Answer", "data": {"text": "second", "n": 2}, "to": "all"}
    message = {"type": "Answer", "data": {"text": "again"}}
    noted = stage.note_of(message, 3.0)
    assert stage.note_of(message, 3.0) is noted
    assert stage.note_of(message, 4.0)[2] is noted[2]
    assert stage.note_of(dict(message), 3.0) == noted
    assert stage.note_of(dict(message), 3.0)[2] is not noted[2]


def test_a_filter_that_changes_what_it_gets_changes_it_for_one_client_only(play, another):
    stage, client = play("""
        steps: [{at: 1s, send: Answer.two}]
        misbehave: [{corrupt: Answer, with: {data.n: 9}, chance: 50%}]
    """)
    others = [another(stage) for _ in range(20)]
    stage.until(2.0)
    numbers = [each.got()[-1]["data"]["n"] for each in (client, *others)]
    assert set(numbers) == {2, 9}


def test_a_message_inside_another_goes_the_way_of_one_that_came_by_itself(play):
    _stage, client = play("steps: [{when: Fail, reply: [Answer.one]}]")
    client.say({"type": "Several", "of": [ASK, {"type": "Fail"}, {"type": "Ask", "data": {"n": "many"}}, 5]})
    assert [m["data"]["text"] for m in client.got()[1:3]] == ["yes a", "first"]
    assert [m["text"].split(":")[0] for m in client.got()[3:]] == ["data.n", "message"]


def test_a_limit_is_judged_before_the_script_and_not_for_what_is_inside_another(play):
    _stage, client = play("steps: [{when: Ask, reply: [Answer.one]}]")
    client.say({"type": "Ask", "data": {"text": "too much"}})
    assert client.got()[1:] == [{"type": "Problem", "text": "a limit"}]
    client.say({"type": "Several", "of": [{"type": "Ask", "data": {"text": "too much"}}]})
    assert client.got()[2]["data"]["text"] == "first"


def test_a_message_that_is_too_big_closes_with_1009(toy, another):
    stage = Stage(plain(replace(toy, max_message_bytes=100)), Clock())
    stage.played_s = 0.0
    client = another(stage)
    client.link.receive(Frame(Opcode.TEXT, b"x" * 100), 0.0)
    assert client.got()[-1]["type"] == "Problem"
    client.link.receive(Frame(Opcode.TEXT, b"x" * 101), 0.0)
    assert client.got()[-1] == 1009


def test_a_transport_may_say_that_a_message_was_too_big_to_be_taken(play):
    _stage, client = play()
    client.link.oversized(0.0)
    client.link.oversized(0.0)
    assert client.texts() == ["welcome", 1009]


def test_http_is_answered_by_the_world_at_its_time(play, caplog):
    stage, _client = play()
    endpoint = Endpoint("GET", "/", lambda world, rules, request, now: HttpReply([world.facts.word, rules.most, now]))
    assert stage.answer(endpoint, HttpRequest("GET", "/"), 5.0) == HttpReply(["yes", 3, 5.0])
    broken = Endpoint("GET", "/", lambda *_: 1 / 0)
    assert stage.answer(broken, HttpRequest("GET", "/"), 6.0).status == 500
    assert "ZeroDivisionError" in caplog.text


def test_who_knocks_may_be_turned_away_by_the_world_and_the_rules(toy, another, caplog):
    def admit(world, rules, request, now):
        if request.path == "/bug":
            raise RuntimeError("oops")
        is_full = len(stage.links) >= rules.most
        return HttpReply([world.facts.word, now], 503) if is_full else None

    stage = Stage(plain(replace(toy, admit=admit)), Clock())
    stage.played_s = 0.0
    for _ in range(3):
        assert stage.admit(Request("/toy"), 1.0) is None
        another(stage, 1.0)
    assert stage.admit(Request("/toy"), 5.0) == HttpReply(["yes", 5.0], 503)
    next(iter(stage.links)).gone(6.0)
    assert stage.admit(Request("/toy"), 7.0) is None
    assert stage.admit(Request("/bug"), 8.0) == HttpReply({"error": "internal error"}, 500)
    assert "RuntimeError" in caplog.text


def test_who_is_turned_away_begins_no_script(toy, scenario, another):
    refused = replace(toy, admit=lambda *_: HttpReply({}, 403))
    stage = Stage(replace(scenario("steps: [{at: 1s, send: Answer.two}]"), protocol=refused), Clock())
    stage.played_s = 0.0
    assert stage.admit(Request("/toy"), 0.0).status == 403
    due = stage.next_due()
    another(stage)
    assert stage.next_due() == 1.0 != due


def test_without_a_doorkeeper_everybody_is_let_in(play):
    stage, _client = play()
    assert stage.admit(Request("/toy"), 0.0) is None


def test_the_machine_is_measured_by_whoever_plays_the_stage(toy):
    vitals = Vitals(1.0, 2.0, 3.0, 4)
    assert Stage(plain(toy), Clock(), vitals=lambda: vitals).world.setting.vitals() == vitals
    assert Stage(plain(toy), Clock()).world.setting.vitals is None
