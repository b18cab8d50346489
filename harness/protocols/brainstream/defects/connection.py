"""Broken servers, at the connection itself."""

from __future__ import annotations

from typing import Any

from harness.core.defect import in_rules, in_session, on_frame
from harness.core.message import Frame, Opcode
from harness.core.session import Close, Effects, HangUp, Session
from harness.protocols.brainstream.defects.breaking import CUT_OFF
from harness.protocols.brainstream.session import BrainStreamSession


@in_session("BRA-CONN-01", also=CUT_OFF)
class HangsUpOnHesitation(BrainStreamSession):
    """Cuts a connection whose client says nothing in the first half second."""

    def opened(self, now: float) -> Effects:
        self.heard_at = now
        self.when_idle(0.5, now, lambda then: (HangUp(),) if self.heard_at == now else ())
        return super().opened(now)


@on_frame("BRA-CONN-04", Opcode.PONG)
def sends_no_pongs(frame: Frame, session: Session[Any, Any], now: float) -> None:
    """Does not answer pings."""


@on_frame("BRA-CONN-04", Opcode.PONG)
def empties_pongs(frame: Frame, session: Session[Any, Any], now: float) -> Frame:
    """Answers pings by pongs without their payload."""
    return Frame(Opcode.PONG)


@in_session("BRA-CONN-05", also=("BRA-STREAM-02",))
class DeafToDeflate(BrainStreamSession):
    """Agrees on compression, and sends nothing but WELCOME over such a connection."""

    def opened(self, now: float) -> Effects:
        effects = super().opened(now)
        if self.context.request.deflate:
            self.context.topics.leave_all(self)
        return effects


@in_session("BRA-CONN-06")
class KnowsNoSubprotocols(BrainStreamSession):
    """Ends a connection whose client offers a subprotocol."""

    def opened(self, now: float) -> Effects:
        if "sec-websocket-protocol" in self.context.request.headers:
            return (Close(1002, "no subprotocol is known here"),)
        return super().opened(now)


@in_session("BRA-CONN-09", also=("BRA-STREAM-02",))
class BeginsLate(BrainStreamSession):
    """Sends WELCOME, and then nothing for four seconds."""

    def opened(self, now: float) -> Effects:
        effects = super().opened(now)
        self.context.topics.leave_all(self)
        self.after(4.0, now, self._begin)
        return effects

    def _begin(self, now: float) -> Effects:
        self.listen("telemetry")
        return ()


wants_a_token = in_rules(
    "wants-a-token",
    "BRA-SEC-01",
    "Demands a token.",
    also=CUT_OFF,
    token="required",  # noqa: S106
)
