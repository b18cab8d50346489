"""Otherwise: who is let in, the envelope, commands and errors."""

from __future__ import annotations

from typing import Any

from harness.core.http import HttpReply
from harness.core.limits import Rate
from harness.core.message import Message, Problem, merged
from harness.core.protocol import Admission
from harness.core.session import Effects, Request
from harness.core.variant import in_protocol, in_rules, in_session, on_message
from harness.protocols.sigmax.errors import cannot
from harness.protocols.sigmax.rules import Rules
from harness.protocols.sigmax.session import SigmaxSession, State
from harness.protocols.sigmax.world import TOPIC_OF, SigmaxWorld

DOOR = "it is open how who is turned away is told, before or after the handshake"
LIFE = "it is open what counts as life, and how exact the timeout is"
ECHO = "it is open where request_id comes back"
NAMES = "it is open where connection_id stands"
TIMES = "the form of timestamps is shown, and never stated"
PAYLOADS = "payloads of some events are not shown"
COMMANDS = "neither commands nor their answers are documented"

# Who is let in ----------------------------------------------------------------------------------


def _doorkeeper(closed: int, full: int) -> Admission:
    def admit(world: SigmaxWorld, rules: Rules, request: Request, now: float) -> HttpReply | None:
        key = world.facts.api_key
        if key and request.query.get("api_key") != key:
            return HttpReply({"code": "AUTHENTICATION_FAILED"}, closed)
        is_full = len(world.connections) >= rules.max_connections
        return HttpReply({"code": "MAX_CONNECTIONS_EXCEEDED"}, full) if is_full else None

    return admit


unauthorized_and_unavailable = in_protocol(
    "unauthorized-and-unavailable",
    DOOR,
    "Refuses the handshake of a wrong key by 401, and of one too many by 503.",
    admit=_doorkeeper(401, 503),
)
forbidden_and_too_many = in_protocol(
    "forbidden-and-too-many",
    DOOR,
    "Refuses the handshake of a wrong key by 403, and of one too many by 429.",
    admit=_doorkeeper(403, 429),
)


@in_session(DOOR)
class KeepsThoseItTurnedAway(SigmaxSession):
    """Says an error to who is turned away, keeps the connection, and says nothing more."""

    def turn_away(self, code: str, details: str, close_code: int, now: float) -> Effects:
        """Without the close."""
        self.state = State.REFUSED
        return list(super().turn_away(code, details, close_code, now))[:1]


@in_session("authentication is called optional")
class ServesTheKeyless(SigmaxSession):
    """Serves clients without a key, where one is set."""

    def may_enter(self) -> bool:
        """Only a wrong key is refused."""
        return "api_key" not in self.context.request.query or super().may_enter()


@in_session(LIFE)
class NothingButPongsCounts(SigmaxSession):
    """Ends a connection that sends other messages, and neither pong nor ping."""

    def arrived(self, message: Message | Problem, now: float) -> Effects | None:
        """These alone are heard."""
        heard_at = self.heard_at
        answer = super().arrived(message, now)
        self.beaten_at = now if isinstance(message, dict) and message["type"] in ("ping", "pong") else heard_at
        self.heard_at = self.beaten_at
        return answer

    def received(self, message: Message, now: float) -> Effects:
        """Whatever came of it."""
        try:
            return super().received(message, now)
        finally:
            self.heard_at = self.beaten_at


slow_to_give_up = in_rules("slow-to-give-up", LIFE, "Ends silent connections late.", timeout_s=85.0)
no_deflate = in_protocol("no-deflate", "compression is not mentioned", "Declines permessage-deflate.", deflate=False)

# Envelope ---------------------------------------------------------------------------------------


@on_message("extra members are not mentioned")
def members_of_its_own(message: Message, session: Any, now: float) -> Message:
    """Adds members that the spec does not name."""
    return {
        **message,
        "node": 7,
        "data": message["data"] if message["type"] == "market_update" else {**message["data"], "trace": {"hop": 1}},
    }


@on_message(ECHO)
def echoes_nothing(message: Message, session: Any, now: float) -> Message:
    """Gives no request_id back."""
    return {name: value for name, value in message.items() if name != "request_id"}


@on_message(ECHO)
def echoes_in_data(message: Message, session: Any, now: float) -> Message:
    """Gives the request_id back in the data."""
    request_id = message.pop("request_id", None)
    return message if request_id is None else merged(message, {"data.request_id": request_id})


@on_message(NAMES, "error", *TOPIC_OF)
def nameless_events(message: Message, session: Any, now: float) -> Message:
    """Leaves the connection_id out of events and errors, as the examples do."""
    return {name: value for name, value in message.items() if name != "connection_id"}


@on_message(NAMES, "connected")
def id_in_the_data_only(message: Message, session: Any, now: float) -> Message:
    """Greets with the connection_id in the data."""
    return {name: value for name, value in message.items() if name != "connection_id"}


@on_message(NAMES, "connected")
def id_in_the_envelope_only(message: Message, session: Any, now: float) -> Message:
    """Greets with empty data."""
    return {**message, "data": {}}


@on_message(TIMES)
def finer_times_in_another_spelling(message: Message, session: Any, now: float) -> Message:
    """Tells times to the microsecond, with +00:00."""
    return {**message, "timestamp": message["timestamp"].replace("Z", "000+00:00")}


@on_message(TIMES)
def whole_seconds(message: Message, session: Any, now: float) -> Message:
    """Tells times in whole seconds."""
    return {**message, "timestamp": f"{message['timestamp'][:19]}Z"}


@on_message(PAYLOADS, "system_status", "status_change", "alert", "pong", "ping")
def bare_news(message: Message, session: Any, now: float) -> Message:
    """Tells a status by one word, and of other news nothing but that it is there."""
    return {**message, "data": {"status": "ok"} if message["type"] == "system_status" else {}}


# Commands and errors ----------------------------------------------------------------------------


@in_session(COMMANDS)
class AnswersCommandsByAName(SigmaxSession):
    """Answers commands by a message of a type of its own."""

    def command(self, message: Message, now: float) -> Effects:
        """By another type."""
        return (self.say("command_result", {"ok": False}, now, message),)


@in_session(COMMANDS)
class KnowsNoCommands(SigmaxSession):
    """Refuses each command."""

    def command(self, message: Message, now: float) -> Effects:
        """By an error."""
        return (self.refuse(cannot("Commands are not served"), message, now),)


unlimited_commands = in_rules(
    "unlimited-commands", "commands may be rate limited", "Takes any number of commands.", commands=Rate(10**6, 1.0)
)


@in_session("the codes for wrong shapes are open")
class WantsOtherCodes(SigmaxSession):
    """Has INVALID_TOPIC for topics of a wrong shape."""

    def refused(self, problem: Problem, now: float) -> Effects:
        """By where the problem is."""
        effects = super().refused(problem, now)
        is_topics = problem.where.startswith("data.topics")
        return (self.say("error", {**cannot("topics").data, "code": "INVALID_TOPIC"}, now),) if is_topics else effects
