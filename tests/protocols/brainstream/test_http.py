"""The three endpoints that the server in between polls: the same world as the stream's."""

import pytest

from harness.core.http import HttpRequest
from harness.protocols.brainstream import PROTOCOL

STATE, AGENTS, MODELS = (endpoint.path for endpoint in PROTOCOL.http)


def ask(play, path):
    endpoint = next(each for each in PROTOCOL.http if each.path == path)
    return play.stage.answer(endpoint, HttpRequest("GET", path), play.now)


def test_the_endpoints_are_those_of_the_spec():
    assert [(each.method, each.path) for each in PROTOCOL.http] == [
        ("GET", "/api/system/state/current"),
        ("GET", "/api/system/metrics/agents"),
        ("GET", "/api/system/metrics/models"),
    ]


def test_the_three_together_are_the_packet_of_that_second(play, data_of):
    play = play()
    client = play.connect()
    for _ in range(5):
        play.wait(1)
        state, agents, models = (ask(play, path) for path in (STATE, AGENTS, MODELS))
        assert {state.status, agents.status, models.status} == {200}
        assert {**state.body, "agents": agents.body, "models": models.body} == data_of(client)[-1]
        assert not {"agents", "models"} & set(state.body)


def test_they_are_served_where_nobody_listens(play):
    play = play()
    play.wait(7)
    assert ask(play, STATE).body["timestamp"] == "2024-01-15T10:30:07.000Z"


def test_while_the_feed_stalls_the_last_state_is_told(play):
    play = play()
    play.wait(2)
    play.world.change({"feed": "stalled"}, play.now)
    play.wait(5)
    assert ask(play, STATE).body["timestamp"] == "2024-01-15T10:30:02.000Z"


@pytest.mark.parametrize("path", [STATE, AGENTS, MODELS])
def test_while_the_backend_is_gone_they_are_unavailable(play, path):
    play = play()
    play.world.change({"feed": "down"}, play.now)
    reply = ask(play, path)
    assert (reply.status, reply.body) == (503, {"error": "backend unavailable"})
    play.world.change({"feed": "live"}, play.now)
    assert ask(play, path).status == 200
