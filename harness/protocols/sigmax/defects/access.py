"""Broken servers, at the door."""

from __future__ import annotations

from harness.core.defect import in_session
from harness.core.session import Close, Effects, Send
from harness.protocols.sigmax.errors import Refusal
from harness.protocols.sigmax.session import SigmaxSession, State


@in_session("SIG-AUTH-01")
class TakesNoKey(SigmaxSession):
    """Where a key is wanted, refuses every key."""

    def opened(self, now: float) -> Effects:
        if self.world.facts.api_key:
            return self.turn_away("AUTHENTICATION_FAILED", "No", 1008, now)
        return super().opened(now)


@in_session("SIG-AUTH-02")
class CallsAWrongKeyAnError(SigmaxSession):
    """Refuses a wrong key by MESSAGE_PROCESSING_ERROR."""

    def turn_away(self, code: str, details: str, close_code: int, now: float) -> Effects:
        renamed = "MESSAGE_PROCESSING_ERROR" if code == "AUTHENTICATION_FAILED" else code
        return super().turn_away(renamed, details, close_code, now)


@in_session("SIG-AUTH-02", also=("SIG-AUTH-03",))
class TakesEveryKey(SigmaxSession):
    """Looks at no key."""

    def turn_away(self, code: str, details: str, close_code: int, now: float) -> Effects:
        if code == "AUTHENTICATION_FAILED":
            return (self.say("connected", self.greeting(), now),)
        return super().turn_away(code, details, close_code, now)


@in_session("SIG-AUTH-03")
class ServesThoseItRefused(SigmaxSession):
    """Says AUTHENTICATION_FAILED, and serves the client all the same."""

    def turn_away(self, code: str, details: str, close_code: int, now: float) -> Effects:
        effects = [each for each in super().turn_away(code, details, close_code, now) if not isinstance(each, Close)]
        if code == "AUTHENTICATION_FAILED":
            self.state = State.OPEN
            return effects
        return [*effects, Close(close_code, code)]


@in_session("SIG-LIM-01")
class CallsAFullServerAnError(SigmaxSession):
    """Turns a connection too many away by MESSAGE_PROCESSING_ERROR."""

    def turn_away(self, code: str, details: str, close_code: int, now: float) -> Effects:
        renamed = "MESSAGE_PROCESSING_ERROR" if code == "MAX_CONNECTIONS_EXCEEDED" else code
        return super().turn_away(renamed, details, close_code, now)


@in_session("SIG-LIM-02", also=("SIG-ERR-13",))
class ServesNobodyWhenFull(SigmaxSession):
    """Answers nobody as long as all places are taken."""

    def copy(self, message: dict[str, object], about: dict[str, object] | None = None) -> Send:
        full = len(self.world.connections) >= self.rules.max_connections
        if full and message["type"] == "pong":
            return super().copy(
                {**message, "type": "error", "data": Refusal("MAX_CONNECTIONS_EXCEEDED", "Full").data}, about
            )
        return super().copy(message, about)


@in_session("SIG-LIM-03")
class GivesNoPlaceBack(SigmaxSession):
    """Goes on counting connections that are gone."""

    def closed(self, now: float) -> None:
        taken = set(self.world.connections)
        super().closed(now)
        self.world.connections |= taken
