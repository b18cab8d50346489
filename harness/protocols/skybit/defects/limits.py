"""Broken servers, at the limits."""

from __future__ import annotations

from harness.core.defect import in_rules, in_session
from harness.core.limits import Rate
from harness.core.message import Message
from harness.core.session import Effects
from harness.protocols.skybit.errors import Refusal
from harness.protocols.skybit.session import SkybitSession

few_chats = in_rules("few-chats", "SKY-RATE-01", "Allows 50 Chats a minute.", chats=Rate(50, 60.0))
many_chats = in_rules("many-chats", "SKY-RATE-02", "Allows 90 Chats a minute.", chats=Rate(90, 60.0))
few_approves = in_rules("few-approves", "SKY-RATE-03", "Allows 90 Approves a minute.", approvals=Rate(90, 60.0))
many_approves = in_rules("many-approves", "SKY-RATE-04", "Allows 150 Approves a minute.", approvals=Rate(150, 60.0))
few_heartbeats = in_rules("few-heartbeats", "SKY-RATE-05", "Allows 60 Heartbeats a minute.", heartbeats=Rate(60, 60.0))
many_heartbeats = in_rules(
    "many-heartbeats", "SKY-RATE-06", "Allows 200 Heartbeats a minute.", heartbeats=Rate(200, 60.0)
)
few_messages = in_rules("few-messages", "SKY-RATE-07", "Allows 400 messages a minute.", messages=Rate(400, 60.0))
many_messages = in_rules("many-messages", "SKY-RATE-08", "Allows 1000 messages a minute.", messages=Rate(1000, 60.0))
few_connections = in_rules("few-connections", "SKY-RATE-09", "Allows 8 connections.", connections_per_user=8)
many_connections = in_rules("many-connections", "SKY-RATE-10", "Allows 1000 connections.", connections_per_user=1000)
long_memory = in_rules("long-memory", "SKY-RATE-13", "Counts Chats over ten minutes.", chats=Rate(60, 600.0))


@in_session("SKY-RATE-11")
class CountsTheDead(SkybitSession):
    """Counts connections that have ended."""

    def closed(self, now: float) -> None:
        super().closed(now)
        if self.account is not None:
            self.account.connections.add(self)


@in_session("SKY-RATE-12")
class ServesWhatItRefuses(SkybitSession):
    """Says RATE_LIMIT about a Heartbeat, and answers it."""

    def refuse(self, refusal: Refusal, about: Message | None, now: float) -> Effects:
        effects = super().refuse(refusal, about, now)
        if refusal.code != "RATE_LIMIT" or about is None or about["type"] != "Heartbeat":
            return effects
        return (*effects, *self.heartbeat(about, now))


@in_session("SKY-RATE-14")
class PunishesOneForAnother(SkybitSession):
    """Refuses everything for a minute once one limit is hit."""

    refuses_until = 0.0

    def count(self, kind: str, now: float) -> None:
        if now < self.refuses_until:
            raise Refusal("RATE_LIMIT", "Too many requests")
        try:
            super().count(kind, now)
        except Refusal:
            self.refuses_until = now + 60.0
            raise
