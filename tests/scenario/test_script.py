"""The script of a scenario, on the toy protocol: its own answer to `Ask` is "yes", its greeting "welcome"."""


def ask(client, text="", now=0.0):
    client.say({"type": "Ask", "data": {"text": text}}, now)


def test_what_no_step_mentions_is_the_protocols_own(play):
    _stage, client = play("steps: [{when: Fail, reply: [Answer.two]}]")
    ask(client)
    assert client.texts() == ["welcome", "yes"]


def test_a_reply_takes_the_place_of_the_protocols_own_answer(play):
    _stage, client = play("steps: [{when: Ask, reply: [Answer.two]}]")
    ask(client)
    assert client.texts() == ["welcome", "second"]


def test_an_empty_reply_is_silence(play):
    _stage, client = play("steps: [{when: Ask, reply: []}]")
    ask(client)
    assert client.texts() == ["welcome"]


def test_also_comes_behind_the_protocols_own_answer(play):
    _stage, client = play("steps: [{when: Ask, also: [Answer.two]}]")
    ask(client)
    assert client.texts() == ["welcome", "yes", "second"]


def test_a_message_without_an_example_is_left_to_the_protocol(play):
    _stage, client = play("steps: [{when: Ask, reply: [Answer]}]")
    ask(client)
    assert client.texts() == ["welcome", "first"]


def test_changes_are_put_into_the_example(play):
    _stage, client = play("steps: [{when: Ask, reply: [{send: Answer.two, with: {data.n: 5, data.more: {a: 1}}}]}]")
    ask(client)
    assert client.got()[1]["data"] == {"text": "second", "n": 5, "more": {"a": 1}}


def test_after_counts_from_the_action_before(play):
    stage, client = play("""
        steps:
          - when: Ask
            reply:
              - Answer.one
              - {after: 1s, send: Answer.two}
              - {after: 3s, raw: done}
              - {after: 0s, raw: and over}
    """)
    ask(client, now=10.0)
    stage.until(20.0)
    assert client.log[1:] == [
        (10.0, {"type": "Answer", "data": {"text": "first", "n": 1}}),
        (11.0, {"type": "Answer", "data": {"text": "second", "n": 2}}),
        (14.0, "done"),
        (14.0, "and over"),
    ]


def test_raw_text_goes_out_as_it_is(play):
    _stage, client = play("""steps: [{when: Ask, reply: [{raw: '{"type": "Ans'}]}]""")
    ask(client)
    assert client.got()[1] == '{"type": "Ans'


def test_nothing_follows_a_close(play):
    stage, client = play(
        "steps: [{when: Ask, reply: [{close: {code: 4001}}, Answer.two, {after: 1s, send: Answer.one}]}]"
    )
    ask(client)
    stage.until(5.0)
    assert client.texts() == ["welcome", 4001]


def test_hanging_up_sends_no_close_frame(play):
    _stage, client = play("steps: [{when: Ask, reply: [{hang_up: abruptly}, Answer.two]}]")
    ask(client)
    assert client.texts() == ["welcome", "cut"]


def test_the_first_step_that_fits_is_taken(play):
    _stage, client = play("""
        steps:
          - {when: Ask, where: {data.text: '^a', data.n: 1}, reply: [{raw: a and 1}]}
          - {when: Ask, where: {data.text: '^a'}, reply: [{raw: a}]}
          - {when: Ask, where: {data.n: 1}, reply: [{raw: '1'}]}
    """)
    client.say({"type": "Ask", "data": {"text": "ab", "n": 1}})
    client.say({"type": "Ask", "data": {"text": "ab", "n": 12}})
    client.say({"type": "Ask", "data": {"text": "ba", "n": 1}})
    client.say({"type": "Ask", "data": {"text": "ba"}})
    assert client.texts()[1:] == ["a and 1", "a", "1", "yes ba"]


def test_a_pattern_is_found_anywhere_and_other_values_must_be_equal(play):
    _stage, client = play("steps: [{when: Ask, where: {data.text: b, data.more.urgent: true}, reply: [{raw: found}]}]")
    client.say({"type": "Ask", "data": {"text": "abc", "more": {"urgent": True}}})
    client.say({"type": "Ask", "data": {"text": "abc", "more": {"urgent": False}}})
    assert client.texts()[1:] == ["found", "yes abc"]


def test_times_bounds_a_step_on_each_connection(play, another):
    stage, client = play("steps: [{when: Ask, times: 2, reply: [Answer.two]}]")
    other = another(stage)
    for _ in range(3):
        ask(client)
    ask(other)
    assert client.texts() == ["welcome", "second", "second", "yes"]
    assert other.texts() == ["welcome", "second"]


def test_a_reply_at_the_opening_takes_the_place_of_the_greeting(play):
    _stage, client = play("steps: [{when: open, reply: [Answer.two]}]")
    assert client.texts() == ["second"]


def test_also_at_the_opening_comes_behind_the_greeting(play):
    _stage, client = play("steps: [{when: open, also: [Answer.two]}]")
    assert client.texts() == ["welcome", "second"]


def test_a_client_whose_messages_the_script_answers_is_not_idle(play):
    _stage, client = play("steps: [{when: Ask, reply: []}]")
    ask(client, now=42.0)
    assert client.link.session.heard_at == 42.0


def test_what_is_due_later_is_not_done_for_a_client_that_left(play):
    stage, client = play("steps: [{when: Ask, reply: [{after: 1s, send: Answer.two}]}]")
    ask(client)
    client.link.gone(0.5)
    stage.until(5.0)
    assert client.texts() == ["welcome"]


def test_a_moment_is_one_of_the_stage_and_reaches_every_client_then_there(play, another):
    stage, client = play("steps: [{at: 30s, send: Answer.two}, {at: 40s, close: {code: 1012, reason: restarting}}]")
    stage.until(10.0)
    other = another(stage, 10.0)
    stage.until(35.0)
    late = another(stage, 35.0)
    stage.until(60.0)
    assert (client.texts(), client.moments()) == (["welcome", "second", 1012], [0.0, 30.0, 40.0])
    assert (other.texts(), other.moments()) == (["welcome", "second", 1012], [10.0, 30.0, 40.0])
    assert late.texts() == ["welcome", 1012]


def test_the_stages_time_begins_with_its_first_client(play, another):
    stage, client = play("steps: [{at: 30s, hang_up: abruptly}, {at: 31s, raw: too late}]")
    stage.until(31.0)
    assert client.log[1:] == [(30.0, "cut")]


def test_the_world_changes_at_a_moment_and_by_an_answer(play, another):
    stage, client = play("""
        world: {size: large}
        steps:
          - {at: 1s, world: {word: "no"}}
          - {when: Fail, reply: [{after: 1s, world: {word: maybe}}, Answer.one]}
    """)
    ask(client)
    ask(client, now=2.0)
    client.say({"type": "Fail"}, 3.0)
    ask(another(stage, 5.0), now=5.0)
    stage.until(6.0)
    assert client.texts() == ["welcome", "yes", "no", "first"]
    assert (stage.world.facts.word, stage.world.facts.size) == ("maybe", "large")


def test_a_moment_of_the_world_happens_once_and_everybody_hears_of_it(play, another):
    stage, client = play("steps: [{at: 1s, send: Answer.two, with: {data.n: 7}}, {at: 2s, send: Answer.one}]")
    other = another(stage)
    stage.until(3.0)
    assert client.texts() == other.texts() == ["welcome", "second", "first"]


def test_a_type_may_have_a_dot(play):
    _stage, client = play("steps: [{when: Ask, reply: [Answer.late, Answer.late.one, {send: Answer.one}]}]")
    ask(client)
    assert client.texts() == ["welcome", "late", "late", "first"]
