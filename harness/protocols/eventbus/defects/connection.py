"""Broken servers, at connections and at what listeners do to each other."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from harness.core.change import kept, nth
from harness.core.defect import in_protocol, in_session, on_frame, on_message
from harness.core.message import Frame, Message, Opcode, Problem
from harness.core.session import Close, Effects, HangUp, Send, SendRaw, Session
from harness.protocols.eventbus import PROTOCOL
from harness.protocols.eventbus.bus import CHANNELS
from harness.protocols.eventbus.session import EventBusSession

IDLE_S = 30.0


def _without(channel: str) -> tuple[str, ...]:
    return tuple(path for path in PROTOCOL.paths if not path.endswith(f"/{channel}"))


no_prediction, no_automation, no_training, no_hft = (
    in_protocol(f"no-{channel}", f"EVB-CONN-0{number}", f"Has no channel {channel}.", paths=_without(channel))
    for number, channel in enumerate(CHANNELS, start=1)
)


@on_frame("EVB-CONN-05", Opcode.PONG)
def empty_pongs(frame: Frame, session: Session[Any, Any], now: float) -> Frame:
    """Answers pings without their payload."""
    return Frame(Opcode.PONG, b"")


@in_session("EVB-CONN-06")
class EndsIdleConnections(EventBusSession):
    """Ends the connection of a client that has said nothing for 30 s."""

    def opened(self, now: float) -> Effects:
        self.after(IDLE_S, now, lambda then: (Close(1001, "idle"),))
        return super().opened(now)


class Company(EventBusSession):
    """A session that knows the others of its channel."""

    def opened(self, now: float) -> Effects:
        effects = super().opened(now)
        kept(self.world, self.channel)[self] = True
        return effects

    def others(self) -> list[Company]:
        """Those that are open."""
        return [each for each in kept(self.world, self.channel) if each is not self and not each.ended]

    def closed(self, now: float) -> None:
        super().closed(now)
        kept(self.world, self.channel).pop(self, None)


TOGETHER = (
    "EVB-CONN-05",
    "EVB-CONN-07",
    "EVB-CONN-08",
    "EVB-CONN-09",
    "EVB-CONN-10",
    "EVB-CONN-12",
    "EVB-CONN-13",
    "EVB-CONN-14",
    "EVB-CONN-15",
    "EVB-ENV-12",
    "EVB-ENV-13",
)


@in_session("EVB-CONN-07", also=("EVB-CONN-06", *TOGETHER))
class OneListenerAtATime(Company):
    """Ends the connection of the listener before, when another one comes to a channel."""

    def opened(self, now: float) -> Effects:
        for other in self.others():
            other.perform(lambda then: (Close(1001, "replaced"),), now)
        return super().opened(now)


@in_session(
    "EVB-CONN-08", also=("EVB-CONN-09", "EVB-CONN-13", "EVB-CONN-14", "EVB-CONN-19", "EVB-PRED-36", "EVB-PRED-37")
)
class SharesEventsOut(Company):
    """Gives each event to one listener only, as a queue with several consumers does."""

    def noticed(self, topic: str, event: Any, now: float) -> Effects:
        everyone = list(kept(self.world, self.channel))
        return (Send(event),) if everyone.index(self) == event["id"] % len(everyone) else ()


OUT_OF_ORDER = (
    *("EVB-AUTO-14", "EVB-HFT-33", "EVB-PRED-35", "EVB-PRED-38", "EVB-TRAIN-18"),
    *("EVB-AUTO-10", "EVB-AUTO-12", "EVB-CONN-08", "EVB-CONN-13", "EVB-CONN-14", "EVB-ENV-08", "EVB-ENV-11"),
    *("EVB-HFT-25", "EVB-HFT-26", "EVB-HFT-27", "EVB-PRED-33", "EVB-PRED-36", "EVB-PRED-37"),
    *("EVB-TRAIN-14", "EVB-TRAIN-16", "EVB-TRAIN-19"),
)


@on_message("EVB-CONN-09", also=OUT_OF_ORDER)
def swaps_for_each_client(event: Message, session: EventBusSession, now: float) -> Iterable[Message]:
    """Sends events in pairs, the second one first for some clients."""
    waiting = kept(session, "waiting")
    if "event" not in waiting:
        waiting["event"] = event
        return ()
    pair = (waiting.pop("event"), event)
    return pair if session.context.chance.random() < 0.5 else pair[::-1]


@in_session("EVB-CONN-10", also=("EVB-CONN-06", *TOGETHER))
class EndsAllWhenOneTalks(Company):
    """Ends all other connections of the channel when a client says something."""

    def refused(self, problem: Problem, now: float) -> Effects:
        for other in self.others():
            other.perform(lambda then: (Close(1011, "internal error"),), now)
        return super().refused(problem, now)


@in_session("EVB-CONN-11", also=("EVB-CONN-09", "EVB-ENV-02", "EVB-ENV-03", "EVB-ENV-04", "EVB-ENV-05", "EVB-ENV-09"))
class PassesOnWhatClientsSay(Company):
    """Tells others who wants to subscribe."""

    def refused(self, problem: Problem, now: float) -> Effects:
        if (problem.message or {}).get("type") == "subscribe":
            said = json.dumps(problem.message).encode()
            for other in self.others():
                other.perform(lambda then: (SendRaw(said),), now)
        return ()


@in_session("EVB-CONN-12", also=("EVB-CONN-19",))
class EndsWhoTalks(EventBusSession):
    """Cuts the connection of a client that says something."""

    def refused(self, problem: Problem, now: float) -> Effects:
        return (HangUp(),)


@in_session("EVB-CONN-13", also=("EVB-CONN-19",))
class DeafensWhoTalks(EventBusSession):
    """Sends no more events to a client that has said something."""

    def refused(self, problem: Problem, now: float) -> Effects:
        self.context.topics.leave_all(self)
        return ()


@in_session("EVB-CONN-14", also=("EVB-CONN-06", *TOGETHER))
class EndsAllWhenOneLeaves(Company):
    """Ends all connections of the channel when one is lost."""

    def closed(self, now: float) -> None:
        super().closed(now)
        for other in self.others():
            other.perform(lambda then: (Close(1011, "internal error"),), now)


@in_session("EVB-CONN-14", also=("EVB-CONN-07", "EVB-CONN-08"))
class DeafensAllWhenOneLeaves(Company):
    """Sends no more events to the others of the channel when one connection is lost."""

    def closed(self, now: float) -> None:
        super().closed(now)
        for other in self.others():
            self.context.topics.leave_all(other)


@in_session("EVB-CONN-15", also=("EVB-CONN-06", *TOGETHER))
class NoWayBack(Company):
    """Turns away who comes to a channel after anyone has left it."""

    def opened(self, now: float) -> Effects:
        effects = super().opened(now)
        return (Close(1008, "gone is gone"),) if nth(self.world, self.channel) > 2 and not self.others() else effects
