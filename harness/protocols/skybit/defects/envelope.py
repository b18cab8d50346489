"""Broken servers, at the envelope."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.core.defect import in_session, on_frame, on_message
from harness.core.message import Frame, Message, Opcode, Problem
from harness.core.session import Context, Effects, Session
from harness.protocols.skybit.defects.breaking import copied, kind_of, overlooks
from harness.protocols.skybit.rules import Rules
from harness.protocols.skybit.session import SkybitSession
from harness.protocols.skybit.world import SkybitWorld

# What the server sends ---------------------------------------------------------------------------


@on_frame("SKY-ENV-01", Opcode.TEXT)
def speaks_binary(frame: Frame, session: Session[Any, Any], now: float) -> Frame:
    """Sends its messages in binary frames."""
    return Frame(Opcode.BINARY, frame.data)


@on_message("SKY-ENV-02", "Auth")
def says_welcome(message: Message, session: Session[Any, Any], now: float) -> Iterable[Message]:
    """Sends a message of a type of its own after the Auth confirmation."""
    return message, {**copied(message, session), "type": "Welcome"}


@on_message("SKY-ENV-03", "Auth")
def says_subscribe(message: Message, session: Session[Any, Any], now: float) -> Iterable[Message]:
    """Tells what it subscribed the client to, by a message that only clients send."""
    return message, {**copied(message, session), "type": "Subscribe", "data": {"channels": []}}


@on_message("SKY-ENV-04")
def ids_without_dashes(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Writes its ids as 32 digits."""
    return {**message, "id": message["id"].replace("-", "")}


@on_message("SKY-ENV-04")
def ids_of_version_1(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Makes its ids from the time."""
    id_ = message["id"]
    return {**message, "id": f"{id_[:14]}1{id_[15:]}"}


@on_message("SKY-ENV-05")
def one_id_for_all(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives all messages of a connection the same id."""
    return {**message, "id": vars(session).setdefault("first_id", message["id"])}


@in_session("SKY-ENV-06")
class AnswersUnderTheRequestsId(SkybitSession):
    """Gives its Heartbeat the id of the client's."""

    def heartbeat(self, message: Message, now: float) -> Effects:
        reply = self.say("Heartbeat", self.heartbeat_data(message["data"]["client_ts"], now), now)
        reply.message["id"] = message["id"]
        return (reply,)


@on_message("SKY-ENV-07")
def ts_in_seconds(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Tells the time as epoch seconds."""
    return {**message, "ts": int(session.context.clock.wall_s(now))}


@on_message("SKY-ENV-07")
def ts_without_zone(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Tells the time without its zone."""
    return {**message, "ts": message["ts"].removesuffix("Z")}


@on_message("SKY-ENV-08", "Error")
def no_session_before_auth(message: Message, session: SkybitSession, now: float) -> Message:
    """Leaves session null as long as there is none."""
    return message if session.account else {**message, "session": None}


@in_session("SKY-ENV-09")
class SessionsInShort(SkybitSession):
    """Names sessions by short words."""

    def __init__(self, context: Context[SkybitWorld, Rules]) -> None:
        super().__init__(context)
        self.id = f"session-{self.id[:8]}"


@on_message("SKY-ENV-10", "Heartbeat", "Plan", "Preview", "Status")
def a_session_for_each_message(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives each message a session of its own."""
    return {**message, "session": copied(message, session)["id"]}


@on_message("SKY-ENV-11", "Heartbeat", also=("SKY-HB-02",))
def data_in_a_list(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Wraps data in a list."""
    return {**message, "data": [message["data"]]}


# What is no message ------------------------------------------------------------------------------


def _lacks(name: str, problem: Problem) -> bool:
    return problem.where == name and name not in (problem.message or {name: 0})


def _has_bad(name: str, problem: Problem) -> bool:
    return problem.where == name and name in (problem.message or {})


silent_on_noise = overlooks(
    "silent-on-noise", "SKY-ENV-12", "Says nothing about text that is no JSON.", lambda p: "no JSON" in p.found
)
silent_on_lists = overlooks(
    "silent-on-lists", "SKY-ENV-13", "Says nothing about JSON that is no object.", lambda p: "JSON of type" in p.found
)
silent_without_type = overlooks(
    "silent-without-type", "SKY-ENV-14", "Says nothing about messages without type.", lambda p: _lacks("type", p)
)
silent_on_unknown_types = overlooks(
    "silent-on-unknown-types", "SKY-ENV-15", "Says nothing about unknown types.", lambda p: _has_bad("type", p)
)
silent_on_bad_data = overlooks(
    "silent-on-bad-data", "SKY-ENV-16", "Says nothing about data that is no object.", lambda p: _has_bad("data", p)
)
silent_without_data = overlooks(
    "silent-without-data", "SKY-ENV-17", "Says nothing about messages without data.", lambda p: _lacks("data", p)
)
silent_without_id = overlooks(
    "silent-without-id", "SKY-ENV-18", "Says nothing about messages without id.", lambda p: _lacks("id", p)
)
silent_on_bad_ids = overlooks(
    "silent-on-bad-ids", "SKY-ENV-19", "Says nothing about ids that are no UUIDs.", lambda p: _has_bad("id", p)
)
silent_without_ts = overlooks(
    "silent-without-ts", "SKY-ENV-20", "Says nothing about messages without ts.", lambda p: _lacks("ts", p)
)
silent_on_bad_ts = overlooks(
    "silent-on-bad-ts", "SKY-ENV-21", "Says nothing about a ts that is no timestamp.", lambda p: _has_bad("ts", p)
)
silent_without_session = overlooks(
    "silent-without-session", "SKY-ENV-22", "Says nothing about a missing session.", lambda p: _lacks("session", p)
)


@in_session("SKY-ENV-23")
class BlindToSessions(SkybitSession):
    """Serves messages whatever session they name."""

    def look_at_session(self, message: Message, now: float) -> None:
        super().look_at_session({**message, "session": self.id}, now)


@in_session("SKY-ENV-24")
class SendsPlansBack(SkybitSession):
    """Takes a Plan from a client, and says it back."""

    def refused(self, problem: Problem, now: float) -> Effects:
        if kind_of(problem) != "Plan" or problem.message is None:
            return super().refused(problem, now)
        return (self.say("Plan", problem.message["data"], now),)
