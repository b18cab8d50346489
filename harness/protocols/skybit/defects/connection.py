"""Broken servers, at the connection itself."""

from __future__ import annotations

from typing import Any

from harness.core.defect import in_protocol, in_rules, in_session, on_frame
from harness.core.message import Frame, Message, Opcode
from harness.core.session import Effects, HangUp, Session
from harness.protocols.skybit.defects.breaking import nth
from harness.protocols.skybit.session import SkybitSession


@in_session("SKY-CONN-01")
class HangsUpOnHesitation(SkybitSession):
    """Cuts a connection whose client says nothing in the first half second."""

    def opened(self, now: float) -> Effects:
        self.when_idle(0.5, now, lambda then: (HangUp(),) if self.heard_at == now else ())
        return super().opened(now)


selects_a_subprotocol = in_protocol(
    "selects-a-subprotocol", "SKY-CONN-03", "Selects a subprotocol that the client offers.", subprotocols=("json",)
)
knows_no_deflate = in_protocol(
    "knows-no-deflate", "SKY-CONN-04", "Does not agree on permessage-deflate.", deflate=False
)


@in_session("SKY-CONN-06")
class DeafToDeflate(SkybitSession):
    """Agrees on compression, then loses the Heartbeats of such a connection."""

    def heartbeat(self, message: Message, now: float) -> Effects:
        return () if self.context.request.deflate else super().heartbeat(message, now)


@on_frame("SKY-CONN-07", Opcode.PING)
def pings_late(frame: Frame, session: Session[Any, Any], now: float) -> Frame | None:
    """Leaves out the first ping, so that it comes after a minute."""
    return None if nth(session, "ping") == 1 else frame


@on_frame("SKY-CONN-08", Opcode.PING)
def pings_once(frame: Frame, session: Session[Any, Any], now: float) -> Frame | None:
    """Sends one ping and no more."""
    return frame if nth(session, "ping") == 1 else None


@on_frame("SKY-CONN-09", Opcode.PONG)
def sends_no_pongs(frame: Frame, session: Session[Any, Any], now: float) -> None:
    """Does not answer pings."""


@on_frame("SKY-CONN-09", Opcode.PONG)
def empties_pongs(frame: Frame, session: Session[Any, Any], now: float) -> Frame:
    """Answers pings by pongs without their payload."""
    return Frame(Opcode.PONG)


impatient = in_rules("impatient", "SKY-CONN-10", "Ends a connection after 45 s of silence.", idle_timeout_s=45.0)
keeps_the_dead = in_rules(
    "keeps-the-dead", "SKY-CONN-11", "Keeps connections on which nothing comes.", idle_timeout_s=1e6
)


@in_session("SKY-CONN-12")
class IgnoresHeartbeats(SkybitSession):
    """Answers Heartbeats, and ends the connection for want of them."""

    def heartbeat(self, message: Message, now: float) -> Effects:
        self.heard_at = vars(self).setdefault("before", now)
        return super().heartbeat(message, now)
