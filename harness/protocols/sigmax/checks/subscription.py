"""Subscription System: what is confirmed, and who hears of what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from harness.conformance.check import Unobserved, check, expect, given
from harness.core.conversation import Conversation
from harness.core.message import Message, field_of
from harness.protocols.sigmax.checks.seeing import is_string, members, rows
from harness.protocols.sigmax.lab import SigmaxLab, SigmaxPeer
from harness.protocols.sigmax.selection import PREFIX, TOPICS
from harness.protocols.sigmax.world import TOPIC_OF

MARKET_S = 2.0
LONGEST_S = 10.0  # Between two events of the slowest topic, health.
OF_SYMBOLS = ("market_update", "analysis_update")  # Event Types: these have symbol:* as a topic, too.
PERIODIC = {"market": "market_update", "portfolio": "portfolio_update", "health": "health_update"}
UNKNOWN = "no_such_topic"


def names(message: Message, name: str) -> list[Any]:
    """The list of topics or symbols in a confirmation, symbols without their prefix."""
    found = field_of(message, f"data.{name}")
    return [e.removeprefix(PREFIX) if is_string(e) else e for e in found] if isinstance(found, list) else []


async def stays_silent(peer: SigmaxPeer, seconds: float, *types: str) -> None:
    """Demand that no message of these types comes from now on, for so long."""
    from_s = peer.now()
    await peer.pause(seconds)
    came = peer.since(from_s, *types)
    expect(not came, f"no {' or '.join(types)}", came[0] if came else None)


# What is confirmed ------------------------------------------------------------------------------


@check("SIG-SUB-01")
async def a_subscription_is_confirmed(client: SigmaxPeer, lab: SigmaxLab) -> None:
    """Of topics and symbols together, as in the sample."""
    data = {"topics": ["proposals", "executions", "analysis"], "symbols": list(lab.symbols)}
    reply = await client.ask("subscribe", "subscribed", data=data)
    expect(reply["type"] == "subscribed", "subscribed", reply)


@check("SIG-SUB-02")
async def the_confirmation_lists_the_topics(client: SigmaxPeer) -> None:
    """Those that were asked for; more are lawful, where all that is active is listed."""
    for topics in (["market"], ["proposals", "executions"]):
        with given("a confirmation"):
            reply = await client.subscribe(topics)
        expect(set(topics) <= set(names(reply, "topics")), f"data.topics to list {', '.join(topics)}", reply)


@check("SIG-SUB-03")
async def the_confirmation_lists_the_symbols(client: SigmaxPeer, lab: SigmaxLab) -> None:
    """Those that were asked for."""
    for symbol in lab.symbols:
        with given("a confirmation"):
            reply = await client.subscribe(symbols=[symbol])
        expect(symbol in names(reply, "symbols"), f"data.symbols to list {symbol}", reply)


@check("SIG-SUB-04")
def the_confirmation_has_a_message(conversation: Conversation) -> Iterator[None]:
    """Every `subscribed`."""
    yield from members(conversation, "subscribed", "data.message", is_string, "a string")


@check("SIG-SUB-05")
def the_message_counts_what_is_listed(conversation: Conversation) -> Iterator[None]:
    """Every `subscribed` whose message counts as the sample's does."""
    for reply in conversation.received("subscribed"):
        said = re.search(r"(\d+) topics?\b.*?(\d+) symbols?\b", str(field_of(reply, "data.message")))
        if said:
            counts = [str(len(names(reply, "topics"))), str(len(names(reply, "symbols")))]
            yield expect(list(said.groups()) == counts, f"{' topics and '.join(counts)} symbols in the message", reply)


@check("SIG-SUB-06")
async def every_topic_of_the_spec_is_known(client: SigmaxPeer) -> None:
    """One after the other."""
    for topic in TOPICS:
        reply = await client.ask("subscribe", "subscribed", data={"topics": [topic]})
        expect(reply["type"] == "subscribed" and topic in names(reply, "topics"), f"{topic} to be subscribed", reply)


@check("SIG-SUB-07")
async def an_end_is_confirmed(lab: SigmaxLab) -> None:
    """Unsubscribe from a topic and a symbol that were subscribed."""
    data = {"topics": ["market"], "symbols": [lab.symbols[0]]}
    with given("a subscription"):
        client = await lab.client()
        await client.subscribe(**data)
    reply = await client.ask("unsubscribe", "unsubscribed", data=data)
    expect(reply["type"] == "unsubscribed", "unsubscribed", reply)


@check("SIG-SUB-08")
async def a_new_connection_has_no_subscriptions(lab: SigmaxLab) -> None:
    """Ask for them at once, after another connection has subscribed."""
    with given("a subscription of another connection"):
        await (await lab.client()).subscribe(["market"], lab.symbols)
        client = await lab.client()
    reply = await client.selection()
    expect(names(reply, "topics") == names(reply, "symbols") == [], "empty lists", reply)


@check("SIG-SUB-09")
async def all_that_is_active_is_listed(lab: SigmaxLab) -> None:
    """After two subscriptions that add up, and one entry fewer."""
    with given("a subscription"):
        client = await lab.client()
        await client.subscribe(["market", "health"], lab.symbols[:1])
        await client.subscribe(["alerts"])
    reply = await client.selection()
    expect(set(names(reply, "topics")) >= {"market", "health", "alerts"}, "the three topics subscribed", reply)
    expect(lab.symbols[0] in names(reply, "symbols"), f"the symbol subscribed, {lab.symbols[0]}", reply)


@check("SIG-SUB-10")
async def what_was_ended_is_not_listed(lab: SigmaxLab) -> None:
    """Unsubscribe from one of two topics and the symbol."""
    with given("a subscription"):
        client = await lab.client()
        await client.subscribe(["market", "health"], lab.symbols[:1])
        await client.unsubscribe(["health"], lab.symbols[:1])
    reply = await client.selection()
    expect(names(reply, "topics") == ["market"] and not names(reply, "symbols"), "market and no symbol", reply)


@check("SIG-SUB-11")
async def what_was_not_subscribed_can_be_ended(lab: SigmaxLab) -> None:
    """Unsubscribe twice; the second time nothing is there."""
    with given("a subscription"):
        client = await lab.client()
        await client.subscribe(["market"])
        await client.unsubscribe(["market"])
    reply = await client.ask("unsubscribe", "unsubscribed", data={"topics": ["market"], "symbols": []})
    expect(reply, "an answer")


@check("SIG-SUB-12")
async def an_empty_choice_is_answered(client: SigmaxPeer) -> None:
    """Subscribe to nothing."""
    reply = await client.ask("subscribe", "subscribed", data={"topics": [], "symbols": []})
    expect(reply, "an answer")


# What is invalid --------------------------------------------------------------------------------


@check("SIG-SUB-13")
async def an_unknown_topic_is_refused(client: SigmaxPeer) -> None:
    """Subscribe to a topic that there is not."""
    reply = await client.ask("subscribe", "subscribed", data={"topics": [UNKNOWN], "symbols": []})
    expect(field_of(reply, "data.code") == "INVALID_TOPIC", "the error INVALID_TOPIC", reply)


@check("SIG-SUB-14")
async def a_malformed_symbol_is_refused(client: SigmaxPeer, lab: SigmaxLab) -> None:
    """Subscribe to a symbol without a slash, and to halves of one."""
    base, _, quote = lab.symbols[0].partition("/")
    for symbol in (base + quote, f"{base}/", f"/{quote}"):
        reply = await client.ask("subscribe", "subscribed", data={"topics": [], "symbols": [symbol]})
        expect(field_of(reply, "data.code") == "INVALID_SYMBOL", f"the error INVALID_SYMBOL about {symbol}", reply)


async def _partly_valid(lab: SigmaxLab) -> SigmaxPeer:
    """A client that has asked for a valid topic and symbol, and for an invalid one of each."""
    client = await lab.client()
    symbols = [lab.symbols[0], "NOSLASH"]
    request = await client.say("subscribe", {"topics": ["market", UNKNOWN], "symbols": symbols})
    await client.answer_to(request, "subscribed")
    await client.pause(lab.profile.quiet_s)
    return client


@check("SIG-SUB-15")
async def an_invalid_entry_is_never_listed(lab: SigmaxLab) -> None:
    """Neither in a confirmation nor among what is active."""
    with given("a request that is partly valid"):
        client = await _partly_valid(lab)
    for message in (*client.conversation.received("subscribed"), await client.selection()):
        bad = {UNKNOWN, "NOSLASH"} & {str(e) for e in (*names(message, "topics"), *names(message, "symbols"))}
        expect(not bad, "no entry that is invalid", message)


@check("SIG-SUB-16")
async def what_is_valid_beside_it_is_active_if_confirmed(lab: SigmaxLab) -> None:
    """The valid entries are all confirmed and active, or the request is refused as a whole."""
    with given("a request that is partly valid"):
        client = await _partly_valid(lab)
    confirmed = {e for m in client.conversation.received("subscribed") for e in names(m, "topics")}
    reply = await client.selection()
    active = set(names(reply, "topics"))
    expect(("market" in active) == ("market" in confirmed), "active what was confirmed, and nothing else", reply)


@check("SIG-SUB-17")
async def an_invalid_entry_is_told_of(lab: SigmaxLab) -> None:
    """By an error, whether the rest is confirmed or not."""
    with given("a request that is partly valid"):
        client = await _partly_valid(lab)
    codes = {field_of(m, "data.code") for m in client.conversation.received("error")}
    expect(codes & {"INVALID_TOPIC", "INVALID_SYMBOL"}, "INVALID_TOPIC or INVALID_SYMBOL", sorted(map(str, codes)))


# Who hears of what ------------------------------------------------------------------------------


@check("SIG-SUB-18", lasts_s=12)
async def who_has_not_subscribed_hears_nothing(lab: SigmaxLab) -> None:
    """Wait for as long as the slowest topic takes, while another connection hears of everything."""
    with given("a subscriber of everything"):
        client = await lab.client()
        await (await lab.client()).subscribe(["all"])
    await stays_silent(client, LONGEST_S + lab.profile.quiet_s, *TOPIC_OF)


def _covers(topics: set[str], symbols: set[str], message: Message) -> bool:
    """Whether such a subscription brings this event, by any reading."""
    kind = message["type"]
    if {"all", TOPIC_OF[kind]} & topics or (kind in OF_SYMBOLS and symbols):
        return True
    # The overview promises updates for specific pairs in general.
    return field_of(message, "data.symbol") in symbols


@check("SIG-SUB-19")
def events_come_only_of_what_was_subscribed(conversation: Conversation) -> Iterator[None]:
    """Every event of a topic, against all that the client had asked for before; what a command brings is free."""
    if conversation.dropped:
        return
    topics: set[str] = set()
    symbols: set[str] = set()
    asked: set[str] = set()
    for entry, message in conversation.messages():
        kind = message.get("type")
        if entry.sender == "client":
            asked.add(str(kind))
            entries = {str(e) for e in (*names(message, "topics"), *names(message, "symbols"))}
            topics |= {e for e in entries if "/" not in e}
            symbols |= {e for e in entries if "/" in e}
        elif kind in TOPIC_OF and "command" not in asked and not (kind == "system_status" and "get_status" in asked):
            yield expect(_covers(topics, symbols, message), f"no {kind} that was not subscribed", message)


@check("SIG-SUB-20", lasts_s=14)
async def each_periodic_topic_brings_its_events(lab: SigmaxLab) -> None:
    """One connection for each of market, portfolio and health."""
    with given("three subscribers"):
        clients = {topic: await lab.client() for topic in PERIODIC}
        for topic, client in clients.items():
            await client.subscribe([topic])
    for topic, client in clients.items():
        kind = PERIODIC[topic]
        expect(await client.receive(kind, within_s=LONGEST_S + lab.profile.reply_s), f"a {kind}")


@check("SIG-SUB-21", lasts_s=12)
async def status_brings_the_status(client: SigmaxPeer, lab: SigmaxLab) -> None:
    """Subscribe to status: system_status or status_change come, without being asked for."""
    with given("a subscription"):
        await client.subscribe(["status"])
    expect(
        await client.receive("system_status", "status_change", within_s=5.0 + lab.profile.reply_s), "a system_status"
    )


@check("SIG-SUB-22", lasts_s=16)
async def all_brings_everything(client: SigmaxPeer, lab: SigmaxLab) -> None:
    """Subscribe to all: each periodic event comes."""
    with given("a subscription"):
        await client.subscribe(["all"])
    for kind in (*PERIODIC.values(), "system_status"):
        kinds = (kind, "status_change") if kind == "system_status" else (kind,)
        expect(await client.receive(*kinds, within_s=LONGEST_S + lab.profile.reply_s), f"a {kind}")
    await client.pause(5.0)  # For the events without a period, which invariants judge.


@check("SIG-SUB-23", lasts_s=45)
async def immediate_topics_bring_their_events(client: SigmaxPeer) -> None:
    """Subscribe to proposals, executions and analysis, and wait for a trade."""
    with given("a subscription"):
        await client.subscribe(["proposals", "executions", "analysis"])
    await client.pause(40.0)
    seen = {TOPIC_OF[m["type"]] for m in client.conversation.received(*TOPIC_OF)}
    if not seen:
        raise Unobserved("no proposal, trade or analysis within 40 s")
    expect(seen <= {"proposals", "executions", "analysis"}, "events of these topics", sorted(seen))


@check("SIG-SUB-24", lasts_s=8)
async def a_symbol_alone_brings_its_market(client: SigmaxPeer, lab: SigmaxLab) -> None:
    """Subscribe to one symbol and no topic."""
    symbol = lab.symbols[0]
    with given("a subscription"):
        await client.subscribe(symbols=[symbol])
    update = await client.receive("market_update", within_s=MARKET_S + lab.profile.reply_s)
    expect(symbol in [row.get("symbol") for row in rows(update, "data")], f"a row of {symbol}", update)


def _only_of_symbols(conversation: Conversation) -> Iterator[tuple[set[str], Message]]:
    """Events on a connection that never asked for topics, each with all symbols asked for before."""
    symbols: set[str] = set()
    asks = conversation.sent("subscribe")
    if conversation.dropped or any(names(m, "topics") for m in asks):
        return
    for entry, message in conversation.messages():
        if entry.sender == "client":
            symbols |= {str(e) for e in names(message, "symbols")}
        elif message.get("type") in OF_SYMBOLS and symbols:
            yield symbols, message


@check("SIG-SUB-25")
def symbols_alone_bring_only_their_rows(conversation: Conversation) -> Iterator[None]:
    """Every market_update of a connection that has symbols and no topic."""
    for symbols, message in _only_of_symbols(conversation):
        if message["type"] == "market_update":
            found = {row.get("symbol") for row in rows(message, "data")}
            yield expect(found <= symbols, f"rows of {', '.join(sorted(symbols))} only", message)


@check("SIG-SUB-26", lasts_s=45)
async def symbols_alone_bring_only_their_analyses(lab: SigmaxLab) -> None:
    """Wait for analyses, while another connection hears of those of all symbols."""
    with given("a subscriber of all analyses and one of a symbol's"):
        everyone, client = await lab.client(), await lab.client()
        await client.subscribe(symbols=[lab.symbols[0]])
        await everyone.subscribe(["analysis"])
    await client.pause(40.0)
    if not everyone.conversation.received("analysis_update"):
        raise Unobserved("no analysis within 40 s")
    for symbols, message in _only_of_symbols(client.conversation):
        if message["type"] == "analysis_update":
            expect(field_of(message, "data.symbol") in symbols, f"analyses of {lab.symbols[0]} only", message)


@check("SIG-SUB-27", lasts_s=12)
async def an_ended_topic_brings_no_more(lab: SigmaxLab) -> None:
    """Unsubscribe from the market after its first event."""
    with given("a subscription of the market"):
        client = await lab.client()
        await client.subscribe(["market"])
        await client.receive("market_update", within_s=MARKET_S + lab.profile.reply_s)
        await client.unsubscribe(["market"])
        await client.pause(lab.profile.quiet_s)  # What was under way.
    await stays_silent(client, 2 * MARKET_S + lab.profile.quiet_s, "market_update")


@check("SIG-SUB-28", lasts_s=12)
async def an_ended_symbol_brings_no_more(lab: SigmaxLab) -> None:
    """Unsubscribe from the only symbol after its first row."""
    with given("a subscription of a symbol"):
        client = await lab.client()
        await client.subscribe(symbols=[lab.symbols[0]])
        await client.receive("market_update", within_s=MARKET_S + lab.profile.reply_s)
        await client.unsubscribe(symbols=[lab.symbols[0]])
        await client.pause(lab.profile.quiet_s)
    await stays_silent(client, 2 * MARKET_S + lab.profile.quiet_s, *OF_SYMBOLS)


@check("SIG-SUB-29", lasts_s=12)
async def what_was_not_ended_goes_on(lab: SigmaxLab) -> None:
    """Unsubscribe from one of two topics."""
    with given("a subscription of two topics"):
        client = await lab.client()
        await client.subscribe(["market", "portfolio"])
        await client.unsubscribe(["portfolio"])
    from_s = client.now()
    await client.pause(2 * MARKET_S + lab.profile.quiet_s)
    expect(client.since(from_s, "market_update"), "market_update as before", "none after portfolio was unsubscribed")


@check("SIG-SUB-30", lasts_s=12)
async def subscriptions_add_up(client: SigmaxPeer, lab: SigmaxLab) -> None:
    """Subscribe to one topic, then to another: both go on."""
    with given("two subscriptions"):
        await client.subscribe(["portfolio"])
        await client.subscribe(["market"])
    from_s = client.now()
    await client.pause(2 * 3.0 + lab.profile.quiet_s)
    for kind in ("market_update", "portfolio_update"):
        expect(client.since(from_s, kind), f"a {kind}", "none")


async def _copies(client: SigmaxPeer, ticks: int) -> list[Message]:
    """Messages that are like the market_update just before, and came at the same moment."""
    await client.pause(MARKET_S)  # A first event at once is lawful, and the next tick may be near.
    from_s = client.now()
    await client.pause(ticks * MARKET_S)
    entries = [(e, m) for e, m in client.conversation.messages("server", "market_update") if e.at_s >= from_s]
    if not entries:
        raise Unobserved("no market_update came")
    return [m for (e0, m0), (e, m) in pairwise(entries) if m["data"] == m0["data"] and e.at_s - e0.at_s < MARKET_S / 4]


@check("SIG-SUB-31", lasts_s=12)
async def a_repeated_subscription_brings_each_event_once(client: SigmaxPeer) -> None:
    """Subscribe to the same topic twice; both are confirmed."""
    with given("a subscription, twice"):
        for _ in range(2):
            await client.subscribe(["market"])
    copies = await _copies(client, 3)
    expect(not copies, "each market_update once", copies[0] if copies else None)


@check("SIG-SUB-32", lasts_s=12)
async def overlapping_subscriptions_bring_each_event_once(lab: SigmaxLab) -> None:
    """Subscribe to all, to the market, and to a symbol."""
    with given("subscriptions that overlap"):
        client = await lab.client()
        await client.subscribe(["all", "market"], [lab.symbols[0]])
    copies = await _copies(client, 3)
    expect(not copies, "each market_update once", copies[0] if copies else None)


@check("SIG-SUB-33", lasts_s=10)
async def subscribers_hear_the_same(lab: SigmaxLab) -> None:
    """Two subscribers of the market: updates of the same moment have the same rows."""
    with given("two subscribers of the market"):
        one, other = await lab.client(), await lab.client()
        for peer in (one, other):
            await peer.subscribe(["market"])
        await one.pause(3 * MARKET_S + lab.profile.quiet_s)
    theirs = {str(m.get("timestamp")): m for m in other.conversation.received("market_update")}
    for message in one.conversation.received("market_update"):
        twin = theirs.get(str(message.get("timestamp")))
        if twin is not None:
            expect(twin.get("data") == message.get("data"), "the rows that another subscriber got", message)
