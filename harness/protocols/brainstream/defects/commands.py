"""Broken servers, at what clients send."""

from __future__ import annotations

from harness.core.defect import in_session
from harness.core.message import Message
from harness.core.session import Close, Effects, HangUp, Send
from harness.protocols.brainstream.session import BrainStreamSession

IDLE_S = 45.0


@in_session("BRA-CMD-01", also=("BRA-PKT-02", "BRA-CMD-03"))
class SaysPong(BrainStreamSession):
    """Answers PING by PONG."""

    def keep(self, message: Message, now: float) -> Effects:
        return (Send({"type": "PONG"}),)


@in_session("BRA-CMD-01", also=("BRA-STREAM-01", "BRA-STREAM-03"))
class SendsThePresentState(BrainStreamSession):
    """Answers PING by the present state."""

    def keep(self, message: Message, now: float) -> Effects:
        return (Send(self.world.packet("TELEMETRY")),)


@in_session("BRA-CMD-02", also=("BRA-CMD-03",))
class TakesPingForGoodbye(BrainStreamSession):
    """Ends the connection at PING."""

    def keep(self, message: Message, now: float) -> Effects:
        return (Close(1000),)


@in_session("BRA-CMD-02", also=("BRA-CMD-03", "BRA-STREAM-02"))
class FallsSilentAtPing(BrainStreamSession):
    """Sends nothing more after PING."""

    def keep(self, message: Message, now: float) -> Effects:
        self.context.topics.leave_all(self)
        return ()


@in_session("BRA-CMD-03")
class StrictAboutPing(BrainStreamSession):
    """Ends the connection at a PING that has more members."""

    def keep(self, message: Message, now: float) -> Effects:
        return (Close(1008),) if len(message) > 1 else ()


@in_session("BRA-CMD-04", also=("BRA-PKT-02",))
class ConfirmsSubscribe(BrainStreamSession):
    """Answers SUBSCRIBE."""

    def subscribe(self, message: Message, now: float) -> Effects:
        return (Send({"type": "SUBSCRIBED", "symbol": message["symbol"]}),)


@in_session("BRA-CMD-05")
class EndsAtSubscribe(BrainStreamSession):
    """Ends the connection at SUBSCRIBE."""

    def subscribe(self, message: Message, now: float) -> Effects:
        return (Close(1003, "not implemented"),)


@in_session("BRA-CMD-06")
class ServesSubscribe(BrainStreamSession):
    """Changes the symbol of all clients at SUBSCRIBE."""

    def subscribe(self, message: Message, now: float) -> Effects:
        self.world.subscribe(message["symbol"], now)
        return ()


@in_session("BRA-CMD-07", also=("BRA-PKT-02",))
class RefusesHalt(BrainStreamSession):
    """Answers HALT by an error."""

    def halt(self, message: Message, now: float) -> Effects:
        return (Send({"type": "ERROR", "message": "not implemented"}),)


@in_session("BRA-CMD-08")
class EndsAtHalt(BrainStreamSession):
    """Cuts the connection at HALT."""

    def halt(self, message: Message, now: float) -> Effects:
        return (HangUp(),)


@in_session("BRA-CMD-09")
class ServesHalt(BrainStreamSession):
    """Stops the engine at HALT."""

    def halt(self, message: Message, now: float) -> Effects:
        self.world.halt(now)
        return ()


@in_session("BRA-CMD-10")
class WantsToHear(BrainStreamSession):
    """Ends a connection whose client says nothing for 45 s."""

    def opened(self, now: float) -> Effects:
        self.heard_at = now
        self.when_idle(IDLE_S, now, lambda then: (Close(1000, "idle"),))
        return super().opened(now)
