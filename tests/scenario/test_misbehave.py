"""Misbehaviour on the toy protocol, whose every answer to Ask is an Answer."""

import pytest


def ask(client, *texts, now=0.0):
    for text in texts:
        client.say({"type": "Ask", "data": {"text": text}}, now)


def test_a_dropped_message_never_comes(play):
    _stage, client = play("misbehave: [{drop: Answer}]")
    ask(client, "a", "b")
    assert client.log == []


def test_what_befalls_one_type_leaves_the_others_alone(play):
    _stage, client = play("misbehave: [{drop: Problem}]")
    ask(client, "a")
    client.say({"type": "Unknown"})
    assert client.texts() == ["welcome", "yes a"]


def test_a_duplicate_comes_right_behind_the_message(play):
    _stage, client = play("misbehave: [{duplicate: Answer}]")
    ask(client, "a")
    assert client.texts() == ["welcome", "welcome", "yes a", "yes a"]


def test_a_chance_strikes_about_as_often_as_it_says_and_by_the_seed(play):
    def count(seed):
        _stage, client = play("misbehave: [{drop: Answer, chance: 30%}]", seed)
        ask(client, *map(str, range(200)))
        return client.texts()

    assert 110 < len(count(1)) < 170
    assert count(1) == count(1) != count(2)


def test_a_delayed_message_is_overtaken_and_comes_once(play):
    stage, client = play("misbehave: [{delay: Answer, by: 2s}]\nsteps: [{when: Ask, reply: [{raw: quick}]}]")
    ask(client, "a")
    stage.until(10.0)
    assert [(moment, text) for (moment, _), text in zip(client.log, client.texts(), strict=True)] == [
        (0.0, "quick"),
        (2.0, "welcome"),
    ]


def test_what_a_chance_spares_is_not_delayed(play):
    _stage, client = play("misbehave: [{delay: Answer, by: 2s, chance: 0%}]")
    assert client.texts() == ["welcome"]


def test_a_reordered_message_comes_behind_the_next_one(play):
    _stage, client = play("misbehave: [{reorder: Answer}]")
    ask(client, "a", "b", "c")
    assert client.texts() == ["yes a", "welcome", "yes c", "yes b"]


def test_each_connection_holds_back_its_own(play, another):
    stage, client = play("misbehave: [{reorder: Answer}]")
    other = another(stage)
    ask(client, "a")
    assert (client.texts(), other.texts()) == (["yes a", "welcome"], [])


def test_what_a_chance_spares_is_not_reordered(play):
    _stage, client = play("misbehave: [{reorder: Answer, chance: 0%}]")
    ask(client, "a")
    assert client.texts() == ["welcome", "yes a"]


def test_a_corrupt_message_has_the_given_values_though_its_schema_refuses_them(play):
    _stage, client = play("misbehave: [{corrupt: Answer, with: {data.n: many}}]")
    assert client.got() == [{"type": "Answer", "data": {"text": "welcome", "n": "many"}}]


def test_what_a_chance_spares_is_not_corrupt(play):
    _stage, client = play("misbehave: [{corrupt: Answer, with: {data.n: many}, chance: 0%}]")
    assert client.got() == [{"type": "Answer", "data": {"text": "welcome"}}]


@pytest.mark.parametrize(
    ("field", "data"),
    [
        ("data.n", {"text": "second", "n": "2"}),
        ("data.text", {"text": 0, "n": 2}),
        ("data.why", {"text": "second", "n": 2}),
    ],
)
def test_a_retyped_field_has_a_value_of_the_wrong_type_if_it_is_there(play, field, data):
    _stage, client = play(
        f"misbehave: [{{retype: Answer, field: {field}}}]\nsteps: [{{when: open, reply: [Answer.two]}}]"
    )
    assert client.got() == [{"type": "Answer", "data": data}]


def test_a_truncated_message_is_the_first_half_of_its_text(play):
    _stage, client = play("misbehave: [{truncate: Answer, chance: 100%}, {drop: Problem}]")
    assert client.got() == ['{"type":"Answer","dat']
    client.say({"type": "Unknown"})
    assert len(client.got()) == 1


def test_what_a_chance_spares_is_not_truncated(play):
    _stage, client = play("misbehave: [{truncate: Answer, chance: 0%}]")
    assert client.texts() == ["welcome"]
