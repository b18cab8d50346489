"""Otherwise: what is confirmed, and what a subscription brings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.core.message import Message
from harness.core.session import Effect, Effects
from harness.core.variant import in_protocol, in_session
from harness.protocols.sigmax.errors import Refusal, malformed_symbol, unknown_topic
from harness.protocols.sigmax.market import narrowed
from harness.protocols.sigmax.selection import PREFIX, TOPICS, Selection
from harness.protocols.sigmax.session import SigmaxSession
from harness.protocols.sigmax.world import TOPIC_OF, SigmaxWorld

PAIRS = "it is open whether symbols add or narrow, and what they bring"
FORM = "symbol:BASE/QUOTE is the format, and BASE/QUOTE what examples send"

# Requests and confirmations ---------------------------------------------------------------------


@in_session("subscribed may list this request, or everything active")
class ConfirmsTheWholeSet(SigmaxSession):
    """Lists all that is active in each confirmation."""

    def confirm(self, kind: str, chosen: Selection, errors: list[Effect], message: Message, now: float) -> Effects:
        """Whatever was asked for."""
        return super().confirm(
            kind, self.selection if chosen.topics or chosen.symbols else chosen, errors, message, now
        )


@in_session("it is open which part of a half valid request is applied")
class RefusesAsAWhole(SigmaxSession):
    """Does nothing of a request with an invalid entry."""

    def subscribe(self, message: Message, now: float) -> Effects:
        """All or nothing."""
        _, errors = self.read(message, now)
        return errors[:1] if errors else super().subscribe(message, now)


@in_session("no event type answers get_subscriptions by name")
class ListsUnderAnotherName(SigmaxSession):
    """Answers get_subscriptions by a message of a type of its own."""

    def get_subscriptions(self, message: Message, now: float) -> Effects:
        """By another type."""
        return (self.say("subscriptions", self.selection.confirmation("subscribed"), now, message),)


@in_session(FORM)
class KnowsNoPrefix(SigmaxSession):
    """Refuses symbol: before a pair, in symbols and in topics."""

    def read(self, message: Message, now: float) -> tuple[Selection, list[Effect]]:
        """What has the prefix, is taken out and refused."""
        data = message["data"]
        kept = {name: [e for e in data.get(name, ()) if not e.startswith(PREFIX)] for name in ("topics", "symbols")}
        chosen, errors = super().read({**message, "data": kept}, now)
        refusals: list[Refusal] = [unknown_topic(e, TOPICS) for e in data.get("topics", ()) if e.startswith(PREFIX)]
        refusals += [malformed_symbol(e) for e in data.get("symbols", ()) if e.startswith(PREFIX)]
        return chosen, [*errors, *(self.refuse(each, message, now) for each in refusals)]


@in_session("it is open whether pairs in lower case are valid")
class TakesLowerCase(SigmaxSession):
    """Takes btc/usdt for BTC/USDT."""

    def read(self, message: Message, now: float) -> tuple[Selection, list[Effect]]:
        """In capitals."""
        symbols = [symbol.upper() for symbol in message["data"].get("symbols", ())]
        return super().read({**message, "data": {**message["data"], "symbols": symbols}}, now)


# What comes -------------------------------------------------------------------------------------


@in_session("a subscription may start with a snapshot, or at the next tick")
class BeginsWithASnapshot(SigmaxSession):
    """Tells market, portfolio, health and status at once to who subscribes."""

    def subscribe(self, message: Message, now: float) -> Effects:
        """The confirmation first."""
        had = set(self.selection.topics)
        effects = list(super().subscribe(message, now))
        new = set(self.selection.topics) - had
        told: dict[str, Callable[[], tuple[str, Any]]] = {
            "market": lambda: ("market_update", self.world.market.rows(now)),
            "portfolio": lambda: ("portfolio_update", self.world.portfolio_data()),
            "status": lambda: ("system_status", self.world.status_data(now)),
            "health": lambda: ("health_update", self.world.health_data()),
        }
        return [*effects, *(self.say(*made(), now) for topic, made in told.items() if {topic, "all"} & new)]


@in_session(PAIRS)
class Narrows(SigmaxSession):
    """Symbols narrow what topics bring."""

    def noticed(self, topic: str, event: Any, now: float) -> Effects:
        """What is not chosen is left out."""
        symbols = self.selection.symbols
        if symbols and event["type"] == "market_update":
            event = {**event, "data": narrowed(event["data"], symbols)}
        if symbols and event["type"] == "analysis_update" and event["data"]["symbol"] not in symbols:
            return ()
        return super().noticed(topic, event, now)


class TellsAllOfAPair(SigmaxSession):
    """A symbol brings proposals and trades of it, too."""

    def opened(self, now: float) -> Effects:
        """Listen to one channel more."""
        for topic in ("proposals", "executions"):
            self.listen(f"{topic}/all")
        return super().opened(now)

    def noticed(self, topic: str, event: Any, now: float) -> Effects:
        """Once, though two channels bring it."""
        if topic.endswith("/all"):
            covered = {"all", topic.removesuffix("/all")} & set(self.selection.topics)
            return () if covered or event["data"]["symbol"] not in self.selection.symbols else (self.copy(event),)
        return super().noticed(topic, event, now)


class TellsTwice(SigmaxWorld):
    """Tells proposals and trades under one channel more."""

    def broadcast(self, message: Message, now: float) -> list[str]:
        """Tell it there, too."""
        channels = super().broadcast(message, now)
        topic = TOPIC_OF[message["type"]]
        if topic in ("proposals", "executions"):
            self.tell(f"{topic}/all", message, now)
        return channels


tells_all_of_a_pair = in_protocol(
    "tells-all-of-a-pair",
    PAIRS,
    "Brings proposals and trades of a symbol that is subscribed, too.",
    session=TellsAllOfAPair,
    world=TellsTwice,
)
