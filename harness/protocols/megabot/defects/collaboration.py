"""Broken servers, in workspaces, batches and limits."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

from harness.core.defect import in_protocol, in_rules, in_session, in_world, on_message
from harness.core.edits import lacking
from harness.core.limits import Rate
from harness.core.message import Message, Problem, merged
from harness.core.session import Effects, Receive, Send, Session
from harness.core.topics import Listener
from harness.protocols.megabot.defects.edits import copied
from harness.protocols.megabot.session import MegabotSession
from harness.protocols.megabot.world import Action, MegabotWorld

ACTION = "collaborative_action"
ONE_BY_ONE = ("MEG-COLL-08", "MEG-RATE-01", "MEG-BATCH-03")


@in_session("MEG-COLL-01", also=("MEG-COLL-07",))
class PassesNothingOn(MegabotSession):
    """Passes no cursor on; other actions it does."""

    def collaborative_action(self, message: Message, now: float) -> Effects:
        payload = message["payload"]
        is_first = payload["action"] == "cursor_move" and payload.get("data") == {"position": {"line": 1}}
        return () if is_first else super().collaborative_action(message, now)


@on_message("MEG-COLL-02", ACTION)
def drops_what_it_does_not_know(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Passes of the data only the position on, and a few others."""
    data = {k: v for k, v in message["payload"]["data"].items() if k != "ranges"}
    return merged(message, {"payload.data": data})


@on_message("MEG-COLL-03", ACTION, also=("MEG-COLL-04", "MEG-COLL-07"))
def names_who_listens(message: Message, session: Any, now: float) -> Message:
    """Names the listener as the author."""
    return merged(message, {"payload.user_id": session.own.user_id})


@in_session("MEG-COLL-04")
class BelievesTheAuthor(MegabotSession):
    """Passes a user_id on that the author claims."""

    def collaborative_action(self, message: Message, now: float) -> Effects:
        payload = message["payload"]
        if "user_id" not in payload:
            return super().collaborative_action(message, now)
        self.world.act(self, payload, now)
        return ()


@in_world("MEG-COLL-05")
class OneWorkspaceForAll(MegabotWorld):
    """Tells all users of a team of an action in any workspace."""

    def act(self, author: Listener | None, payload: dict[str, Any], now: float) -> None:
        super().act(author, payload, now)
        team = payload["user_id"].rpartition("-")[0]
        for session in self.sessions.by_id.values():
            if session.user_id.startswith(team) and payload["session_id"] not in session.joined:
                self.tell(f"workspace/{session.id}", Action(author, self.message(ACTION, payload, now)), now)


@in_session("MEG-COLL-06")
class HearsStrangers(MegabotSession):
    """Passes on what a client does that has not joined."""

    def collaborative_action(self, message: Message, now: float) -> Effects:
        self.world.act(self, {**message["payload"], "user_id": self.own.user_id}, now)
        return ()


@in_session("MEG-COLL-07")
class DifferentForEach(MegabotSession):
    """Tells the third of a team of other data than the second."""

    def noticed(self, topic: str, event: Any, now: float) -> Effects:
        effects = super().noticed(topic, event, now)
        if not self.own.user_id.endswith("-3"):
            return effects
        return [Send(merged(e.message, {"payload.data": {}})) if isinstance(e, Send) else e for e in effects]


@on_message("MEG-COLL-08", ACTION, also=("MEG-RATE-01", "MEG-BATCH-03"))
def every_second_first(message: Message, session: Session[Any, Any], now: float) -> Iterable[Message]:
    """Holds an action with an even number back until the next."""
    number = message["payload"]["data"].get("number")
    if number is None:
        return (message,)
    held = vars(session).pop("held", None)
    if held is None and number % 2 == 0:
        vars(session)["held"] = message
        return ()
    return (message,) if held is None else (message, held)


@on_message("MEG-COLL-09", ACTION, also=(*ONE_BY_ONE, "MEG-COLL-02", "MEG-RATE-04", "MEG-RATE-05"))
def actions_twice(message: Message, session: Session[Any, Any], now: float) -> Iterable[Message]:
    """Tells of each action twice."""
    return message, copied(message, session)


@in_session("MEG-COLL-10")
class OneLeavesAllLeave(MegabotSession):
    """Ends a workspace when one of its participants leaves."""

    def closed(self, now: float) -> None:
        for name in list(self.kept.joined if self.kept else ()):
            for session in self.world.sessions.by_id.values():
                session.joined.pop(name, None)
        super().closed(now)


no_action = lacking("no-action", "MEG-COLL-11", ACTION, "payload.action", also=("MEG-COLL-01",))
no_author = lacking("no-author", "MEG-COLL-12", ACTION, "payload.user_id", also=("MEG-COLL-03", "MEG-COLL-04"))


# Batches -----------------------------------------------------------------------------------------


class Batches(MegabotSession):
    """Takes batches in its own way."""

    @abstractmethod
    def taken(self, messages: list[Message]) -> list[Message]:
        """The messages that are taken."""

    def batch(self, message: Message, now: float) -> Effects:
        return [Receive(each) for each in self.taken(message["payload"]["messages"])]


@in_session("MEG-BATCH-01", also=("MEG-BATCH-02", "MEG-BATCH-03"))
class OnlyTheFirst(Batches):
    """Takes the first message of a batch alone."""

    def taken(self, messages: list[Message]) -> list[Message]:
        return messages[:1]


@in_session("MEG-BATCH-02")
class AllOfOneType(Batches):
    """Takes from a batch what is of the type of its first message."""

    def taken(self, messages: list[Message]) -> list[Message]:
        return [each for each in messages if each["type"] == messages[0]["type"]]


@in_session("MEG-BATCH-03")
class LastFirst(Batches):
    """Takes the messages of a batch from the last to the first."""

    def taken(self, messages: list[Message]) -> list[Message]:
        return messages[::-1]


# Limits ------------------------------------------------------------------------------------------

five_a_second = in_rules("five-a-second", "MEG-RATE-01", "Allows half as many.", messages=Rate(5, 1.0))
no_limit = in_rules("no-limit", "MEG-RATE-02", "Allows bursts of any size.", messages=Rate(10_000, 1.0))


@in_session("MEG-RATE-03")
class NeverForgives(MegabotSession):
    """Hears nothing more of a client that was too fast."""

    deaf = False

    def arrived(self, message: Message | Problem, now: float) -> Effects | None:
        refused = super().arrived(message, now)
        self.deaf = self.deaf or refused is not None
        return () if self.deaf else None


half_a_megabyte = in_protocol(
    "half-a-megabyte", "MEG-RATE-04", "Refuses messages that are big but allowed.", max_message_bytes=500_000
)
any_size = in_protocol("any-size", "MEG-RATE-05", "Takes messages of any size.", max_message_bytes=16_000_000)
