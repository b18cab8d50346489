"""Lawful BrainStream servers that read the open points of the spec otherwise than our mock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from harness.core.change import kept, nth
from harness.core.http import HttpReply
from harness.core.message import Frame, Message, Opcode, merged
from harness.core.session import Effects, Ping, Request, Send
from harness.core.variant import in_facts, in_member, in_protocol, in_rules, in_session, on_frame, on_message
from harness.protocols.brainstream.rules import Rules
from harness.protocols.brainstream.session import BrainStreamSession
from harness.protocols.brainstream.world import BrainStreamWorld

# What nobody sees of a server that tells of no such thing.
AGENTS = ("BRA-AGENT-02", "BRA-AGENT-03", "BRA-AGENT-04", "BRA-AGENT-05", "BRA-AGENT-06")
MODELS = ("BRA-MODEL-02", "BRA-MODEL-03", "BRA-MODEL-04", "BRA-MODEL-05")
LOGS = ("BRA-LOG-02", "BRA-LOG-03", "BRA-LOG-04")
AGES_OF_LOGS = ("BRA-LOG-05", "BRA-LOG-06")
EVENTS = ("BRA-STREAM-04",)

# Endpoints and connections ----------------------------------------------------------------------

ONE_PATH = "two endpoints are given; one process may serve one of them"
LIMIT = "ten connections from one address are a recommendation"
WELCOME = "WELCOME is missing from the chapter on messages"
COMMANDS = "SUBSCRIBE and HALT are listed, and not implemented"

engine_alone = in_protocol("engine-alone", ONE_PATH, "Serves /ws/stream, and not /.", paths=("/ws/stream",))
front_end_alone = in_protocol("front-end-alone", ONE_PATH, "Serves /, and not /ws/stream.", paths=("/",))
no_deflate = in_protocol("no-deflate", "compression is not mentioned", "Declines permessage-deflate.", deflate=False)
ten_connections = in_rules(
    "ten-connections", LIMIT, "Takes ten connections from one address, and closes one more.", connections_per_ip=10
)


def _ten_at_most(world: BrainStreamWorld, rules: Rules, request: Request, now: float) -> HttpReply | None:
    is_full = world.connections[request.remote] >= 10
    return HttpReply({"error": "ten connections from one address are allowed"}, 429) if is_full else None


ten_connections_by_http = in_protocol(
    "ten-connections-by-http", LIMIT, "Refuses the handshake of the eleventh by 429.", admit=_ten_at_most
)
no_welcome = in_rules("no-welcome", WELCOME, "Sends no WELCOME.", lacks=("welcome",), welcome=False)
serves_commands = in_rules(
    "serves-commands", COMMANDS, "Obeys SUBSCRIBE and HALT.", lacks=("commands_ignored",), commands="served"
)

# The stream -------------------------------------------------------------------------------------

RHYTHM = "packets come about once a second, and by events"


@on_message(RHYTHM, "TELEMETRY")
def now_and_then_an_event(message: Message, session: Any, now: float) -> Iterable[Message]:
    """Sends a packet twice now and then, as an event does that comes between two of the clock's."""
    return (message, message) if nth(session, "packet") % 5 == 0 else (message,)


@on_message(RHYTHM, "TELEMETRY")
def slow_engine(message: Message, session: Any, now: float) -> Message:
    """Has a new state every third second only, and sends the old one meanwhile."""
    told = kept(session, "told")
    if nth(session, "packet") % 3 == 1:
        told["newest"] = message
    newest: Message = told["newest"]
    return newest


@on_message(RHYTHM, "TELEMETRY")
def misses_one_in_eight(message: Message, session: Any, now: float) -> Message | None:
    """Leaves out a packet now and then, where the engine did not answer in time."""
    return None if nth(session, "packet") % 8 == 5 else message


@on_frame("pings at protocol level are independent of PING", Opcode.TEXT)
def pings_along(frame: Frame, session: Any, now: float) -> Iterable[Frame]:
    """Sends a ping frame with each packet."""
    return frame, Frame(Opcode.PING, b"there?")


@in_session(RHYTHM)
class PollsForEach(BrainStreamSession):
    """Polls the engine for each client by a clock of its own, which is a little slow."""

    def opened(self, now: float) -> Effects:
        """Listen to no topic, but to a clock."""
        effects = super().opened(now)
        self.context.topics.leave_all(self)
        self.every(1.2, now, lambda then: (Send(self.world.packet("TELEMETRY")), Ping()))
        return effects


a_little_slow = in_facts("a-little-slow", RHYTHM, "Sends a packet every 1.4 s.", tick_every_s=1.4)
a_little_fast = in_facts("a-little-fast", RHYTHM, "Sends a packet every 0.75 s.", tick_every_s=0.75)
five_kilobytes = in_facts(
    "five-kilobytes", "2 to 5 KB describe a packet, and bound none", "Sends packets of 5 KB.", packet_bytes=5_000
)
twelve_kilobytes = in_facts(
    "twelve-kilobytes", "2 to 5 KB describe a packet, and bound none", "Sends packets of 12 KB.", packet_bytes=12_000
)

# Times ------------------------------------------------------------------------------------------

ISO = "ISO 8601 is named without a profile"


@on_message("two snapshots may share a moment", unseen=("BRA-MANY-05",))
def whole_seconds(message: Message, session: Any, now: float) -> Message:
    """Tells the time in whole seconds, so that snapshots may share a moment."""
    return merged(message, {"data.timestamp": f"{message['data']['timestamp'][:19]}Z"})


@on_message(ISO)
def another_zone(message: Message, session: Any, now: float) -> Message:
    """Tells the time of another zone, to the microsecond."""
    at = datetime.fromisoformat(message["data"]["timestamp"]).astimezone(timezone(timedelta(hours=-5)))
    return merged(message, {"data.timestamp": at.isoformat(timespec="microseconds")})


@on_message("it is open what a timestamp without zone means", unseen=AGES_OF_LOGS)
def local_logs(message: Message, session: Any, now: float) -> Message:
    """Tells the time of log entries without a zone, which is five hours ahead."""
    for entry in message["data"]["logs"]:
        at = datetime.fromisoformat(entry["timestamp"]) + timedelta(hours=5)
        entry["timestamp"] = at.replace(tzinfo=None).isoformat()
    return message


@on_message("it is open whether a snapshot's time is that of its sending", unseen=("BRA-MANY-05",))
def stamps_each_client(message: Message, session: Any, now: float) -> Message:
    """Dates each packet when it is sent to each client, by the second."""
    wall = datetime.fromtimestamp(int(session.context.clock.wall_s(now)), UTC)
    return merged(message, {"data.timestamp": wall.isoformat()})


def _basic(stamp: str) -> str:
    return stamp.replace("-", "").replace(":", "")


no_zone = in_member(
    "no-zone",
    ISO,
    "Tells times without a zone.",
    "data.timestamp",
    lambda stamp: stamp[:-1],
    unseen=AGES_OF_LOGS,
)
basic_form = in_member("basic-form", ISO, "Tells times without dashes and colons.", "data.timestamp", _basic)
comma_before_fractions = in_member(
    "comma-before-fractions", ISO, "Has a comma in timestamps.", "data.timestamp", lambda stamp: stamp.replace(".", ",")
)

# Members --------------------------------------------------------------------------------------

OPTIONAL = "it is open what may be left out, or be null"
NUMBERS = "int and float mean nothing in JSON"
MOVES = "what the account and the engine do is not bound by the spec"
COUNTS = "it is open since when invocations count, and who is there"


@on_message("extra members are not mentioned")
def members_of_its_own(message: Message, session: Any, now: float) -> Message:
    """Adds members that the spec does not name."""
    data = message["data"]
    for each in (data, *(v for v in data.values() if isinstance(v, dict)), *data["logs"], *data["models"].values()):
        if each is not data["agents"] and each is not data["models"]:
            each["trace"] = {"hop": 1}
    return merged(message, {"v": 2, "data.node": "a", "data.market.volume": 7, "data.portfolio.positions": []})


@on_message(OPTIONAL, unseen=(*LOGS, *AGES_OF_LOGS, *AGENTS))
def terse(message: Message, session: Any, now: float) -> Message:
    """Has neither logs nor agents, and models without caches."""
    message["data"].update(logs=[], agents={})
    for model in message["data"]["models"].values():
        model.pop("cache_hit_rate", None)
    return message


@on_message(OPTIONAL)
def no_caches(message: Message, session: Any, now: float) -> Message:
    """Has models without cache_hit_rate."""
    for model in message["data"]["models"].values():
        model.pop("cache_hit_rate", None)
    return message


@on_message("the example's agent has no invocations", lacks=("agent_invocations",))
def agents_of_the_sample(message: Message, session: Any, now: float) -> Message:
    """Has agents as in the sample of the spec, whose only one has no invocations."""
    for agent in message["data"]["agents"].values():
        del agent["invocations"]
    return message


@on_message(COUNTS, unseen=(*AGENTS, *MODELS))
def nobody_works(message: Message, session: Any, now: float) -> Message:
    """Has neither agents nor models."""
    return merged(message, {"data.agents": {}, "data.models": {}})


@on_message(COUNTS)
def agents_come_and_go(message: Message, session: Any, now: float) -> Message:
    """Tells of those agents alone that have just worked, and counts their calls since they came."""
    number = nth(session, "packet")
    agent = {"latency_ms": 5, "success_rate": 1, "invocations": number % 3}
    return merged(message, {"data.agents": {} if number % 3 == 0 else {"MacroAgent": agent}})


@on_message("it is open whether INITIALIZING comes back", unseen=EVENTS)
def restarts(message: Message, session: Any, now: float) -> Message:
    """Begins anew now and then, and counts from 0."""
    number = nth(session, "packet") % 5
    for worker in (*message["data"]["agents"].values(), *message["data"]["models"].values()):
        worker["invocations"] = number
    return merged(message, {"data.status": "INITIALIZING" if number == 0 else "ACTIVE"})


@on_message(MOVES)
def changes_its_symbol(message: Message, session: Any, now: float) -> Message:
    """Trades one symbol after the other, as the clock has it, at the same time for all."""
    return merged(message, {"data.market.symbol": ("SPY", "QQQ", "IWM")[int(now // 4) % 3]})


@on_message(NUMBERS)
def whole_dollars(message: Message, session: Any, now: float) -> Message:
    """Tells nav and profit in whole dollars, and the drawdown in whole percent."""
    portfolio = message["data"]["portfolio"]
    changes = {"nav": round(portfolio["nav"]), "daily_pnl": round(portfolio["daily_pnl"])}
    return {
        **message,
        "data": {**message["data"], "portfolio": {**portfolio, **changes, "max_drawdown": round(-0.0149, 2)}},
    }


@on_message("it is open whether FLAT and HALT force sizes and confidence")
def surely_flat(message: Message, session: Any, now: float) -> Message:
    """Is sure of a FLAT, and has a size approved for it."""
    side = {"data.signal.side": "FLAT", "data.signal.confidence": 1}
    return merged(message, {**side, "data.governance.approved_size": 0.2})


@on_message("order, number and repetition of log entries are open")
def whole_log(message: Message, session: Any, now: float) -> Message:
    """Repeats all log entries of the connection in each packet, the newest first."""
    entries = kept(session, "entries")
    for entry in message["data"]["logs"]:
        entries[entry["timestamp"], entry["message"]] = entry
    return merged(message, {"data.logs": list(entries.values())[::-1]})


letters_and_signs = in_member(
    "letters-and-signs",
    "the document's regime has lost its accent",
    "Writes Lévy as a letter and a sign (NFD).",
    "data.market.regime",
    lambda regime: "Le\u0301vy Stable",
)
nulls_for_caches = in_member(
    "nulls-for-caches", OPTIONAL, "Says null for cache_hit_rate.", "data.models.*.cache_hit_rate", lambda rate: None
)
floats_for_counts = in_member(
    "floats-for-counts", NUMBERS, "Counts the invocations of models by 5.0.", "data.models.*.invocations", float
)
short_account = in_member(
    "short-account",
    "it is open how nav and cash relate",
    "Has nine times the cash, by short positions.",
    "data.portfolio.cash",
    lambda cash: cash * 9,
)
no_price_yet = in_member("no-price-yet", MOVES, "Has a price of 0.", "data.market.price", lambda price: 0)
log_of_wonders = in_member(
    "log-of-wonders", "what logs say is open", "Has log entries without words.", "data.logs.*.message", lambda text: ""
)
halted = in_facts("halted", MOVES, "Is halted all the time.", unseen=("BRA-CMD-09", *EVENTS), status="HALT")
initializing = in_facts(
    "initializing",
    MOVES,
    "Is initializing all the time.",
    unseen=(*AGENTS, *MODELS, *EVENTS),
    status="INITIALIZING",
)
nothing_moves = in_facts("nothing-moves", MOVES, "Has a market at rest, and no trades.", volatility=0.0, trading=False)
wild_market = in_facts(
    "wild-market", "alpha, regime and logs need not agree", "Is wild all the time.", regime="Critical", volatility=20.0
)
