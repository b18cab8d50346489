"""Broken servers, at the states of a connection."""

from __future__ import annotations

from harness.core.defect import in_session
from harness.core.message import Message
from harness.core.session import Effects
from harness.protocols.skybit.credentials import User
from harness.protocols.skybit.defects.breaking import nth
from harness.protocols.skybit.errors import Refusal
from harness.protocols.skybit.session import SkybitSession, State


@in_session("SKY-STATE-01", also=("SKY-STATE-03", "SKY-RATE-14", "SKY-RATE-13", "SKY-STATE-06"))
class ChokesOnHeartbeats(SkybitSession):
    """Loses a Chat that follows a Heartbeat."""

    before = ""

    def received(self, message: Message, now: float) -> Effects:
        lost = (self.before, message["type"]) == ("Heartbeat", "Chat")
        self.before = message["type"]
        return () if lost else super().received(message, now)


@in_session("SKY-STATE-03", also=("SKY-RATE-01", "SKY-RATE-02", "SKY-RATE-13"))
class TiresOfItsClients(SkybitSession):
    """Wants another Auth after two Chats."""

    def chat(self, message: Message, now: float) -> Effects:
        if nth(self, "chat") > 2:
            self.state = State.AUTHENTICATING
            raise Refusal("AUTH_FAILED", "Sign in again")
        return super().chat(message, now)


@in_session("SKY-STATE-04", also=("SKY-RATE-11",))
class HoldsLossesAgainstUsers(SkybitSession):
    """Turns away a user one of whose connections has ended less than 30 s ago."""

    def closed(self, now: float) -> None:
        super().closed(now)
        if self.account is not None:
            vars(self.account)["lost_at"] = now

    def admit(self, user: User, session: str, now: float) -> None:
        lost_at = vars(self.world.account(user)).get("lost_at")
        if lost_at is not None and now < lost_at + 30.0:
            raise Refusal("AUTH_FAILED", "This user is connected already", closes=True)
        super().admit(user, session, now)


@in_session("SKY-STATE-05", also=("SKY-AUTH-16",))
class TrustsSessions(SkybitSession):
    """Serves whoever names a session, without Auth."""

    def unexpected(self, message: Message, now: float) -> Effects:
        users = [a.user for a in self.world.accounts.values() if message["session"] in a.sessions]
        if self.state is not State.AUTHENTICATING or not users:
            return super().unexpected(message, now)
        self.admit(users[0], message["session"], now)
        return super().received(message, now)


@in_session("SKY-STATE-06")
class LeavesWithTheFirst(SkybitSession):
    """Signs a user out of all connections when one of them ends."""

    def closed(self, now: float) -> None:
        super().closed(now)
        for other in self.account.connections if self.account is not None else ():
            other.state = State.AUTHENTICATING


@in_session("SKY-RATE-09", also=("SKY-STATE-06",))
class OneConnectionAtATime(SkybitSession):
    """Signs a user out of the connections there are when another one comes."""

    def admit(self, user: User, session: str, now: float) -> None:
        for other in self.world.account(user).connections - {self}:
            other.state = State.AUTHENTICATING
        super().admit(user, session, now)
