"""Servers that read the spec in another way than our mock, and are right as well: no check may fail one of them."""

import asyncio
import random
from dataclasses import replace

import pytest

from harness import protocols
from harness.conformance import suite
from harness.conformance.memory import MemoryOpener
from harness.conformance.peer import Answer
from harness.conformance.profile import Profile
from harness.conformance.rehearsal import rehearse
from harness.conformance.runner import run
from harness.core.clock import Clock, run_virtual
from harness.core.defect import in_protocol, in_session, on_message
from harness.core.message import merged
from harness.core.session import Close, Send
from harness.protocols.megabot.credentials import new_token
from harness.protocols.megabot.errors import Refusal
from harness.protocols.megabot.session import MegabotSession
from harness.scenario.house import House

MEGABOT = suite.load("megabot")
MOCK = protocols.load("megabot")


@on_message("")
def members_of_its_own(message, session, now):
    """Adds members that the spec does not name."""
    return merged(message, {"node": 7, "payload.trace": {"hop": 1}, "metadata.region": "eu"})


def _all_times(message, change):
    result = {**message, "timestamp": change(message["timestamp"])}
    if message["type"] == "chat_receive":
        result = merged(result, {"payload.timestamp": change(message["payload"]["timestamp"])})
    return result


@on_message("")
def milliseconds(message, session, now):
    """Tells the time in milliseconds."""
    return _all_times(message, lambda seconds: seconds * 1000 + 123)


@on_message("")
def fractions_of_seconds(message, session, now):
    """Tells the time in seconds with fractions."""
    return _all_times(message, lambda seconds: seconds + 0.25)


@on_message("")
def no_metadata(message, session, now):
    """Sends no metadata."""
    return {name: value for name, value in message.items() if name != "metadata"}


@on_message("", "chat_stream")
def no_chat_stream(message, session, now):
    """Sends whole replies alone."""
    return


@on_message("", "chat_receive")
def no_chat_receive(message, session, now):
    """Sends pieces of replies alone."""
    return


@on_message("", "chat_stream")
def empty_last_chunk(message, session, now):
    """Says in a chunk of its own that a reply is complete."""
    if not message["payload"]["is_complete"]:
        return message
    number = message["payload"]["sequence"]
    last = {"chunk": "", "is_complete": True, "sequence": number + 1}
    own = {**message, "id": session.world.number("msg"), "payload": last}
    return merged(message, {"payload.is_complete": False}), own


@on_message("", "chat_stream")
def one_id_for_a_stream(message, session, now):
    """Gives all chunks of a reply the same id, as the sample client wants it."""
    return {**message, "id": message["metadata"]["stream_id"]}


@on_message("", "chat_receive")
def trimmed(message, session, now):
    """Trims the whole reply."""
    return merged(message, {"payload.content": f" {message['payload']['content']}\n"})


@on_message("", "connection_error")
def errors_by_another_name(message, session, now):
    """Sends errors of type `error`, but for credentials."""
    if message["payload"]["code"] == 401:
        return message
    return {**message, "type": "error", "payload": {"reason": message["payload"]["message"]}}


@on_message("", "connection_error")
def errors_about_credentials_by_another_name(message, session, now):
    """Sends all errors of type `auth_error`, with the code."""
    return {**message, "type": "auth_error", "payload": {"code": message["payload"]["code"]}}


@on_message("", "status_update", "notification")
def neither_updates_nor_news(message, session, now):
    """Tells of no progress and no news."""
    return


@on_message("", "notification")
def news_of_a_line(message, session, now):
    """Sends notifications that lead nowhere."""
    payload = {k: v for k, v in message["payload"].items() if k in ("type", "title", "message")}
    return {**message, "payload": payload}


@in_session("")
class KeepsThoseItRefused(MegabotSession):
    """Says 401, serves nothing, and keeps the connection."""

    def turn_away(self, refusal, now):
        return self.refuse(refusal, None, now)


@in_session("")
class RefusesWithoutAWord(MegabotSession):
    """Closes on bad credentials without an error."""

    def turn_away(self, refusal, now):
        return (Close(4401),)


@in_session("")
class DropsInSilence(MegabotSession):
    """Says nothing of what is too much, or of what strangers do."""

    def refuse(self, refusal, about, now):
        silent = refusal.slug in ("rate_limit_exceeded", "not_a_participant")
        return () if silent else super().refuse(refusal, about, now)


@in_session("")
class EndsForFloods(MegabotSession):
    """Ends a connection that sends too much."""

    def refuse(self, refusal, about, now):
        ends = refusal.slug == "rate_limit_exceeded"
        return (Close(1008),) if ends else super().refuse(refusal, about, now)


@in_session("")
class CountsWhatIsInABatch(MegabotSession):
    """Counts each message of a batch by itself."""

    def batch(self, message, now):
        messages = message["payload"]["messages"]
        if not all([True, *(self.bucket.allows(now) for _ in messages[1:])]):
            raise Refusal("rate_limit_exceeded", "Too many messages")
        return super().batch(message, now)


@in_session("")
class Echoes(MegabotSession):
    """Tells authors of their own actions, too."""

    def noticed(self, topic, event, now):
        return (Send(getattr(event, "message", event)),)


@in_session("")
class ConfirmsJoining(MegabotSession):
    """Confirms that a client has joined."""

    def session_join(self, message, now):
        super().session_join(message, now)
        return (self.say("session_joined", {"session_id": message["payload"]["session_id"]}, now),)


@in_session("")
class EndsForNonsense(MegabotSession):
    """Ends a connection that sends what is no good message."""

    def refused(self, problem, now):
        return (Close(1007),)


@in_session("")
class EndsForSize(MegabotSession):
    """Ends a connection that sends too much at once, without an error."""

    def oversized(self, now):
        return (Close(1009),)


@in_session("")
class NoSuchTool(MegabotSession):
    """Answers a call of an unknown tool by an error."""

    def result(self, run, message, now):
        if run.output.startswith("Unknown tool"):
            raise Refusal("invalid_message", run.output)
        return super().result(run, message, now)


@in_session("")
class AsksForCapabilitiesLess(MegabotSession):
    """Has no capabilities to tell."""

    def greeting(self):
        return {**super().greeting(), "capabilities": []}


LAWFUL = [
    members_of_its_own,
    milliseconds,
    fractions_of_seconds,
    no_metadata,
    no_chat_stream,
    no_chat_receive,
    empty_last_chunk,
    one_id_for_a_stream,
    trimmed,
    errors_by_another_name,
    errors_about_credentials_by_another_name,
    neither_updates_nor_news,
    news_of_a_line,
    KeepsThoseItRefused,
    RefusesWithoutAWord,
    DropsInSilence,
    EndsForFloods,
    CountsWhatIsInABatch,
    Echoes,
    ConfirmsJoining,
    EndsForNonsense,
    EndsForSize,
    NoSuchTool,
    AsksForCapabilitiesLess,
    in_protocol("a-million-bytes", "", "Takes the megabyte for a million bytes.", max_message_bytes=1_000_000),
    in_protocol("thinks", "", "Thinks for long.", facts=replace(MOCK.facts, think_s=15.0, chunk_every_s=0.5)),
    in_protocol("no-deflate", "", "Does not compress.", deflate=False),
]


def failed(report):
    assert report.broken == []
    return [(v.id, v.reason) for v in report.of("failed")]


@pytest.mark.parametrize("server", LAWFUL, ids=lambda server: server.name)
def test_a_lawful_server_fails_no_check(server):
    assert failed(rehearse(MEGABOT, server.apply(MOCK))) == []


class Doorkeeper(MemoryOpener):
    """A server that looks at credentials before the upgrade, and refuses bad ones with a status."""

    status = 401

    async def open(self, offer, peer):
        answer, channel = await super().open(offer, peer)
        await asyncio.sleep(0.01)
        messages = [m for m in peer.conversation.received("connection_error") if m["payload"]["code"] == 401]
        if not messages:
            return answer, channel
        peer.conversation.entries.clear()
        return Answer(self.status), None


def judged(opener_type, profile):
    async def play():
        clock, loop = Clock(), asyncio.get_running_loop()
        opener = opener_type(House({"megabot": MOCK}, lambda: clock.wall_s(loop.time())))
        return await run(MEGABOT, profile, opener, lambda: clock.wall_s(loop.time()))

    return run_virtual(play())


@pytest.mark.parametrize("status", [401, 403])
def test_bad_credentials_may_be_refused_in_the_handshake(status, monkeypatch, demo):
    monkeypatch.setattr(Doorkeeper, "status", status)
    profile = replace(demo(MEGABOT), side_by_side=1000)
    report = judged(Doorkeeper, profile)
    assert failed(report) == []
    assert report["MEG-AUTH-18"].verdict == "passed"
    assert report["MEG-AUTH-21"].reason == "the handshake itself is refused"


def test_a_server_that_wants_credentials_has_them_in_the_target():
    facts = replace(MOCK.facts, credentials="required")
    token = new_token("user", 1_000_000_000, 900_000_000)
    profile = Profile(
        f"ws://mock/ws?token={token}",
        credentials={"username": "user", "password": "pass"},
        capabilities={"anonymous": False, "api_keys": False},
    )
    report = rehearse(MEGABOT, replace(MOCK, facts=facts), profile=profile)
    assert failed(report) == []


def test_without_credentials_the_login_is_not_observed():
    report = rehearse(MEGABOT, MOCK, profile=Profile("ws://mock/ws"))
    assert failed(report) == []
    reasons = {v.reason for v in report.of("not-observed")}
    assert "the profile has no credentials.username" in reasons
    assert "the profile has no expired_token" in reasons


def test_a_token_of_the_profile_stands_in_for_the_login():
    token = new_token("user", 1_000_000_000, 900_000_000)
    report = rehearse(MEGABOT, MOCK, profile=Profile("ws://mock/ws", (token,)))
    assert failed(report) == []
    assert report["MEG-AUTH-07"].verdict == "passed"


def test_the_demo_profile_names_what_the_mock_accepts():
    profile = MEGABOT.demo_profile("ws://mock/ws", random.Random(1))
    assert profile.credentials["api_key"] in MOCK.facts.api_keys
    assert MOCK.facts.users[profile.credentials["username"]] == profile.credentials["password"]
