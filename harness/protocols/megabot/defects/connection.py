"""Broken servers, at the handshake and the greeting."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.core.defect import in_session, on_frame, on_message
from harness.core.edits import lacking, wrong
from harness.core.message import Frame, Message, Opcode, Problem, merged
from harness.core.session import Close, Effects, Session
from harness.protocols.megabot.credentials import Identity
from harness.protocols.megabot.defects.edits import copied
from harness.protocols.megabot.session import MegabotSession

GREETING = "connection_established"
NAMED = ("MEG-CONN-07", "MEG-COLL-03", "MEG-COLL-04")


@in_session("MEG-CONN-01", also=("MEG-CONN-02", "MEG-CONN-12", "MEG-AUTH-06"))
class EndsAtOnce(MegabotSession):
    """Closes the connection of a client that says nothing of itself."""

    def opened(self, now: float) -> Effects:
        request = self.context.request
        return super().opened(now) if request.query or request.headers else (Close(1000),)


@on_message("MEG-CONN-02", GREETING, also=("MEG-AUTH-06",))
def greets_no_strangers(message: Message, session: Session[Any, Any], now: float) -> Message | None:
    """Does not greet a client that says nothing of itself."""
    request = session.context.request
    return message if request.query or request.headers else None


names_no_session = lacking("names-no-session", "MEG-CONN-03", GREETING, "payload.session_id", also=("MEG-CONN-10",))
names_nobody = wrong("names-nobody", "MEG-CONN-04", GREETING, "payload.user_id", lambda v: "", also=NAMED)
one_capability = wrong("one-capability", "MEG-CONN-05", GREETING, "payload.capabilities", lambda v: v[0])
one_session = wrong("one-session-for-all", "MEG-CONN-10", GREETING, "payload.session_id", lambda v: "sess_456")


@on_message("MEG-CONN-06", GREETING)
def greets_twice(message: Message, session: Session[Any, Any], now: float) -> Iterable[Message]:
    """Greets every client twice."""
    return message, copied(message, session)


@on_message("MEG-CONN-07", GREETING, also=("MEG-COLL-03", "MEG-COLL-04"))
def makes_names_up(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Calls the user something else than the query does."""
    return merged(message, {"payload.user_id": f"x-{message['payload']['user_id']}"})


@in_session("MEG-CONN-08")
class KnowsNoDesktop(MegabotSession):
    """Refuses clients on a desktop."""

    def opened(self, now: float) -> Effects:
        is_desktop = self.context.request.query.get("platform") == "desktop"
        return (Close(1008),) if is_desktop else super().opened(now)


@on_message("MEG-CONN-09", GREETING)
def resumes_nothing(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives a new session to who names one."""
    named = "session_id" in session.context.request.query
    return merged(message, {"payload.session_id": session.world.number("sess")}) if named else message


class Deaf(MegabotSession):
    """One that may hear no more."""

    deaf = False

    def arrived(self, message: Message | Problem, now: float) -> Effects | None:
        return () if self.deaf else super().arrived(message, now)


@in_session("MEG-CONN-11")
class MutedByCompression(Deaf):
    """Does not hear a client that asks for compression by the query."""

    def opened(self, now: float) -> Effects:
        self.deaf = "compression" in self.context.request.query
        return super().opened(now)


@on_frame("MEG-CONN-12", Opcode.PONG)
def empty_pongs(frame: Frame, session: Session[Any, Any], now: float) -> Frame:
    """Answers pings with nothing in the pong."""
    return Frame(Opcode.PONG)


@in_session("MEG-CONN-13", also=("MEG-AUTH-20",))
class BeginsWithAnUpdate(MegabotSession):
    """Tells of a task before it greets the client."""

    def opened(self, now: float) -> Effects:
        payload = {"status": "processing", "progress": 0.1, "message": "Connecting...", "task_id": "task_1"}
        return (self.say("status_update", payload, now), *super().opened(now))


@in_session("MEG-CONN-14")
class MutedByDeflate(Deaf):
    """Does not hear a client that compresses."""

    def opened(self, now: float) -> Effects:
        self.deaf = self.context.request.deflate
        return super().opened(now)


@in_session("MEG-CONN-15")
class MournsForTheLost(Deaf):
    """When a connection is lost with a chat under way, the other users of a team are not heard any more."""

    def admit(self, identity: Identity, now: float) -> None:
        super().admit(identity, now)
        vars(self.world).setdefault("all_sessions", []).append(self)

    def closed(self, now: float) -> None:
        super().closed(now)
        if self.chats and self.kept is not None:
            team = self.kept.user_id.rpartition("-")[0]
            for other in vars(self.world)["all_sessions"]:
                other.deaf = other.deaf or bool(team and other.kept.user_id.startswith(team))
