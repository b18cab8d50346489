"""The checks of the wire pass on a server that keeps the RFCs, and fail on one that breaks them in just one way."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import replace

import pytest

from harness.conformance import runner, suite
from harness.conformance.runner import Options, Unreachable, run
from harness.conformance.socket import SocketOpener
from harness.protocols.skybit import PROTOCOL
from harness.scenario.house import House
from harness.server.admin import Guard
from harness.server.app import Server

pytestmark = pytest.mark.socket

WIRE = suite.load(suite.WIRE)
# What a server does wrong -> the requirement that this breaks.
FAULTS = {
    "no words": "HAND-01",
    "accept": "HAND-02",
    "case matters": "HAND-03",
    "any version": "HAND-04",
    "version unnamed": "HAND-05",
    "no version": "HAND-06",
    "no key": "HAND-07",
    "any key": "HAND-08",
    "any method": "HAND-09",
    "any http": "HAND-10",
    "no upgrade": "HAND-11",
    "no connection": "HAND-12",
    "protocol unasked": "HAND-13",
    "extension unasked": "HAND-14",
    "unknown extension": "HAND-15",
    "head in one read": "HAND-16",
    "masked": "FRAME-01",
    "unmasked": "FRAME-02",
    "unmasked ping": "FRAME-03",
    "rsv1": "FRAME-04",
    "rsv23": "FRAME-05",
    "any data opcode": "FRAME-06",
    "any control opcode": "FRAME-07",
    "frame in one read": "FRAME-08",
    "one frame a segment": "FRAME-09",
    "long lengths": "FRAME-10",
    "any length": "FRAME-11",
    "empty message": "FRAME-12",
    "short pong": "CTRL-01",
    "last ping lost": "CTRL-02",
    "pong refused": "CTRL-03",
    "long control": "CTRL-04",
    "control in fragments": "CTRL-05",
    "rsv on control": "CTRL-06",
    "other code": "CTRL-07",
    "no fragments": "FRAG-01",
    "busy": "FRAG-02",
    "stray continuation": "FRAG-03",
    "message in message": "FRAG-04",
    "rsv on continuation": "FRAG-05",
    "any text": "UTF-01",
    "text by 1003": "UTF-02",
    "fragments judged alone": "UTF-03",
    "binary judged": "UTF-05",
    "close unanswered": "CLOSE-01",
    "own code": "CLOSE-02",
    "tcp stays": "CLOSE-03",
    "more after close": "CLOSE-04",
    "one byte": "CLOSE-05",
    "any code": "CLOSE-06",
    "any reason": "CLOSE-07",
    "short reasons": "CLOSE-08",
    "close amid": "CLOSE-09",
    "odd agreement": "DEFL-01",
    "wishes forgotten": "DEFL-02",
    "window unasked": "DEFL-03",
    "any offer": "DEFL-04",
    "nothing inflated": "DEFL-05",
    "compressed only": "DEFL-06",
    "takeover forgotten": "DEFL-07",
    "any deflate": "DEFL-08",
    "deflated text unjudged": "DEFL-11",
    "bomb": "DEFL-12",
}
# One fault breaks these, too.
ALSO = {"any text": "UTF-04", "any code": "CLOSE-11", "rsv on continuation": "DEFL-09", "rsv on control": "DEFL-10"}


async def judged(url, *only):
    opener = SocketOpener(None)
    try:
        profile = WIRE.demo_profile(url, random.Random(1))
        return await run(WIRE, profile, opener, time.time, Options(only=tuple(f"RFC-{id_}" for id_ in only)))
    finally:
        await opener.close()


async def test_a_server_that_keeps_the_rfcs_passes_them_all(strict):
    async with strict() as url:
        report = await judged(url)
    assert [(v.id, v.reason) for each in ("failed", "not-observed") for v in report.of(each)] == []
    assert len(report.of("passed")) >= 60


@pytest.mark.parametrize(("fault", "broken"), [*FAULTS.items(), *ALSO.items()], ids=[*FAULTS.values(), *ALSO.values()])
async def test_a_server_that_breaks_one_rule_fails_by_it(strict, fault, broken):
    async with strict(fault) as url:
        report = await judged(url, broken)
    assert [v.id for v in report.of("failed")] == [f"RFC-{broken}"], [v.reason for v in report.verdicts]


def test_every_checked_requirement_has_a_fault_that_proves_it():
    checked = {check.id.removeprefix("RFC-") for check in WIRE.checks}
    assert checked == {*FAULTS.values(), *ALSO.values()}


async def test_our_own_mock_keeps_them_all():
    server = Server(House({"skybit": PROTOCOL}, time.time), Guard(None, True))
    await server.start()
    try:
        port = await server.listen("127.0.0.1", 0)
        report = await judged(f"ws://127.0.0.1:{port}/artifact/v1?stage=wire")
    finally:
        await server.stop(1)
    assert [(v.id, v.reason) for each in ("failed", "not-observed") for v in report.of(each)] == []
    assert report.exit_code == 0


async def test_a_server_that_is_not_there_is_told_at_once_and_one_without_deflate_is_not_judged_by_it():
    with pytest.raises(Unreachable, match="cannot be reached"):
        await judged("ws://127.0.0.1:1/")
    server = Server(House({"skybit": replace(PROTOCOL, deflate=False)}, time.time), Guard(None, True))
    await server.start()
    try:
        port = await server.listen("127.0.0.1", 0)
        report = await judged(f"ws://127.0.0.1:{port}/artifact/v1?stage=wire", "DEFL")
    finally:
        await server.stop(1)
    # Offers that are no good are declined all the same.
    assert [v.id for v in report.of("passed")] == ["RFC-DEFL-03", "RFC-DEFL-04"]
    assert report.of("failed") == []


async def test_a_server_that_says_nothing_is_told_as_that(monkeypatch):
    monkeypatch.setattr(runner, "HANDSHAKE_LIMIT_S", 0.2)

    async def silent(reader, writer):
        await asyncio.sleep(60)

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    opener = SocketOpener(None)
    try:
        profile = replace(WIRE.demo_profile(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/", None), reply_s=0.2)
        with pytest.raises(Unreachable, match="does not answer the opening handshake"):
            await run(WIRE, profile, opener, time.time, Options())
    finally:
        await opener.close()
        server.close()
