"""Servers that read the spec in another way than our mock, and are right as well: no check may fail one of them."""

import asyncio
import random
from dataclasses import replace

import pytest

from harness import protocols
from harness.conformance import suite
from harness.conformance.memory import MemoryOpener
from harness.conformance.peer import Answer
from harness.conformance.rehearsal import rehearse
from harness.conformance.runner import Options, run
from harness.core.clock import Clock, run_virtual
from harness.core.defect import Defect, in_rules, in_session, in_world, on_message
from harness.core.message import merged
from harness.protocols.sigmax.errors import cannot
from harness.protocols.sigmax.market import narrowed
from harness.protocols.sigmax.session import SigmaxSession, State
from harness.protocols.sigmax.world import TOPIC_OF, SigmaxWorld
from harness.scenario.house import House

SIGMAX = suite.load("sigmax")
MOCK = protocols.load("sigmax")

PF = "portfolio_update"


@on_message("")
def members_of_its_own(message, session, now):
    """Adds members that the spec does not name."""
    return {
        **message,
        "node": 7,
        "data": message["data"] if message["type"] == "market_update" else {**message["data"], "trace": {"hop": 1}},
    }


@on_message("")
def echoes_nothing(message, session, now):
    """Gives no request_id back."""
    return {name: value for name, value in message.items() if name != "request_id"}


@on_message("")
def echoes_in_data(message, session, now):
    """Gives the request_id back in the data."""
    request_id = message.pop("request_id", None)
    return message if request_id is None else merged(message, {"data.request_id": request_id})


@on_message("", "error", *TOPIC_OF)
def nameless_events(message, session, now):
    """Leaves the connection_id out of events and errors, as the examples do."""
    return {name: value for name, value in message.items() if name != "connection_id"}


@on_message("", "connected")
def id_in_the_data_only(message, session, now):
    """Greets with the connection_id in the data."""
    return {name: value for name, value in message.items() if name != "connection_id"}


@on_message("", "connected")
def id_in_the_envelope_only(message, session, now):
    """Greets with empty data."""
    return {**message, "data": {}}


@on_message("")
def finer_times_in_another_spelling(message, session, now):
    """Tells times to the microsecond, with +00:00."""
    return {**message, "timestamp": message["timestamp"].replace("Z", "000+00:00")}


@on_message("")
def whole_seconds(message, session, now):
    """Tells times in whole seconds."""
    return {**message, "timestamp": f"{message['timestamp'][:19]}Z"}


@in_session("")
class ConfirmsTheWholeSet(SigmaxSession):
    """Lists all that is active in each confirmation."""

    def confirm(self, kind, chosen, errors, message, now):
        return super().confirm(
            kind, self.selection if chosen.topics or chosen.symbols else chosen, errors, message, now
        )


@in_session("")
class RefusesAsAWhole(SigmaxSession):
    """Does nothing of a request with an invalid entry."""

    def subscribe(self, message, now):
        _, errors = self.read(message, now)
        return errors[:1] if errors else super().subscribe(message, now)


@in_session("")
class BeginsWithASnapshot(SigmaxSession):
    """Tells market, portfolio, health and status at once to who subscribes."""

    def subscribe(self, message, now):
        had = set(self.selection.topics)
        effects = list(super().subscribe(message, now))
        new = set(self.selection.topics) - had
        told = {
            "market": lambda: ("market_update", self.world.market.rows(now)),
            "portfolio": lambda: ("portfolio_update", self.world.portfolio_data()),
            "status": lambda: ("system_status", self.world.status_data(now)),
            "health": lambda: ("health_update", self.world.health_data()),
        }
        return [*effects, *(self.say(*made(), now) for topic, made in told.items() if {topic, "all"} & new)]


@in_session("")
class Narrows(SigmaxSession):
    """Symbols narrow what topics bring."""

    def noticed(self, topic, event, now):
        symbols = self.selection.symbols
        if symbols and event["type"] == "market_update":
            event = {**event, "data": narrowed(event["data"], symbols)}
        if symbols and event["type"] == "analysis_update" and event["data"]["symbol"] not in symbols:
            return ()
        return super().noticed(topic, event, now)


@in_session("")
class TellsAllOfAPair(SigmaxSession):
    """A symbol brings proposals and trades of it, too."""

    def opened(self, now):
        for topic in ("proposals", "executions"):
            self.listen(f"{topic}/all")
        return super().opened(now)

    def noticed(self, topic, event, now):
        if topic.endswith("/all"):
            covered = {"all", topic.removesuffix("/all")} & set(self.selection.topics)
            return () if covered or event["data"]["symbol"] not in self.selection.symbols else (self.copy(event),)
        return super().noticed(topic, event, now)


class TellsTwice(SigmaxWorld):
    """Tells proposals and trades under one channel more."""

    def broadcast(self, message, now):
        channels = super().broadcast(message, now)
        topic = TOPIC_OF[message["type"]]
        if topic in ("proposals", "executions"):
            self.tell(f"{topic}/all", message, now)
        return channels


tells_all_of_a_pair = Defect(
    "tells-all-of-a-pair", "", (), "", lambda p: replace(TellsAllOfAPair.apply(p), world=TellsTwice)
)


@on_message("", PF)
def unrounded(message, session, now):
    """Gives figures as they are reckoned."""
    positions = [
        {
            **p,
            "value": p["size"] * p["current_price"],
            "pnl": p["size"] * (p["current_price"] - p["entry_price"]),
            "pnl_percent": 100 * (p["current_price"] / p["entry_price"] - 1),
        }
        for p in message["data"]["positions"]
    ]
    return merged(message, {"data.positions": positions})


@on_message("", PF)
def prices_to_the_cent(message, session, now):
    """Rounds entry prices to the cent."""
    positions = [{**p, "entry_price": round(p["entry_price"], 2)} for p in message["data"]["positions"]]
    return merged(message, {"data.positions": positions})


@on_message("", PF, "market_update")
def whole_numbers(message, session, now):
    """Writes 95000 for 95000.0."""

    def whole(value):
        if isinstance(value, dict):
            return {name: whole(each) for name, each in value.items()}
        if isinstance(value, list):
            return [whole(each) for each in value]
        return int(value) if isinstance(value, float) and value.is_integer() else value

    return whole(message)


@on_message("", PF)
def percent_of_the_capital(message, session, now):
    """Takes what there was at the start for the base of the percentage."""
    return merged(message, {"data.total_pnl_percent": message["data"]["total_pnl"] / 1000})


@on_message("", PF)
def percent_of_the_cost(message, session, now):
    """Takes what the positions cost for the base of the percentage."""
    cost = sum(p["size"] * p["entry_price"] for p in message["data"]["positions"])
    return merged(message, {"data.total_pnl_percent": 100 * message["data"]["total_pnl"] / cost if cost else 0})


@on_message("", PF)
def reserves(message, session, now):
    """Counts money into the total that is not available."""
    return merged(message, {"data.total_value": message["data"]["total_value"] + 2500})


@on_message("", "trade_executed")
def free_of_charge(message, session, now):
    """Takes no fees."""
    return merged(message, {"data.fee": 0})


@on_message("", "proposal_approved")
def bare_approvals(message, session, now):
    """Approves by the id alone."""
    return {**message, "data": {"proposal_id": message["data"]["proposal_id"]}}


@in_session("")
class ListsUnderAnotherName(SigmaxSession):
    """Answers get_subscriptions by a message of a type of its own."""

    def get_subscriptions(self, message, now):
        return (self.say("subscriptions", self.selection.confirmation("subscribed"), now, message),)


@in_session("")
class AnswersCommandsByAName(SigmaxSession):
    """Answers commands by a message of a type of its own."""

    def command(self, message, now):
        return (self.say("command_result", {"ok": False}, now, message),)


@in_session("")
class WantsOtherCodes(SigmaxSession):
    """Has INVALID_TOPIC for topics of a wrong shape."""

    def refused(self, problem, now):
        effects = super().refused(problem, now)
        is_topics = problem.where.startswith("data.topics")
        return (self.say("error", {**cannot("topics").data, "code": "INVALID_TOPIC"}, now),) if is_topics else effects


@in_session("")
class ServesTheKeyless(SigmaxSession):
    """Serves clients without a key, where one is set."""

    def turn_away(self, code, details, close_code, now):
        if code == "AUTHENTICATION_FAILED" and "api_key" not in self.context.request.query:
            return (self.say("connected", self.greeting(), now),)
        return super().turn_away(code, details, close_code, now)


@in_session("")
class ClosesWithoutAWord(SigmaxSession):
    """Keeps the connection of who was turned away, and says nothing more."""

    def turn_away(self, code, details, close_code, now):
        self.state = State.REFUSED
        return list(super().turn_away(code, details, close_code, now))[:1]


def _with_facts(name, **facts):
    return Defect(name, "", (), "", lambda p: replace(p, facts=replace(p.facts, **facts)))


@in_world("")
class TicksLate(SigmaxWorld):
    """Begins its ticks in the midst of a period, and drifts a little."""

    def _tick(self, every_s, beat, number):
        def ring(now):
            self._tick(every_s, beat, number + 1)
            beat(now)

        self.agenda.at(number * every_s * 1.02 + 0.37, ring)


LAWFUL = [
    members_of_its_own,
    echoes_nothing,
    echoes_in_data,
    nameless_events,
    id_in_the_data_only,
    id_in_the_envelope_only,
    finer_times_in_another_spelling,
    whole_seconds,
    ConfirmsTheWholeSet,
    RefusesAsAWhole,
    BeginsWithASnapshot,
    Narrows,
    tells_all_of_a_pair,
    unrounded,
    prices_to_the_cent,
    whole_numbers,
    percent_of_the_capital,
    percent_of_the_cost,
    reserves,
    free_of_charge,
    bare_approvals,
    ListsUnderAnotherName,
    AnswersCommandsByAName,
    WantsOtherCodes,
    ServesTheKeyless,
    ClosesWithoutAWord,
    TicksLate,
    _with_facts("proposals-come-to-nothing", proposals="left"),
    _with_facts("refuses-proposals", proposals="refused"),
    _with_facts("a-wild-market", volatility=100.0),
    _with_facts("an-alert-storm", alerts_per_second=20.0),
    _with_facts("a-market-at-rest", volatility=0.0),
    in_rules("slow-to-give-up", "", "Ends silent connections late.", timeout_s=85.0),
]


def failed(report):
    assert report.broken == []
    return [(v.id, v.reason) for v in report.of("failed")]


@pytest.mark.parametrize("server", LAWFUL, ids=lambda server: server.name)
def test_a_lawful_server_fails_no_check(server):
    assert failed(rehearse(SIGMAX, server.apply(MOCK))) == []


def test_where_nothing_is_traded_nothing_of_trades_is_observed():
    report = rehearse(SIGMAX, _with_facts("", proposals="left").apply(MOCK))
    assert {v.id[:8] for v in report.of("not-observed")} == {"SIG-EXE-", "SIG-PROP", "SIG-PF-0", "SIG-PF-1"}


class Doorkeeper(MemoryOpener):
    """A server that knows keys and places before the upgrade, and refuses the handshake."""

    statuses = (401, 503)

    async def open(self, offer, peer):
        closed, full = self.statuses
        if "scenario=key-required" in offer.url and "api_key=demo-key" not in offer.url:
            return Answer(closed), None
        links = [
            link for (_, name), d in self.house.drivers.items() if name.endswith("-limit") for link in d.stage.links
        ]
        if "connection-limit" in offer.url and len(links) >= 2:
            return Answer(full), None
        return await super().open(offer, peer)


@pytest.mark.parametrize("statuses", [(401, 503), (403, 429)])
def test_who_is_turned_away_may_be_refused_in_the_handshake(demo, statuses):
    assert {v.verdict for v in at_the_door(demo, statuses).verdicts} == {"passed", "excluded"}


def test_a_handshake_refused_for_no_reason_is_a_failure(demo):
    report = at_the_door(demo, (500, 500))
    assert {v.id for v in report.of("failed")} == {"SIG-AUTH-02", "SIG-LIM-01"}


def at_the_door(demo, statuses):
    async def play():
        clock, loop = Clock(), asyncio.get_running_loop()
        opener = Doorkeeper(House({"sigmax": MOCK}, lambda: clock.wall_s(loop.time())))
        opener.statuses = statuses
        options = Options(only=("SIG-AUTH", "SIG-LIM"))
        return await run(SIGMAX, demo(SIGMAX), opener, lambda: clock.wall_s(loop.time()), options)

    return run_virtual(play())


def test_where_the_profile_has_no_key_nothing_of_keys_is_observed():
    profile = replace(SIGMAX.demo_profile("ws://mock/api/ws", random.Random(1)), tokens=(), urls={})
    report = rehearse(SIGMAX, MOCK, Options(only=("SIG-AUTH",)), profile)
    assert {v.reason for v in report.of("not-observed")} == {"the profile names no API key (tokens)"}


def test_a_key_in_the_url_will_do():
    target = "ws://mock/api/ws?scenario=key-required&stage=keys&api_key=demo-key"
    profile = replace(SIGMAX.demo_profile(target, random.Random(1)), tokens=(), urls={})
    report = rehearse(SIGMAX, MOCK, Options(only=("SIG-AUTH",)), profile)
    assert [v.verdict for v in report.verdicts] == ["passed", "passed", "passed", "excluded"]


def test_where_nobody_is_turned_away_the_limit_is_not_observed():
    profile = replace(SIGMAX.demo_profile("ws://mock/api/ws", random.Random(1)), urls={})
    report = rehearse(
        SIGMAX, replace(MOCK, rules=replace(MOCK.rules, max_connections=5000)), Options(only=("SIG-LIM-01",)), profile
    )
    assert report["SIG-LIM-01"].reason.startswith("the server takes 1001 connections")


@pytest.mark.parametrize("scenario", ["slow-network", "alert-storm", "flash-crash", "proposal-refused"])
def test_neither_a_bad_line_nor_a_wild_world_is_a_failure(scenario):
    profile = SIGMAX.demo_profile("ws://mock/api/ws", random.Random(1))
    target = f"ws://mock/api/ws?stage=wild&scenario={scenario}"
    assert failed(rehearse(SIGMAX, MOCK, profile=replace(profile, target=target))) == []
