"""Otherwise: the envelope, Auth, Heartbeats, subscriptions and limits."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from harness.core.change import kept
from harness.core.http import HttpReply
from harness.core.limits import Rate, SlidingWindow
from harness.core.message import Frame, Message, Opcode, merged
from harness.core.session import Close, Context, Effects, HangUp, Request
from harness.core.variant import in_member, in_protocol, in_rules, in_session, on_frame, on_message
from harness.protocols.skybit.credentials import User
from harness.protocols.skybit.defects.breaking import code, copied
from harness.protocols.skybit.errors import Refusal, unknown_symbol
from harness.protocols.skybit.rules import Rules
from harness.protocols.skybit.session import SkybitSession, State
from harness.protocols.skybit.world import SkybitWorld

ENDINGS = "it is open which Errors close the connection"
SECOND = "it is open what a second Auth does"
ELEVENTH = "it is open when and how the eleventh connection is refused"
WINDOWS = "windows may slide or be fixed, and count by connection or user"
LIFE = "it is open what keeps a connection alive, and how it ends without"
TIMES = "timestamps have any precision of RFC 3339"

# Messages ---------------------------------------------------------------------------------------


@on_message("extra members are not mentioned")
def members_of_its_own(message: Message, session: Any, now: float) -> Message:
    """Adds members that the spec does not name."""
    return merged(message, {"node": 7, "data.trace": {"hop": 1}, "data.venue": {"name": "XNAS"}})


@on_message("request_id of errors nobody asked for is open; details and suggestions may say nothing", "Error")
def terse(message: Message, session: Any, now: float) -> Message:
    """Gives Errors null for details and suggestions, and an empty request_id where there is no request."""
    changes = {"data.details": None, "data.suggestions": None, "data.request_id": message["data"]["request_id"] or ""}
    return message if code(message) == "INSUFFICIENT_FUNDS" else merged(message, changes)


@on_message("details and suggestions are shown by one example", "Error")
def nothing_but_the_necessary(message: Message, session: Any, now: float) -> Message:
    """Gives Errors without details and suggestions, but for the example's."""
    if code(message) == "INSUFFICIENT_FUNDS":
        return message
    return {**message, "data": {k: v for k, v in message["data"].items() if k not in ("details", "suggestions")}}


@on_message(TIMES, "Auth", "Heartbeat")
def whole_seconds(message: Message, session: Any, now: float) -> Message:
    """Tells the time in whole seconds."""
    changes = {"ts": f"{message['ts'][:19]}Z"}
    if "server_ts" in message["data"]:
        changes["data.server_ts"] = f"{message['data']['server_ts'][:19]}+00:00"
    return merged(message, changes)


@on_message("recoverable is a Maybe of ORDER_REJECTED and INTERNAL_ERROR", "Error")
def may_recover(message: Message, session: Any, now: float) -> Message:
    """Calls ORDER_REJECTED recoverable."""
    return merged(message, {"data.recoverable": True}) if code(message) == "ORDER_REJECTED" else message


finer_quotes = in_member(
    "finer-quotes",
    TIMES,
    "Tells quotes to the microsecond.",
    "data.timestamp",
    lambda ts: ts[:-1] + "000Z",
    "MarketData",
)

# Auth -------------------------------------------------------------------------------------------


@in_session(ENDINGS)
class KeepsThoseItRefused(SkybitSession):
    """Says AUTH_FAILED, serves nothing, and keeps the connection."""

    def refuse(self, refusal: Refusal, about: Message | None, now: float) -> Effects:
        """Nothing closes."""
        refusal.closes = False
        return super().refuse(refusal, about, now)


@in_session(ENDINGS, unseen=("SKY-AUTH-12",))
class EndsAfterExpiry(SkybitSession):
    """Ends the connection after SESSION_EXPIRED."""

    def refuse(self, refusal: Refusal, about: Message | None, now: float) -> Effects:
        """One Error more closes."""
        effects = super().refuse(refusal, about, now)
        return (*effects, Close(1008)) if refusal.code == "SESSION_EXPIRED" else effects


@in_session("the answer to other messages before Auth is open")
class Patient(SkybitSession):
    """Refuses what comes before Auth with INVALID_REQUEST, and keeps the connection."""

    def unexpected(self, message: Message, now: float) -> Effects:
        """Without an end."""
        if self.state is State.AUTHENTICATING:
            raise Refusal("INVALID_REQUEST", "Auth comes first")
        return super().unexpected(message, now)


@in_session(SECOND)
class TakesASecondAuth(SkybitSession):
    """Confirms another Auth on the same connection."""

    def unexpected(self, message: Message, now: float) -> Effects:
        """As the first."""
        return self.authenticate(message, now) if message["type"] == "Auth" else super().unexpected(message, now)


@in_session("an earlier session may be named, and need not be resumed")
class ForgetsSessions(SkybitSession):
    """Makes a new session at each Auth, whatever is named."""

    def admit(self, user: User, session: str, now: float) -> None:
        """None is found."""
        super().admit(user, "new", now)


# Heartbeats -------------------------------------------------------------------------------------


@on_message("Heartbeats are bidirectional", "Auth")
def hearts_of_its_own(message: Message, session: Any, now: float) -> Iterable[Message]:
    """Begins Heartbeats by itself."""
    own = {**copied(message, session), "type": "Heartbeat", "data": {"server_ts": message["ts"]}}
    return message, own


@on_frame("it is open who pings, and how often", Opcode.PING)
def pings_twice(frame: Frame, session: Any, now: float) -> Iterable[Frame]:
    """Pings more often."""
    return frame, Frame(Opcode.PING, b"again")


@on_message("the rounding of latencies is open", "Heartbeat")
def exact_latencies(message: Message, session: Any, now: float) -> Message:
    """Gives latencies to the microsecond."""
    return merged(message, {"data.latency_ms": message["data"]["latency_ms"] + 0.25})


@in_session(LIFE)
class NothingButHeartbeatsCounts(SkybitSession):
    """Ends a connection that sends other messages, and no Heartbeats."""

    beaten_at = 0.0

    def opened(self, now: float) -> Effects:
        """As if by a Heartbeat."""
        self.beaten_at = now
        return super().opened(now)

    def received(self, message: Message, now: float) -> Effects:
        """Whatever came of it."""
        self.beaten_at = now if message["type"] == "Heartbeat" else self.beaten_at
        try:
            return super().received(message, now)
        finally:
            self.heard_at = self.beaten_at


@on_frame(LIFE, Opcode.CLOSE)
def says_why_it_ends(frame: Frame, session: Any, now: float) -> Iterable[Frame]:
    """Sends CONNECTION_ERROR before it ends a silent connection."""
    if frame.reason != "no heartbeat":
        return (frame,)
    (error,) = session.refuse(Refusal("CONNECTION_ERROR", "Nothing was heard for too long"), None, now)
    return Frame(Opcode.TEXT, json.dumps(error.message).encode()), frame


slow_to_give_up = in_rules("slow-to-give-up", LIFE, "Ends silent connections late.", idle_timeout_s=80.0)

# Subscriptions ----------------------------------------------------------------------------------


@in_session("a second Subscribe adds or replaces")
class SubscribeReplaces(SkybitSession):
    """Forgets what was subscribed when something else is."""

    def subscribe(self, message: Message, now: float) -> Effects:
        """Quotes of the last one alone."""
        for symbol in self.world.market.listings:
            self.context.topics.leave(f"quotes/{symbol}", self)
        return super().subscribe(message, now)


@in_session("partly unknown symbols are refused as a whole or in part")
class SubscribesToWhatItKnows(SkybitSession):
    """Delivers the symbols that it knows, and refuses the others."""

    def subscribe(self, message: Message, now: float) -> Effects:
        """First those, then the Error."""
        known, channels = self.world.market.listings, message["data"]["channels"]
        unknown = [symbol for channel in channels for symbol in channel.get("symbols", ()) if symbol not in known]
        good = [{**c, "symbols": [s for s in c["symbols"] if s in known]} if "symbols" in c else c for c in channels]
        super().subscribe({**message, "data": {"channels": [c for c in good if c.get("symbols") != []]}}, now)
        if unknown:
            raise unknown_symbol(unknown[0], [], known)
        return ()


# Limits -----------------------------------------------------------------------------------------


@in_session(ELEVENTH)
class CutsTheEleventh(SkybitSession):
    """Cuts a connection too many without a word."""

    def refuse(self, refusal: Refusal, about: Message | None, now: float) -> Effects:
        """As a proxy would."""
        if refusal.details.get("operation") == "connections":
            return (HangUp(),)
        return super().refuse(refusal, about, now)


def _while_a_user_is_full(world: SkybitWorld, rules: Rules, request: Request, now: float) -> HttpReply | None:
    # Before Auth, nobody knows whose a connection is: that of whoever comes from the same place, it seems.
    is_full = any(len(each.connections) >= rules.connections_per_user for each in world.accounts.values())
    return HttpReply({"code": "RATE_LIMIT"}, 429) if is_full else None


eleventh_by_http = in_protocol(
    "eleventh-by-http",
    ELEVENTH,
    "Refuses the handshake of a connection too many by 429.",
    admit=_while_a_user_is_full,
)


class _FixedWindow(SlidingWindow):
    """Counts by whole minutes, beginning in the midst of one."""

    def __init__(self, rate: Rate) -> None:
        super().__init__(rate)
        self.minute, self.counted = 0, 0

    def retry_after_s(self, now: float) -> float:
        minute = int((now + 59.99) // self.rate.window_s)
        self.minute, self.counted = minute, self.counted if minute == self.minute else 0
        return 0.0 if self.counted < self.rate.count else 1.0

    def count(self, now: float) -> None:
        self.counted += 1


@in_session(WINDOWS)
class FixedWindows(SkybitSession):
    """Counts by whole minutes, and does not count Auth."""

    def __init__(self, context: Context[SkybitWorld, Rules]) -> None:
        super().__init__(context)
        self.total_window = self.minute = _FixedWindow(self.rules.messages)
        self.windows = {kind: _FixedWindow(window.rate) for kind, window in self.windows.items()}

    def authenticate(self, message: Message, now: float) -> Effects:
        """As if it had not been counted."""
        self.minute.counted -= 1
        return super().authenticate(message, now)


@in_session(WINDOWS)
class CountsByUsers(SkybitSession):
    """Counts what a user sends by all connections."""

    def admit(self, user: User, session: str, now: float) -> None:
        """From now on with the user's other connections."""
        super().admit(user, session, now)
        mine = kept(self.world, "windows").setdefault(user.id, (self.total_window, self.windows))
        self.total_window, self.windows = mine
