"""Broken servers, at pings, questions and commands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.core.defect import in_session, on_message
from harness.core.message import Message, merged
from harness.core.session import Effects, Session
from harness.protocols.sigmax.errors import cannot
from harness.protocols.sigmax.session import SigmaxSession


@in_session("SIG-REQ-01", also=("SIG-ERR-13",))
class WantsDataInPings(SigmaxSession):
    """Refuses a ping without data."""

    def ping(self, message: Message, now: float) -> Effects:
        if "data" not in message:
            raise cannot("data: expected an object, found nothing")
        return super().ping(message, now)


@on_message("SIG-REQ-02", "pong")
def answers_twice(message: Message, session: Session[Any, Any], now: float) -> Iterable[Message]:
    """Answers each ping twice."""
    return message, message


@in_session("SIG-REQ-03", also=("SIG-ERR-13",))
class WantsNoPongs(SigmaxSession):
    """Refuses a pong that it did not ask for."""

    def pong(self, message: Message, now: float) -> Effects:
        return (self.refuse(cannot("No ping waits for a pong"), message, now),) if "request_id" in message else ()


@in_session("SIG-REQ-04", also=("SIG-ERR-13",))
class WantsASubscription(SigmaxSession):
    """Refuses get_status without a subscription of the topic."""

    def get_status(self, message: Message, now: float) -> Effects:
        raise cannot("Subscribe to status first")


@on_message("SIG-REQ-05", "system_status")
def counts_only(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives a number for the status."""
    return merged(message, {"data.status": 1})


@in_session("SIG-REQ-06")
class SubscribesWhoAsks(SigmaxSession):
    """Who asks for the status goes on hearing of it."""

    def get_status(self, message: Message, now: float) -> Effects:
        self.listen("status")
        return super().get_status(message, now)


@in_session("SIG-REQ-07", also=("SIG-REQ-06", "SIG-SUB-18", "SIG-SUB-19", "SIG-SUB-23", "SIG-TIME-03"))
class TellsAllOfTheStatus(SigmaxSession):
    """Sends the answer to get_status to every client."""

    def opened(self, now: float) -> Effects:
        self.listen("asked")
        return super().opened(now)

    def get_status(self, message: Message, now: float) -> Effects:
        self.world.tell("asked", self.world.event("system_status", self.world.status_data(now), now), now)
        return ()


@in_session("SIG-REQ-08")
class SilentAboutCommands(SigmaxSession):
    """Says nothing to a command."""

    def command(self, message: Message, now: float) -> Effects:
        return ()


# Where the lists show what is active.
LISTED = ("SIG-ERR-12", "SIG-SUB-08", "SIG-SUB-09", "SIG-SUB-10", "SIG-SUB-15", "SIG-SUB-16")


@in_session("SIG-REQ-09", also=LISTED)
class ListsNothing(SigmaxSession):
    """Answers get_subscriptions by a count."""

    def get_subscriptions(self, message: Message, now: float) -> Effects:
        return (self.say("pong", {"subscriptions": 2}, now, message),)
