"""Servers and clients that talk nonsense: every check comes to a verdict, and none stumbles."""

import asyncio
import random
from functools import cache

import pytest

from harness import protocols
from harness.conformance import suite
from harness.conformance.judging import on_conversation
from harness.conformance.memory import MemoryOpener
from harness.conformance.proof import prove
from harness.conformance.rehearsal import rehearse
from harness.conformance.runner import Options
from harness.conformance.verdict import Kind
from harness.core.clock import Clock, run_virtual
from harness.core.conversation import Conversation
from harness.core.defect import defects_in
from harness.core.edits import wrong
from harness.core.message import Frame, Opcode
from harness.protocols.skybit.lab import SkybitLab
from harness.scenario.house import House
from harness.wire.codec import encode

SKYBIT = suite.load("skybit")
MOCK = protocols.load("skybit")
INVARIANTS = [c for c in SKYBIT.checks if not c.exchange]
TALK = ("SKY-CONN", "SKY-ENV", "SKY-AUTH", "SKY-HB", "SKY-ERR", "SKY-RATE", "SKY-SUB", "SKY-MD", "SKY-STATE-")
KINDS = ("Auth", "Heartbeat", "Error", "MarketData")

# Defects of which the whole suite is shown that it can tell them from all others.
TELLING = [
    *("knows-no-deflate", "deaf-to-deflate", "sends-plans-back", "silent-on-a-second-auth", "refuses-without-a-word"),
    *("forgives-no-expiry", "wants-no-token", "chats-with-strangers", "quotes-to-strangers", "many-heartbeats"),
    *("counts-the-dead", "trusts-sessions", "knows-no-orders", "one-channel-at-a-time", "returns-its-own-time"),
    *("server-ts-in-milliseconds", "asks-nothing", "time-of-day-alone", "serves-those-it-refused"),
    *("knows-no-expiry", "serves-what-it-refuses", "latency-with-its-unit"),
]


def words(value):
    """The same with every member a word, or a list of one."""
    return {name: "AAPL" if isinstance(child, dict | list) else ["AAPL"] for name, child in value.items()}


NONSENSE = [
    *(wrong(f"{kind}-empty", "", kind, "data", lambda _: {}) for kind in KINDS),
    *(wrong(f"{kind}-of-words", "", kind, "data", words) for kind in KINDS),
    *(wrong(f"{kind}-a-list", "", kind, "data", lambda data: [data]) for kind in KINDS),
]

# Those that alone make the checks go another way. To measure the others would find no more, and takes thrice as long.
REACHING = {"Auth-empty", "Heartbeat-empty", "Error-empty"}
SERVERS = [pytest.param(d, id=d.name, marks=() if d.name in REACHING else pytest.mark.no_cover) for d in NONSENSE]


@pytest.mark.parametrize("nonsense", SERVERS)
def test_no_check_stumbles_over_nonsense(nonsense):
    report = rehearse(SKYBIT, nonsense.apply(MOCK), Options(TALK))
    assert report.broken == []
    assert report.of("failed")


@cache
def defects():
    return {d.name: d for d in defects_in("harness.protocols.skybit.defects")}


@pytest.mark.parametrize("name", TELLING)
def test_a_defect_is_told_from_all_others(name):
    defect = defects()[name]
    proof = prove(SKYBIT, MOCK, defect, whole=True)
    assert proof.holds
    assert set(proof.others) == set(defect.also)


# Conversations -----------------------------------------------------------------------------------


def an_evening():
    """All that a client can say, and what our mock answers."""

    async def play():
        clock, loop = Clock(), asyncio.get_running_loop()
        wall_s = lambda: clock.wall_s(loop.time())  # noqa: E731
        profile = SKYBIT.demo_profile("ws://mock/artifact/v1", random.Random(1))
        lab = SkybitLab(MemoryOpener(House({"skybit": MOCK}, wall_s)), profile, random.Random(1), wall_s)
        trader = await lab.trader()
        await trader.say("Subscribe", channels=[{"type": "quotes", "symbols": ["AAPL"]}])
        await trader.order()
        await trader.order("Buy 2 shares of AAPL at market")
        await trader.say("Cancel", target="preview", preview_id="prev-000000")
        await trader.stay(100)
        await trader.say("Unsubscribe", channels=["quotes"])
        await lab.close()
        return trader.conversation

    return run_virtual(play())


EVENING = an_evening()


def outcomes(conversation):
    return [on_conversation(SKYBIT, check, conversation) for check in INVARIANTS]


def test_no_check_of_a_record_accuses_our_mock_or_our_own_client_of_an_evening():
    accused = {o.id: str(o.finding.violation) for o in outcomes(EVENING) if o.finding is not None}
    # The Cancel of a preview that never was.
    assert set(accused) == {"SKY-CLIENT-24", "SKY-CLIENT-38"}


@pytest.mark.parametrize("kept", [0, 1, 5, 40])
def test_the_end_of_a_long_record_alone_accuses_nobody(kept):
    record = Conversation(limit=kept)
    for entry in EVENING.entries:
        record.note(entry.at_s, entry.sender, entry.frame)
    assert [str(o.finding.violation) for o in outcomes(record) if o.finding is not None] == []


def test_a_connection_without_a_word_accuses_nobody():
    assert {o.kind for o in outcomes(Conversation())} == {Kind.HELD}


def test_who_subscribes_to_all_quotes_may_get_any():
    record = Conversation()
    subscribe = {"type": "Subscribe", "data": {"channels": [{"type": "quotes", "all": True}]}}
    quote = {"type": "MarketData", "data": {"symbol": "MSFT"}}
    record.note(0.0, "client", Frame(Opcode.TEXT, encode(subscribe)))
    record.note(1.0, "server", Frame(Opcode.TEXT, encode(quote)))
    (check,) = (c for c in INVARIANTS if c.id == "SKY-SUB-02")
    assert on_conversation(SKYBIT, check, record).finding is None


def spoilt(message):
    """The message with each of its members, and of its data, made something else in turn."""
    for name in message:
        for value in (None, 5, "AAPL", [], [[]], {}, [{}]):
            yield {**message, name: value}
    for name in message["data"] if isinstance(message["data"], dict) else ():
        for value in (None, 5, "AAPL", [], [[]], [5], {}, [{}], [{"type": "quotes", "symbols": 5}]):
            yield {**message, "data": {**message["data"], name: value}}


KINDS_SENT = ("Auth", "Subscribe", "Chat", "Approve", "Cancel", "Heartbeat", "Unsubscribe")


@pytest.mark.parametrize("kind", KINDS_SENT)
def test_no_check_stumbles_over_a_clients_nonsense(kind):
    entries = list(EVENING.entries)
    at = next(n for n, e in enumerate(entries) if e.sender == "client" and e.message and e.message["type"] == kind)
    for message in spoilt(entries[at].message):
        record = Conversation()
        for entry in (*entries[: at + 3], *entries[-3:]):
            frame = Frame(Opcode.TEXT, encode(message)) if entry is entries[at] else entry.frame
            record.note(entry.at_s, entry.sender, frame)
        assert [o.reason for o in outcomes(record) if o.kind is Kind.BROKEN] == []
