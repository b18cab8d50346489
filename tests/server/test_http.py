"""What a protocol serves over plain HTTP: routes, methods, stages, origins."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from harness.core.http import Endpoint, HttpReply
from harness.protocols.skybit import PROTOCOL

pytestmark = pytest.mark.socket


def state(world, rules, request, now):
    return HttpReply({"trades": world.facts.orders_today, "chats": rules.chats.count, "query": dict(request.query)})


def login(world, rules, request, now):
    if not request.body:
        return HttpReply({"error": "empty"}, 400)
    return HttpReply({"said": request.body.decode(), "agent": request.headers["user-agent"]})


def broken(world, rules, request, now):
    raise ZeroDivisionError


ENDPOINTS = (
    Endpoint("GET", "/api/state", state),
    Endpoint("POST", "/api/login", login),
    Endpoint("GET", "/api/login", state),
    Endpoint("GET", "/api/broken", broken),
)


@pytest.fixture
async def mock(serving):
    async with serving(replace(PROTOCOL, http=ENDPOINTS)) as one:
        yield one


async def test_an_endpoint_answers_from_the_world_as_json(mock):
    status, headers, text = await mock.request("GET", "/api/state?x=1")
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert json.loads(text) == {"trades": 23, "chats": 60, "query": {"x": "1"}}


async def test_it_reads_bodies_and_headers_and_gives_its_own_status(mock):
    status, _, text = await mock.request("POST", "/api/login", data=b"hello", headers={"User-Agent": "me"})
    assert (status, json.loads(text)) == (200, {"said": "hello", "agent": "me"})
    assert (await mock.request("POST", "/api/login"))[0] == 400


async def test_one_path_may_have_several_methods_and_refuses_the_others(mock):
    assert (await mock.request("GET", "/api/login"))[0] == 200
    status, headers, text = await mock.request("DELETE", "/api/login")
    assert (status, headers["Allow"]) == (405, "POST, GET, OPTIONS")
    assert text == "/api/login expects POST or GET, not DELETE.\n"


async def test_pages_of_any_origin_may_ask(mock):
    status, headers, _ = await mock.request("OPTIONS", "/api/login", headers={"Origin": "http://localhost:5173"})
    assert (status, headers["Access-Control-Allow-Origin"]) == (204, "*")
    assert "Authorization" in headers["Access-Control-Allow-Headers"]
    assert headers["Access-Control-Allow-Methods"] == "POST, GET, OPTIONS"
    assert (await mock.request("GET", "/api/state"))[1]["Access-Control-Allow-Origin"] == "*"


async def test_the_query_chooses_the_stage_as_it_does_for_sockets(mock):
    _, _, text = await mock.request("GET", "/api/state?stage=mine&scenario=daily-trade-limit")
    assert json.loads(text)["trades"] == 100
    assert [name for _, name in mock.house.drivers] == ["mine"]
    status, _, text = await mock.request("GET", "/api/state?speed=fast")
    assert status == 400
    assert "speed" in text


async def test_a_body_that_is_too_big_is_refused(mock):
    assert (await mock.request("POST", "/api/login", data=b"x" * (2 * 1024 * 1024)))[0] == 413


async def test_a_bug_is_logged_and_answered(serving, caplog):
    async with serving(replace(PROTOCOL, http=ENDPOINTS)) as mock:
        status, _, text = await mock.request("GET", "/api/broken")
    assert (status, json.loads(text)) == (500, {"error": "internal error"})
    assert "GET /api/broken of stage 'default' failed" in caplog.text


async def test_the_front_door_is_a_page_and_may_be_a_socket_too(serving):
    async with serving(replace(PROTOCOL, paths=("/artifact/v1", "/"))) as mock:
        status, _, text = await mock.request("GET", "/")
        assert status == 200
        assert f"ws://127.0.0.1:{mock.port}/  Skybit" in text
        async with mock.client("", path="/") as ws:
            await ws.send("{}")
            assert json.loads(await ws.recv())["type"] == "Error"
        status, headers, _ = await mock.request("POST", "/")
        assert (status, headers["Allow"]) == (405, "GET")
    async with serving() as mock:
        assert (await mock.request("HEAD", "/"))[0] == 200
        status, headers, _ = await mock.request("POST", "/")
        assert (status, headers["Allow"]) == (405, "GET,HEAD")
