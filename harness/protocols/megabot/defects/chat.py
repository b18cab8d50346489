"""Broken servers, in chats and streams."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from harness.core.defect import in_rules, in_session, on_message
from harness.core.edits import lacking, wrong
from harness.core.message import Message, merged
from harness.core.session import Effects, Session
from harness.protocols.megabot.session import MegabotSession
from harness.protocols.megabot.streams import Stream


class Choosy(MegabotSession):
    """Does not answer some chats."""

    @abstractmethod
    def answers(self, message: Message) -> bool:
        """Whether it answers this one."""

    def chat_send(self, message: Message, now: float) -> Effects:
        return super().chat_send(message, now) if self.answers(message) else ()


UNANSWERED = (
    "MEG-BATCH-02",
    "MEG-RATE-03",
    "MEG-TOOL-11",
    "MEG-CHAT-02",
    "MEG-CHAT-03",
    "MEG-CHAT-17",
    "MEG-CHAT-19",
    "MEG-CHAT-20",
    "MEG-CHAT-21",
    "MEG-VAL-11",
)


@in_session("MEG-CHAT-01", also=UNANSWERED)
class NeverAnswers(Choosy):
    """Answers no chat."""

    def answers(self, message: Message) -> bool:
        return False


@in_session("MEG-CHAT-02")
class WantsTheTime(Choosy):
    """Answers no chat without a timestamp."""

    def answers(self, message: Message) -> bool:
        return "timestamp" in message


@in_session("MEG-CHAT-03")
class KnowsNoMilliseconds(Choosy):
    """Answers no chat from what it takes for the far future."""

    def answers(self, message: Message) -> bool:
        return bool(message.get("timestamp", 0) < 1e12)


no_content = wrong("pieces-of-content", "MEG-CHAT-04", "chat_receive", "payload.content", list, also=("MEG-CHAT-15",))
no_sender = lacking("nobody-speaks", "MEG-CHAT-05", "chat_receive", "payload.sender")
no_platform = lacking("from-nowhere", "MEG-CHAT-06", "chat_receive", "payload.platform")
no_inner_time = lacking("no-time-inside", "MEG-CHAT-07", "chat_receive", "payload.timestamp")
another_time = wrong("another-time-inside", "MEG-CHAT-08", "chat_receive", "payload.timestamp", lambda v: v - 3600)
no_chunk = lacking("content-for-chunk", "MEG-CHAT-09", "chat_stream", "payload.chunk", also=("MEG-CHAT-15",))
words_for_complete = wrong(
    "words-for-complete",
    "MEG-CHAT-10",
    "chat_stream",
    "payload.is_complete",
    lambda v: "true" if v else "false",
    also=("MEG-CHAT-14",),
)
texts_for_numbers = wrong(
    "texts-for-numbers", "MEG-CHAT-11", "chat_stream", "payload.sequence", str, also=("MEG-CHAT-12",)
)
counts_from_0 = wrong("counts-from-0", "MEG-CHAT-12", "chat_stream", "payload.sequence", lambda v: v - 1)
counts_by_2 = wrong("counts-by-2", "MEG-CHAT-13", "chat_stream", "payload.sequence", lambda v: 2 * v - 1)
always_more = wrong("always-more", "MEG-CHAT-14", "chat_stream", "payload.is_complete", lambda v: False)
in_capitals = wrong("in-capitals", "MEG-CHAT-15", "chat_receive", "payload.content", str.upper)


@on_message("MEG-CHAT-16", "chat_stream", "chat_receive", also=("MEG-CONN-11", "MEG-CONN-14", "MEG-CONN-15"))
def says_nothing(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Replies without a word."""
    name = "chunk" if message["type"] == "chat_stream" else "content"
    return merged(message, {f"payload.{name}": ""})


@in_session("MEG-CHAT-17")
class AnswersTwice(MegabotSession):
    """Answers twice what comes while a reply is being written."""

    def chat_send(self, message: Message, now: float) -> Effects:
        if self.chats:
            super().chat_send({**message, "id": f"{message['id']} again"}, now)
        return super().chat_send(message, now)


@in_session("MEG-CHAT-18")
class TellsEveryone(MegabotSession):
    """Sends the whole reply to the other users of a team as well."""

    def whole(self, content: str, now: float) -> dict[str, Any]:
        payload = super().whole(content, now)
        team = self.own.user_id.rpartition("-")[0]
        for session in self.world.sessions.by_id.values():
            if team and session is not self.own and session.user_id.startswith(team):
                self.world.topics.publish(f"workspace/{session.id}", _Told(self, payload), now)
        return payload

    def noticed(self, topic: str, event: Any, now: float) -> Effects:
        return (
            (self.say("chat_receive", event.payload, now),)
            if isinstance(event, _Told)
            else super().noticed(topic, event, now)
        )


class _Told:
    def __init__(self, author: MegabotSession, payload: dict[str, Any]) -> None:
        self.author, self.payload = author, payload


@in_session("MEG-CHAT-19")
class OnlyAscii(Choosy):
    """Answers no chat in other scripts than the Latin one."""

    def answers(self, message: Message) -> bool:
        return bool(message["payload"]["content"].isascii())


@in_session("MEG-CHAT-21")
class AnswersOnce(Choosy):
    """Answers no chat that comes when all others are answered."""

    answered = 0

    def answers(self, message: Message) -> bool:
        return self.answered < 2

    def write(self, stream: Stream, now: float) -> Effects:
        effects = super().write(stream, now)
        self.answered += stream.is_complete and not self.chats
        return effects


half_as_long = in_rules("half-as-long", "MEG-CHAT-20", "Refuses content that is long but allowed.", content_chars=9_000)
