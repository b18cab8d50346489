"""Broken servers, at WELCOME."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.core.change import nth
from harness.core.defect import in_rules, in_session, on_message
from harness.core.message import Message, merged, rfc3339
from harness.core.session import Effects, Send, Session
from harness.protocols.brainstream.session import BrainStreamSession

unwelcoming = in_rules(
    "unwelcoming",
    "BRA-WEL-01",
    "Sends no WELCOME.",
    also=("BRA-WEL-03",),
    welcome=False,
)


@on_message("BRA-WEL-02", "TELEMETRY")
def welcomes_again(message: Message, session: Session[Any, Any], now: float) -> Iterable[Message]:
    """Sends a WELCOME with each fourth packet."""
    again = [{**message, "type": "WELCOME"}] if nth(session, "packet") % 4 == 0 else []
    return [message, *again]


@in_session("BRA-WEL-03")
class WelcomesLate(BrainStreamSession):
    """Says nothing for two and a half seconds, and then WELCOME and TELEMETRY."""

    def opened(self, now: float) -> Effects:
        self.after(
            2.5, now, lambda then: [*BrainStreamSession.opened(self, then), Send(self.world.packet("TELEMETRY"))]
        )
        return ()


@on_message("BRA-WEL-04", "WELCOME")
def welcomes_without_models(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Sends a WELCOME without models."""
    del message["data"]["models"]
    return message


@on_message("BRA-WEL-04", "WELCOME")
def welcomes_in_brief(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Sends a WELCOME with the status alone."""
    return {"type": "WELCOME", "data": {"status": message["data"]["status"]}}


@on_message("BRA-WEL-05", "WELCOME")
def welcomes_with_old_news(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Sends in WELCOME the state of half a minute ago."""
    wall_s = session.context.clock.wall_s(now) - 30.0
    return merged(message, {"data.timestamp": rfc3339(wall_s), "data.logs": []})
