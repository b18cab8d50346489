"""Broken servers, at the connection."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.core.defect import in_session, on_message
from harness.core.message import Message
from harness.core.session import Effects, HangUp, Session
from harness.protocols.sigmax.session import SigmaxSession


@in_session("SIG-CONN-01", also=("SIG-HB-04", "SIG-HB-06"))
class HangsUpOnHesitation(SigmaxSession):
    """Cuts a connection whose client says nothing in the first half second."""

    def opened(self, now: float) -> Effects:
        self.when_idle(0.5, now, lambda then: (HangUp(),) if self.heard_at == now else ())
        return super().opened(now)


@on_message("SIG-CONN-02", "connected", also=("SIG-AUTH-01", "SIG-LIM-01"))
def greets_nobody(message: Message, session: Session[Any, Any], now: float) -> None:
    """Says nothing when a client connects."""


@in_session("SIG-CONN-03")
class PingsBeforeItGreets(SigmaxSession):
    """Sends a ping before the greeting."""

    def opened(self, now: float) -> Effects:
        return (self.say("ping", {}, now), *super().opened(now))


@on_message("SIG-CONN-04", "connected")
def greets_twice(message: Message, session: Session[Any, Any], now: float) -> Iterable[Message]:
    """Greets each client twice."""
    return message, message


@on_message("SIG-CONN-05", "connected")
def greets_the_nameless(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives no connection_id in the greeting."""
    return {"type": "connected", "data": {}, "timestamp": message["timestamp"]}


@in_session("SIG-CONN-06")
class GivesOneIdToAll(SigmaxSession):
    """Gives every connection the same id."""

    def opened(self, now: float) -> Effects:
        self.id = "conn-uuid"
        return super().opened(now)


@in_session("SIG-CONN-07", also=("SIG-TIME-01",))
class TakesTheOthersAlong(SigmaxSession):
    """When a subscriber of the market is lost, the others hear no more of it."""

    told = False

    def opened(self, now: float) -> Effects:
        self.all: list[SigmaxSession] = vars(self.world).setdefault("all", [])
        self.all.append(self)
        return super().opened(now)

    def closed(self, now: float) -> None:
        for each in self.all:
            if each.channels == self.channels == ["market"] and vars(each).get("told"):
                self.context.topics.leave_all(each)
        super().closed(now)

    def noticed(self, topic: str, event: Any, now: float) -> Effects:
        self.told = True
        return super().noticed(topic, event, now)
