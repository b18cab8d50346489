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
from harness.conformance.wire.faults import FAULTS
from harness.conformance.wire.faulty import serving
from harness.protocols.skybit import PROTOCOL
from harness.scenario.house import House
from harness.server.admin import Guard
from harness.server.app import Server

pytestmark = pytest.mark.socket

WIRE = suite.load(suite.WIRE)
REPLY_S = 1.0  # Loopback is quick; a few faults leave a check waiting for as long.
BROKEN = [(fault.name, id_) for fault in FAULTS for id_ in fault.breaks]


async def judged(url, *only):
    opener = SocketOpener(None)
    try:
        profile = replace(WIRE.demo_profile(url, random.Random(1)), reply_s=REPLY_S)
        return await run(WIRE, profile, opener, time.time, Options(only=only))
    finally:
        await opener.close()


async def test_a_server_that_keeps_the_rfcs_passes_them_all():
    async with serving() as url:
        report = await judged(url)
    assert [(v.id, v.reason) for each in ("failed", "not-observed") for v in report.of(each)] == []
    assert len(report.of("passed")) >= 60


@pytest.mark.parametrize(("fault", "broken"), BROKEN, ids=[broken for _, broken in BROKEN])
async def test_a_server_that_breaks_one_rule_fails_by_it(fault, broken):
    async with serving(fault) as url:
        report = await judged(url, broken)
    assert [v.id for v in report.of("failed")] == [broken], [v.reason for v in report.verdicts]


def test_every_checked_requirement_has_a_fault_that_proves_it():
    assert {check.id for check in WIRE.checks} == {broken for _, broken in BROKEN}
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert [fault.name for fault in FAULTS if not fault.text.endswith(".")] == []


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
        report = await judged(f"ws://127.0.0.1:{port}/artifact/v1?stage=wire", "RFC-DEFL")
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
