"""Control of a running mock, and who may have it."""

from __future__ import annotations

import json

import pytest

from harness.server.admin import Guard, is_loopback

pytestmark = pytest.mark.socket

STAGE = "/_harness/stages/skybit/default"


async def test_stages_tells_what_is_played(mock, trader):
    async with mock.client() as ws:
        await trader(ws).authenticate()
        status, _, text = await mock.request("GET", "/_harness/stages")
    [stage] = json.loads(text)["stages"]
    assert (status, stage["protocol"], stage["stage"], stage["speed"]) == (200, "skybit", "default", 1.0)
    assert stage["time_s"] >= 0
    [connection] = stage["connections"]
    assert connection["frames"] >= 2
    assert stage["wrong_in_books"] == []


async def test_a_stage_of_ones_own_can_be_controlled_too(mock):
    async with mock.client("?seed=5&speed=2"):
        [stage] = json.loads((await mock.request("GET", "/_harness/stages"))[2])["stages"]
        assert (stage["seed"], stage["speed"]) == (5, 2.0)
        status, _, _ = await mock.request("GET", f"/_harness/stages/skybit/{stage['stage']}/conversations")
    assert status == 200


async def test_conversations_are_json_lines_without_secrets(mock, trader):
    async with mock.client() as ws:
        await trader(ws).authenticate("demo-user-7")
        status, headers, text = await mock.request("GET", f"{STAGE}/conversations")
    lines = [json.loads(line) for line in text.splitlines()]
    assert (status, headers["Content-Type"].split(";")[0]) == (200, "application/jsonl")
    assert lines[0]["conversation"]["protocol"] == "skybit"
    assert json.loads(lines[1]["data"])["data"]["token"] == "(hidden)"
    assert "demo-user-7" not in text


async def test_advance_lets_time_pass(mock):
    async with mock.client() as ws:
        status, _, text = await mock.request("POST", f"{STAGE}/advance", json={"by_s": 120})
        assert (status, json.loads(text)["time_s"] >= 120) == (200, True)
        await ws.wait_closed()
    assert ws.close_code == 1001  # Nobody spoke for 60 s.


async def test_close_closes_every_connection(mock):
    async with mock.client() as ws:
        status, _, text = await mock.request("POST", f"{STAGE}/close", json={"code": 1012, "reason": "restarting"})
        await ws.wait_closed()
    assert (status, json.loads(text)) == (200, {"closed": 1})
    assert (ws.close_code, ws.close_reason) == (1012, "restarting")


@pytest.mark.parametrize(
    ("action", "body", "where"),
    [
        ("advance", "", "body"),
        ("advance", "[]", "body"),
        ("advance", "{}", "by_s"),
        ("advance", '{"by_s": 0}', "by_s"),
        ("advance", '{"by_s": true}', "by_s"),
        ("advance", '{"by_s": 1e300}', "by_s"),
        ("close", '{"code": 1006}', "code"),
        ("close", '{"code": 1005}', "code"),
        ("close", '{"code": "1000"}', "code"),
        ("close", '{"code": true}', "code"),
        ("close", '{"code": 1000, "reason": 5}', "reason"),
        ("close", '{"code": 1000, "reason": "%s"}' % ("é" * 62), "reason"),
    ],
)
async def test_a_wrong_body_is_refused_with_what_was_expected(mock, action, body, where):
    async with mock.client():
        status, _, text = await mock.request("POST", f"{STAGE}/{action}", data=body)
    assert (status, json.loads(text)["error"]["where"]) == (400, where)


async def test_an_unknown_stage_is_told_which_there_are(mock):
    async with mock.client():
        status, _, text = await mock.request("GET", "/_harness/stages/skybit/nowhere/conversations")
    assert (status, "skybit/default" in json.loads(text)["error"]["expected"]) == (404, True)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://localhost:5173"}, 200),
        ({"Origin": "http://127.0.0.1:8000"}, 200),
        ({"Origin": "http://[::1]:8000"}, 200),
        ({"Origin": "https://example.com"}, 401),
        ({"Origin": "http://localhost.example.com"}, 401),
        ({"Origin": "null"}, 401),
        ({"Origin": "http://["}, 401),
        ({"Host": "example.com:8000"}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
    ],
)
async def test_without_a_token_only_this_machine_controls_it(mock, headers, status):
    assert (await mock.request("GET", "/_harness/stages", headers=headers))[0] == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer open-sesame"}, 200),
        ({"Authorization": "Bearer open-sesame", "Origin": "https://example.com"}, 200),
        ({"Authorization": "Bearer Open-Sesame"}, 401),
        ({"Authorization": "open-sesame"}, 401),
        ({"Authorization": "Bearer é"}, 401),
    ],
)
async def test_a_mock_that_others_can_reach_wants_the_token(serving, headers, status):
    async with serving(guard=Guard("open-sesame", open_here=False)) as mock:
        got, _, text = await mock.request("POST", f"{STAGE}/advance", headers=headers, json={"by_s": 1})
    assert (404 if status == 200 else status) == got
    assert "open-sesame" not in text


@pytest.mark.parametrize(
    ("host", "answer"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False),
     ("192.0.2.1", False), ("::", False), ("example.com", False), ("", False), (None, False)],
)  # fmt: skip
def test_loopback_is_told_from_the_rest(host, answer):
    assert is_loopback(host) is answer
