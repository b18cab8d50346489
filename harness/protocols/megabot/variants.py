"""Lawful MegaBot servers that read the open points of the spec otherwise than our mock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from harness.core.change import kept
from harness.core.http import HttpReply
from harness.core.limits import Rate
from harness.core.message import Message, Problem, merged
from harness.core.protocol import Admission
from harness.core.session import Close, Context, Effects, Request, Send
from harness.core.variant import in_facts, in_member, in_protocol, in_rules, in_session, on_message
from harness.protocols.megabot.credentials import Identity, identify
from harness.protocols.megabot.errors import Refusal
from harness.protocols.megabot.rules import Rules
from harness.protocols.megabot.session import MegabotSession
from harness.protocols.megabot.tools import Run
from harness.protocols.megabot.world import Action, MegabotWorld

# What is read otherwise.
DOOR = "it is open whether bad credentials fail the handshake"
TURNED_AWAY = "it is open what is said to bad credentials, and whether a close follows"
UNITS = "examples show seconds, client code milliseconds"
REPLIES = "it is open whether chat_receive follows the stream, replaces it, or is an alternative"
ERRORS = "the only error message is connection_error"
NEWS = "it is open what triggers status_update and notification"
WORDS = "the words of status and of notifications are open"
RATE = "the rate limit appears in client code only"
SIZE = "the limit of size has neither unit nor consequence"
STRANGERS = "nothing is said of bad messages"
JOINING = "no acknowledgement of session_join is defined"
USERS = "it is open who a client is that names one user and shows the token of another"

# Credentials ------------------------------------------------------------------------------------


def _doorkeeper(status: int) -> Admission:
    def admit(world: MegabotWorld, rules: Rules, request: Request, now: float) -> HttpReply | None:
        required = world.facts.credentials == "required"
        try:
            identify(request, world.facts.api_keys, required, world.clock.wall_s(now))
        except Refusal as refusal:
            return HttpReply({**refusal.payload, "code": status}, status)
        return None

    return admit


unauthorized = in_protocol(
    "unauthorized",
    DOOR,
    "Refuses the handshake of bad credentials by 401.",
    lacks=("refusals_by_message",),
    admit=_doorkeeper(401),
)
forbidden = in_protocol(
    "forbidden",
    DOOR,
    "Refuses the handshake of bad credentials by 403.",
    unseen=("MEG-AUTH-19", "MEG-AUTH-21", "MEG-ERR-04"),
    admit=_doorkeeper(403),
)


@in_session(TURNED_AWAY, unseen=("MEG-AUTH-21",))
class KeepsThoseItRefused(MegabotSession):
    """Says 401, serves nothing, and keeps the connection."""

    def turn_away(self, refusal: Refusal, now: float) -> Effects:
        """The error alone."""
        return self.refuse(refusal, None, now)


@in_session(TURNED_AWAY, unseen=("MEG-AUTH-18", "MEG-AUTH-19", "MEG-ERR-04"))
class RefusesWithoutAWord(MegabotSession):
    """Closes on bad credentials without an error."""

    def turn_away(self, refusal: Refusal, now: float) -> Effects:
        """The close alone."""
        return (Close(4401),)


@in_session(USERS)
class TokenNamesTheUser(MegabotSession):
    """Goes by the subject of a token, whatever user_id says."""

    def admit(self, identity: Identity, now: float) -> None:
        """Only a token expires."""
        has_token = identity.expires_s is not None
        super().admit(replace(identity, user_id=identity.principal) if has_token else identity, now)


closes_at_expiry = in_rules(
    "closes-at-expiry",
    "it is open what becomes of a connection whose token expires",
    "Ends connections when their tokens expire.",
    close_expired=True,
)
sessions_end_at_once = in_rules(
    "sessions-end-at-once",
    "it is open how long a session can be taken up again",
    "Forgets sessions with their connections.",
    lacks=("resumable_sessions",),
    session_keep_s=0.0,
)

# Envelope ---------------------------------------------------------------------------------------


@on_message("extra members are not mentioned")
def members_of_its_own(message: Message, session: Any, now: float) -> Message:
    """Adds members that the spec does not name."""
    return merged(message, {"node": 7, "payload.trace": {"hop": 1}, "metadata.region": "eu"})


def _all_times(message: Message, change: Callable[[Any], Any]) -> Message:
    result = {**message, "timestamp": change(message["timestamp"])}
    if message["type"] == "chat_receive":
        result = merged(result, {"payload.timestamp": change(message["payload"]["timestamp"])})
    return result


@on_message(UNITS)
def milliseconds(message: Message, session: Any, now: float) -> Message:
    """Tells the time in milliseconds."""
    return _all_times(message, lambda seconds: seconds * 1000 + 123)


@on_message(UNITS)
def fractions_of_seconds(message: Message, session: Any, now: float) -> Message:
    """Tells the time in seconds with fractions."""
    return _all_times(message, lambda seconds: seconds + 0.25)


@on_message("metadata is optional", unseen=("MEG-FMT-14",))
def no_metadata(message: Message, session: Any, now: float) -> Message:
    """Sends no metadata."""
    return {name: value for name, value in message.items() if name != "metadata"}


bare_ids = in_member(
    "bare-ids", "the form of ids is open", "Has ids of digits alone.", "id", lambda id_: id_.rpartition("_")[2]
)


@in_session("capabilities are shown by an example")
class AsksForCapabilitiesLess(MegabotSession):
    """Has no capabilities to tell."""

    def greeting(self) -> dict[str, Any]:
        """Its list is empty."""
        return {**super().greeting(), "capabilities": []}


# Chat -------------------------------------------------------------------------------------------


@on_message(REPLIES, "chat_stream", lacks=("streaming", "streamed_whole_replies"))
def no_chat_stream(message: Message, session: Any, now: float) -> None:
    """Sends whole replies alone."""


@on_message(REPLIES, "chat_receive", lacks=("whole_replies", "streamed_whole_replies"))
def no_chat_receive(message: Message, session: Any, now: float) -> None:
    """Sends pieces of replies alone."""


@on_message("the last chunk may carry text or be empty", "chat_stream")
def empty_last_chunk(message: Message, session: Any, now: float) -> Iterable[Message]:
    """Says in a chunk of its own that a reply is complete."""
    if not message["payload"]["is_complete"]:
        return (message,)
    number = message["payload"]["sequence"]
    last = {"chunk": "", "is_complete": True, "sequence": number + 1}
    own = {**message, "id": session.world.number("msg"), "payload": last}
    return merged(message, {"payload.is_complete": False}), own


@on_message("chunks are joined by no id that is defined", "chat_stream")
def one_id_for_a_stream(message: Message, session: Any, now: float) -> Message:
    """Gives all chunks of a reply the same id, as the sample client wants it."""
    return {**message, "id": message["metadata"]["stream_id"]}


@on_message("chunks and whole need not agree to the blank", "chat_receive")
def trimmed(message: Message, session: Any, now: float) -> Message:
    """Pads the whole reply."""
    return merged(message, {"payload.content": f" {message['payload']['content']}\n"})


thinks = in_facts("thinks", "no rhythm is promised", "Thinks for long.", think_s=15.0, chunk_every_s=0.5)


@in_session("the unit of the 10000 is open")
class CountsCodePoints(MegabotSession):
    """Counts an emoji as one character, where JavaScript counts two."""

    def __init__(self, context: Context[MegabotWorld, Rules]) -> None:
        super().__init__(context)
        self.most = self.rules.content_chars
        self.rules = replace(self.rules, content_chars=2 * self.most)

    def chat_send(self, message: Message, now: float) -> Effects:
        """Look at the length first."""
        if len(message["payload"]["content"]) > self.most:
            raise Refusal("content_too_long", "Message content too long")
        return super().chat_send(message, now)


@in_session("content of blanks only is not mentioned")
class WantsMoreThanBlanks(MegabotSession):
    """Refuses a chat of blanks."""

    def chat_send(self, message: Message, now: float) -> Effects:
        """Look at the words first."""
        if not message["payload"]["content"].strip():
            raise Refusal("invalid_message", "There is nothing but blanks")
        return super().chat_send(message, now)


# Errors -----------------------------------------------------------------------------------------


@on_message(ERRORS, "connection_error")
def errors_by_another_name(message: Message, session: Any, now: float) -> Message:
    """Sends errors of type `error`, but for credentials."""
    if message["payload"]["code"] == 401:
        return message
    return {**message, "type": "error", "payload": {"reason": message["payload"]["message"]}}


@on_message(ERRORS, "connection_error", unseen=("MEG-AUTH-19", "MEG-ERR-01", "MEG-ERR-02", "MEG-ERR-03", "MEG-ERR-04"))
def errors_about_credentials_by_another_name(message: Message, session: Any, now: float) -> Message:
    """Sends all errors of type `auth_error`, with the code."""
    return {**message, "type": "auth_error", "payload": {"code": message["payload"]["code"]}}


@in_session(STRANGERS)
class DropsInSilence(MegabotSession):
    """Says nothing of what is too much, or of what strangers do."""

    def refuse(self, refusal: Refusal, about: Message | None, now: float) -> Effects:
        """Some are not told."""
        silent = refusal.slug in ("rate_limit_exceeded", "not_a_participant")
        return () if silent else super().refuse(refusal, about, now)


@in_session("it is open what becomes of unknown types")
class IgnoresUnknownTypes(MegabotSession):
    """Says nothing of a message whose type it does not know."""

    def refuse(self, refusal: Refusal, about: Message | None, now: float) -> Effects:
        """These are not told."""
        return () if refusal.slug == "unknown_message_type" else super().refuse(refusal, about, now)


@in_session(STRANGERS)
class EndsForNonsense(MegabotSession):
    """Ends a connection that sends what is no good message."""

    def refused(self, problem: Problem, now: float) -> Effects:
        """The close alone."""
        return (Close(1007),)


# Tools and news ---------------------------------------------------------------------------------


@on_message(NEWS, "status_update", "notification", lacks=("status_updates", "notifications"))
def neither_updates_nor_news(message: Message, session: Any, now: float) -> None:
    """Tells of no progress and no news."""


@on_message("members of a notification are shown by an example", "notification", unseen=("MEG-NOTE-04", "MEG-NOTE-05"))
def news_of_a_line(message: Message, session: Any, now: float) -> Message:
    """Sends notifications that lead nowhere."""
    payload = {k: v for k, v in message["payload"].items() if k in ("type", "title", "message")}
    return {**message, "payload": payload}


news_for_everyone = in_facts(
    "news-for-everyone", NEWS, "Has news for everyone every two seconds.", notifications=Rate(1, 2.0)
)


@on_message(WORDS, "status_update", "notification", unseen=("MEG-STAT-06",))
def other_words(message: Message, session: Any, now: float) -> Message:
    """Says running and done, success and warning."""
    words = {"processing": "running", "completed": "done", "info": "success", "error": "warning"}
    payload = message["payload"]
    name = "status" if message["type"] == "status_update" else "type"
    return merged(message, {f"payload.{name}": words.get(payload[name], payload[name])})


@in_session("it is open what answers the call of an unknown tool")
class NoSuchTool(MegabotSession):
    """Answers a call of an unknown tool by an error."""

    def result(self, run: Run, message: Message, now: float) -> Effects:
        """An error in its place."""
        if run.output.startswith("Unknown tool"):
            raise Refusal("invalid_message", run.output)
        return super().result(run, message, now)


# Collaboration ----------------------------------------------------------------------------------


@in_session("it is open whether the author hears of an action")
class Echoes(MegabotSession):
    """Tells authors of their own actions, too."""

    def noticed(self, topic: str, event: Any, now: float) -> Effects:
        """Whoever did it."""
        return (Send(getattr(event, "message", event)),)


@in_session(JOINING)
class ConfirmsJoining(MegabotSession):
    """Confirms that a client has joined."""

    def session_join(self, message: Message, now: float) -> Effects:
        """By a message of its own."""
        super().session_join(message, now)
        return (self.say("session_joined", {"session_id": message["payload"]["session_id"]}, now),)


@in_session("no message says who is there")
class AnnouncesParticipants(MegabotSession):
    """Tells all others of a workspace who has joined."""

    def session_join(self, message: Message, now: float) -> Effects:
        """By a message of its own."""
        effects = super().session_join(message, now)
        joined = {"session_id": message["payload"]["session_id"], "user_id": self.own.user_id}
        news = Action(self, self.world.message("participant_joined", joined, now))
        self.world.tell(f"workspace/{joined['session_id']}", news, now)
        return effects


# Limits -----------------------------------------------------------------------------------------


@in_session(RATE)
class EndsForFloods(MegabotSession):
    """Ends a connection that sends too much."""

    def refuse(self, refusal: Refusal, about: Message | None, now: float) -> Effects:
        """A close for an error."""
        ends = refusal.slug == "rate_limit_exceeded"
        return (Close(1008),) if ends else super().refuse(refusal, about, now)


@in_session("it is open whether a batch counts once or ten times")
class CountsWhatIsInABatch(MegabotSession):
    """Counts each message of a batch by itself."""

    def batch(self, message: Message, now: float) -> Effects:
        """The batch itself was counted as its first message."""
        messages = message["payload"]["messages"]
        if not all([True, *(self.bucket.allows(now) for _ in messages[1:])]):
            raise Refusal("rate_limit_exceeded", "Too many messages")
        return super().batch(message, now)


@in_session(RATE)
class FixedWindow(MegabotSession):
    """Counts by whole seconds, ten messages in each."""

    def arrived(self, message: Message | Problem, now: float) -> Effects | None:
        """A second's count begins anew with the next."""
        counts = kept(self, "seconds")
        counts[int(now)] = counts.get(int(now), 0) + 1
        if counts[int(now)] <= self.rules.messages.count:
            return None
        return self.refuse(Refusal("rate_limit_exceeded", "Too many messages"), None, now)


@in_session(SIZE)
class EndsForSize(MegabotSession):
    """Ends a connection that sends too much at once, without an error."""

    def oversized(self, now: float) -> Effects:
        """The close alone."""
        return (Close(1009),)


a_million_bytes = in_protocol(
    "a-million-bytes", SIZE, "Takes the megabyte for a million bytes.", max_message_bytes=1_000_000
)
no_deflate = in_protocol("no-deflate", "compression is a matter of the handshake", "Does not compress.", deflate=False)
