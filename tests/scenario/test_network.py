"""Faults of the network, on the toy protocol: a welcome at 0 s, then an answer to each question."""

ASK = {"type": "Ask"}


def test_without_faults_an_answer_comes_at_once(play):
    _stage, client = play()
    client.say(ASK, 1.0)
    assert client.moments() == [0.0, 1.0]


def test_latency_makes_everything_late_by_as_much(play):
    stage, client = play("network: [{latency: 300ms}]")
    assert client.log == []
    client.say(ASK, 1.0)
    stage.until(5.0)
    assert client.moments() == [0.3, 1.3]


def test_jitter_adds_a_part_of_its_own_to_each_frame_and_keeps_their_order(play):
    stage, client = play("network: [{latency: 100ms, jitter: 1s}]")
    for number in range(20):
        client.say({"type": "Ask", "data": {"text": str(number)}}, number / 100)
    stage.until(5.0)
    assert client.texts()[1:] == [f"yes {number}" for number in range(20)]
    assert client.moments() == sorted(client.moments())
    assert 0.1 < client.moments()[0] < 1.1
    assert len(set(client.moments())) > 2


def test_the_same_seed_gives_the_same_jitter_and_another_one_another(play):
    def moments(seed):
        stage, client = play("network: [{latency: 100ms, jitter: 1s}]", seed)
        stage.until(5.0)
        return client.moments()

    assert moments(7) == moments(7) != moments(8)


def test_a_stall_holds_what_falls_into_it_and_lets_it_all_come_at_its_end(play):
    stage, client = play("network: [{stall: 4s, every: 30s}]")
    for moment in (29.0, 30.0, 33.9, 34.0, 61.0):
        client.say(ASK, moment)
    stage.until(100.0)
    assert client.moments() == [0.0, 29.0, 34.0, 34.0, 34.0, 64.0]


def test_a_narrow_line_takes_time_for_each_byte_and_carries_one_frame_after_the_other(play):
    stage, client = play("network: [{bandwidth: 100 bytes per 1s}]")
    client.say(ASK)
    stage.until(10.0)
    welcome, answer = b'{"type":"Answer","data":{"text":"welcome"}}', b'{"type":"Answer","data":{"text":"yes"}}'
    assert client.moments() == [len(welcome) / 100, round((len(welcome) + len(answer)) / 100, 6)]


def test_a_line_breaks_behind_the_message_that_was_the_last(play):
    stage, client = play("network: [{hang_up: abruptly, after: 2 messages}, {latency: 1s}]")
    client.say(ASK)
    client.say(ASK)
    stage.until(5.0)
    assert client.texts() == ["welcome", "yes", "cut"]
    assert client.moments() == [1.0, 1.0, 1.0]


def test_a_line_breaks_at_its_time_and_what_is_under_way_is_lost(play):
    stage, client = play("network: [{hang_up: abruptly, after: 20s}, {latency: 1s}]")
    client.say(ASK, 19.5)
    stage.until(30.0)
    assert client.log[1:] == [(20.0, "cut")]


def test_hanging_up_by_script_waits_for_what_is_under_way_and_happens_once(play):
    stage, client = play("""
        network: [{latency: 1s}, {hang_up: abruptly, after: 5s}]
        steps: [{when: Ask, reply: [Answer.two, {hang_up: abruptly}]}]
    """)
    client.say(ASK)
    stage.until(10.0)
    assert client.texts() == ["welcome", "second", "cut"]


def test_a_close_frame_is_as_late_as_what_came_before_it(play):
    stage, client = play("""
        network: [{latency: 1s}]
        steps: [{when: Ask, reply: [Answer.two, {close: {code: 1012, reason: restarting}}]}]
    """)
    client.say(ASK)
    stage.until(10.0)
    assert client.log[1:] == [(1.0, {"type": "Answer", "data": {"text": "second", "n": 2}}), (1.0, 1012)]
