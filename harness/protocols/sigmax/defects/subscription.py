"""Broken servers, at subscriptions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.core.defect import in_session, on_message
from harness.core.edits import lacking
from harness.core.message import Message, merged
from harness.core.session import Effect, Effects, Session
from harness.protocols.sigmax.selection import Selection, analysis_channel
from harness.protocols.sigmax.session import SigmaxSession


def entries(topics: Iterable[str] = (), symbols: Iterable[str] = ()) -> Selection:
    """A selection of these."""
    return Selection(dict.fromkeys(topics), dict.fromkeys(symbols))


# What is confirmed ------------------------------------------------------------------------------


@on_message("SIG-SUB-01", "subscribed", also=("SIG-ENV-08", "SIG-SUB-06", "SIG-SUB-12", "SIG-SUB-16"))
def confirms_with_ok(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Confirms by a pong."""
    return {**message, "type": "pong"}


@on_message("SIG-SUB-02", "subscribed")
def lists_one_topic(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Lists the first topic alone."""
    data = message["data"]
    return (
        merged(message, {"data.topics": data["topics"][:1], "data.message": "Done"})
        if len(data["topics"]) == 2
        else message
    )


@on_message("SIG-SUB-03", "subscribed", also=("SIG-SUB-09",))
def lists_symbols_without_a_slash(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Lists symbols in a form of its own."""
    return merged(message, {"data.symbols": [symbol.replace("/", "-") for symbol in message["data"]["symbols"]]})


confirms_without_words = lacking("confirms-without-words", "SIG-SUB-04", "subscribed", "data.message")


@on_message("SIG-SUB-05", "subscribed")
def counts_wrongly(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Counts one topic more than there are."""
    data = message["data"]
    words = f"Subscribed to {len(data['topics']) + 1} topics and {len(data['symbols'])} symbols"
    return merged(message, {"data.message": words})


@in_session("SIG-SUB-06")
class KnowsNoAlerts(SigmaxSession):
    """Confirms the topic alerts without listing it."""

    def confirm(self, kind: str, chosen: Selection, errors: list[Effect], message: Message, now: float) -> Effects:
        if list(chosen.topics) == ["alerts"] and not self.selection.symbols:
            return super().confirm(kind, entries(), errors, message, now)
        return super().confirm(kind, chosen, errors, message, now)


@on_message("SIG-SUB-07", "unsubscribed", also=("SIG-ENV-08",))
def confirms_an_end_as_a_beginning(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Says subscribed where it should say unsubscribed."""
    return {**message, "type": "subscribed"}


@in_session("SIG-SUB-08")
class RemembersOthers(SigmaxSession):
    """Lists what any client has subscribed."""

    def select(self, chosen: Selection) -> None:
        vars(self.world).setdefault("known", Selection()).add(chosen)
        super().select(chosen)

    def get_subscriptions(self, message: Message, now: float) -> Effects:
        known = vars(self.world).get("known", self.selection) if not self.channels else self.selection
        return (self.say("subscribed", known.confirmation("subscribed"), now, message),)


@in_session("SIG-SUB-09")
class ListsTheLastRequest(SigmaxSession):
    """Lists only what was asked for last."""

    newest = Selection()

    def select(self, chosen: Selection) -> None:
        self.newest = chosen
        super().select(chosen)

    def deselect(self, chosen: Selection) -> None:
        super().deselect(chosen)
        self.newest = self.selection

    def get_subscriptions(self, message: Message, now: float) -> Effects:
        return (self.say("subscribed", self.newest.confirmation("subscribed"), now, message),)


@in_session("SIG-SUB-10")
class ListsWhatHasEnded(SigmaxSession):
    """Goes on listing what was unsubscribed."""

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.ever = Selection()

    def select(self, chosen: Selection) -> None:
        self.ever.add(chosen)
        super().select(chosen)

    def get_subscriptions(self, message: Message, now: float) -> Effects:
        return (self.say("subscribed", self.ever.confirmation("subscribed"), now, message),)


@in_session("SIG-SUB-11")
class SilentAboutNothing(SigmaxSession):
    """Says nothing to an unsubscribe of what is not subscribed."""

    def unsubscribe(self, message: Message, now: float) -> Effects:
        return super().unsubscribe(message, now) if self.channels else ()


@in_session("SIG-SUB-12")
class SilentAboutAnEmptyChoice(SigmaxSession):
    """Says nothing to a subscribe of nothing."""

    def subscribe(self, message: Message, now: float) -> Effects:
        return super().subscribe(message, now) if any(message["data"].values()) else ()


# What is invalid --------------------------------------------------------------------------------


def _renamed(message: Message, code: str) -> Message:
    return merged(message, {"data.code": "UNKNOWN"}) if message["data"]["code"] == code else message


@on_message("SIG-SUB-13", "error")
def topics_have_another_code(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Says UNKNOWN of a topic that there is not."""
    return _renamed(message, "INVALID_TOPIC")


@on_message("SIG-SUB-14", "error")
def symbols_have_another_code(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Says UNKNOWN of a symbol that is none."""
    return _renamed(message, "INVALID_SYMBOL")


@in_session("SIG-SUB-15")
class ListsWhatItRefuses(SigmaxSession):
    """Tells of an invalid entry, and confirms it."""

    def confirm(self, kind: str, chosen: Selection, errors: list[Effect], message: Message, now: float) -> Effects:
        if errors and chosen.topics:
            chosen = entries(message["data"]["topics"], chosen.symbols)
        return super().confirm(kind, chosen, errors, message, now)


@in_session("SIG-SUB-16")
class ConfirmsWithoutDoing(SigmaxSession):
    """Confirms the valid entries beside an invalid one, and forgets them."""

    def subscribe(self, message: Message, now: float) -> Effects:
        chosen, errors = self.read(message, now)
        return self.confirm("subscribed", chosen, errors, message, now) if errors else super().subscribe(message, now)


@in_session("SIG-SUB-17")
class OverlooksWhatIsInvalid(SigmaxSession):
    """Says nothing of invalid entries beside valid ones."""

    def confirm(self, kind: str, chosen: Selection, errors: list[Effect], message: Message, now: float) -> Effects:
        return super().confirm(kind, chosen, [] if chosen.topics else errors, message, now)


# Who hears of what ------------------------------------------------------------------------------


@in_session("SIG-SUB-18", also=("SIG-SUB-19", "SIG-SUB-23"))
class TellsEverybodyOfHealth(SigmaxSession):
    """Sends health to all clients."""

    def opened(self, now: float) -> Effects:
        self.listen("health")
        return super().opened(now)


@in_session("SIG-SUB-19")
class TellsOfTheMarketWithThePortfolio(SigmaxSession):
    """Who subscribes to the portfolio hears of the market, too."""

    def retune(self) -> None:
        super().retune()
        if "portfolio" in self.selection.topics:
            self.listen("market")


@in_session("SIG-SUB-20", also=("SIG-SUB-29", "SIG-SUB-30", "SIG-TIME-01"))
class SilentMarket(SigmaxSession):
    """The topic market brings nothing."""

    def noticed(self, topic: str, event: Any, now: float) -> Effects:
        return () if topic == "market" else super().noticed(topic, event, now)


@in_session("SIG-SUB-21", also=("SIG-TIME-03",))
class SilentStatus(SigmaxSession):
    """The topic status brings nothing."""

    def noticed(self, topic: str, event: Any, now: float) -> Effects:
        return () if topic == "status" else super().noticed(topic, event, now)


@in_session("SIG-SUB-22")
class NotQuiteAll(SigmaxSession):
    """The topic all brings no health."""

    def noticed(self, topic: str, event: Any, now: float) -> Effects:
        return () if topic == "all" and event["type"] == "health_update" else super().noticed(topic, event, now)


@in_session("SIG-SUB-23", also=("SIG-SUB-19",))
class TellsOfHealthWithAnalyses(SigmaxSession):
    """Who subscribes to analyses hears of the system's health, too."""

    def retune(self) -> None:
        super().retune()
        if "analysis" in self.selection.topics:
            self.listen("health")


@in_session("SIG-SUB-24")
class SilentSymbols(SigmaxSession):
    """Symbols bring no market rows."""

    def noticed(self, topic: str, event: Any, now: float) -> Effects:
        return () if topic.startswith("market/") else super().noticed(topic, event, now)


@in_session("SIG-SUB-25")
class AllRowsForAnySymbol(SigmaxSession):
    """A symbol brings the whole market."""

    def retune(self) -> None:
        super().retune()
        if self.selection.symbols and not self.selection.topics:
            self.listen("market")
        elif "market" not in self.channels:
            self.context.topics.leave("market", self)


@in_session("SIG-SUB-26", also=("SIG-SUB-28",))
class AllAnalysesForAnySymbol(SigmaxSession):
    """A symbol brings the analyses of all."""

    def retune(self) -> None:
        super().retune()
        for symbol in self.world.market.pairs if self.selection.symbols else ():
            self.listen(analysis_channel(symbol))


@in_session("SIG-SUB-27")
class NeverEndsTopics(SigmaxSession):
    """Goes on with topics that were unsubscribed."""

    def deselect(self, chosen: Selection) -> None:
        super().deselect(chosen)
        for topic in chosen.topics:
            self.listen(topic)


@in_session("SIG-SUB-28")
class NeverEndsSymbols(SigmaxSession):
    """Goes on with symbols that were unsubscribed."""

    def deselect(self, chosen: Selection) -> None:
        kept = list(self.channels)
        super().deselect(chosen)
        for channel in kept if chosen.symbols and not chosen.topics else ():
            self.listen(channel)


@in_session("SIG-SUB-29")
class EndsEverything(SigmaxSession):
    """An unsubscribe ends all that is told, and lists what is left as it should."""

    def deselect(self, chosen: Selection) -> None:
        super().deselect(chosen)
        self.context.topics.leave_all(self)


@in_session("SIG-SUB-30")
class KeepsTheLastSubscription(SigmaxSession):
    """A further subscribe takes the place of the one before, which goes on being listed."""

    def select(self, chosen: Selection) -> None:
        super().select(chosen)
        for channel in self.channels:
            if channel not in chosen.channels():
                self.context.topics.leave(channel, self)


class _Copying(SigmaxSession):
    copies = 1

    def noticed(self, topic: str, event: Any, now: float) -> Effects:
        effects = tuple(super().noticed(topic, event, now))
        return effects * (self.copies if event["type"] == "market_update" else 1)


@in_session("SIG-SUB-31")
class CountsRepeats(_Copying):
    """Sends the market as many times as it was subscribed."""

    def select(self, chosen: Selection) -> None:
        if "market" in self.selection.topics:
            self.copies += 1
        super().select(chosen)


@in_session("SIG-SUB-32")
class CountsOverlaps(_Copying):
    """Sends the market for each subscription that brings it."""

    def select(self, chosen: Selection) -> None:
        super().select(chosen)
        self.copies = max(1, len({"all", "market"} & set(self.selection.topics)))


@on_message("SIG-SUB-33", "market_update")
def each_hears_another_market(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Makes up the volumes for each client."""
    rows = [{**row, "volume_24h": row["volume_24h"] + session.context.chance.random()} for row in message["data"]]
    return {**message, "data": rows}
