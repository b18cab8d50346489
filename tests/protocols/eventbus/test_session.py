"""Subscribers: what they hear, and that nobody hears them."""

import json

import pytest

from harness.core.message import Opcode
from harness.core.session import Send
from harness.protocols.eventbus import PROTOCOL
from harness.scenario.loading import load

QUIET = {"predictor": "stopped", "automation": "paused", "training": "paused", "hft": "stopped"}


def test_the_four_paths_are_those_of_the_spec():
    assert PROTOCOL.paths == ("/api/ws/prediction", "/api/ws/automation", "/api/ws/training", "/api/ws/hft")


def test_the_channels_share_no_type(bus_of):
    bus = bus_of()
    bus.wait(120)
    heard = [
        {e["type"] for e in client.messages()} for client in (bus.prediction, bus.automation, bus.training, bus.hft)
    ]
    assert all(heard)
    assert sum(map(len, heard)) == len(set().union(*heard))


def test_all_clients_of_a_channel_hear_the_same(bus_of):
    bus = bus_of()
    other = bus.play.connect("/api/ws/training")
    bus.wait(60)
    assert other.log == bus.training.log


def test_all_sessions_of_a_channel_send_the_same_object(bus_of):
    bus = bus_of()
    link = bus.play.connect("/api/ws/hft").link
    event = {"id": 1}
    (one,) = link.session.noticed("hft", event, 0.0)
    (other,) = bus.hft.link.session.noticed("hft", event, 0.0)
    assert one == Send(event)
    assert one.message is other.message is event


def test_a_new_subscriber_hears_new_events_only(bus_of):
    bus = bus_of()
    bus.wait(60)
    late = bus.play.connect("/api/ws/prediction")
    assert late.log == []
    last = bus.prediction.messages()[-1]["id"]
    bus.wait(60)
    assert late.messages()[0]["id"] > last
    assert late.messages() == bus.prediction.messages()[-len(late.messages()) :]


def test_who_leaves_disturbs_nobody(bus_of):
    alone, left = bus_of(), bus_of()
    gone = left.play.connect("/api/ws/training")
    for bus in (alone, left):
        bus.wait(20)
    gone.leave()
    for bus in (alone, left):
        bus.wait(40)
    assert left.training.log == alone.training.log
    assert len(gone.log) < len(left.training.log)


@pytest.mark.parametrize(
    "data",
    [
        b'{"type": "subscribe", "channel": "hft"}',
        b'{"type": "predictor.stop"}',
        b"{}",
        b"[1]",
        b"nonsense",
        b"",
        b"\xff",
    ],
)
@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.BINARY])
def test_a_client_that_talks_is_not_heard(data, opcode, bus_of):
    silent, talking = bus_of(), bus_of()
    for _ in range(10):
        talking.prediction.say_raw(data, opcode)
        for bus in (silent, talking):
            bus.wait(6)
    for channel in ("prediction", "automation", "training", "hft"):
        assert getattr(talking, channel).log == getattr(silent, channel).log
    assert talking.prediction.ends == []


def test_what_is_too_big_to_be_read_ends_its_own_connection_alone(bus_of):
    silent, talking = bus_of(), bus_of()
    for bus in (silent, talking):
        bus.wait(6)
    talking.prediction.say_raw(b"x" * PROTOCOL.max_message_bytes)
    assert talking.prediction.ends == []
    talking.prediction.say_raw(b"x" * (PROTOCOL.max_message_bytes + 1))
    for bus in (silent, talking):
        bus.wait(60)
    assert talking.prediction.ends == [1009]
    assert talking.hft.log == silent.hft.log


def test_it_is_pinged(play_of):
    play = play_of(PROTOCOL, facts=QUIET, rules={"ping_every_s": 15.0})
    client = play.connect("/api/ws/hft")
    play.wait(60)
    assert client.pings == 4
    assert client.log == []


@pytest.fixture
def played(play_of, tmp_path):
    """Makes a play of these lines of a scenario, on a back end that does nothing by itself."""

    def make(lines):
        path = tmp_path / "script.yaml"
        path.write_text(f"scenario: A script\nprotocol: eventbus\nworld: {json.dumps(QUIET)}\n{lines}")
        return play_of(PROTOCOL, load(path, {"eventbus": PROTOCOL}))

    return make


def test_a_scripted_answer_goes_to_the_one_client_whose_channel_it_is(played):
    play = played("steps: [{when: open, also: [training.progress, {after: 2s, send: training.failed.bare}]}]")
    first = play.connect("/api/ws/training")
    other = play.connect("/api/ws/hft")
    play.wait(3)
    assert [e["type"] for e in first.messages()] == ["training.progress", "training.failed"]
    assert [e["id"] for e in first.messages()] == [1, 2]
    assert other.log == []


def test_a_timed_event_goes_once_to_all_of_its_channel(played):
    play = played("steps: [{at: 2s, send: training.failed.bare, with: {payload.job_id: mine}}]")
    clients = [play.connect("/api/ws/training"), play.connect("/api/ws/training"), play.connect("/api/ws/automation")]
    play.wait(3)
    one, other, none = (client.messages() for client in clients)
    assert one == other
    assert [(e["id"], e["payload"]) for e in one] == [(1, {"job_id": "mine"})]
    assert none == []


def test_a_world_turns_by_script(played):
    play = played("steps: [{at: 2s, world: {hft: running}}, {at: 20s, world: {flatten: true}}]")
    client = play.connect("/api/ws/hft")
    play.wait(21)
    assert client.times("hft.start") == [2]
    assert client.times("hft.flatten") == [20]


def test_the_world_follows_a_scripted_answer(played):
    play = played("steps: [{when: open, also: [hft.entry, hft.flatten]}]")
    client = play.connect("/api/ws/hft")
    assert [e["type"] for e in client.messages()] == ["hft.entry", "hft.exit", "hft.flatten"]
    assert client.messages("hft.flatten")[0]["payload"] == {"closed": 1, "errors": []}
    assert [e["id"] for e in client.messages()] == [1, 2, 3]
    assert play.world.trader.open == {}
