"""What a client is subscribed to: topics, symbols, and the channels of the world that together make that of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from harness.core.message import Message
from harness.protocols.sigmax.errors import Refusal, cannot, malformed_symbol, unknown_topic
from harness.protocols.sigmax.rules import SYMBOL

# Available Topics
TOPICS = ("all", "proposals", "executions", "analysis", "status", "market", "portfolio", "health", "alerts")

# Of topics and symbols in a message, and of symbols of a connection: more would keep all other clients waiting.
MOST_ENTRIES = 1000

PREFIX = "symbol:"  # Symbol Subscriptions: the long form of a symbol, as which it is a topic, too.


@dataclass(slots=True)
class Selection:
    """Topics and symbols, each once, in the order in which they were said."""

    topics: dict[str, None] = field(default_factory=dict)
    symbols: dict[str, None] = field(default_factory=dict)

    def add(self, other: Selection) -> None:
        """Have those of `other`, too."""
        self.topics.update(other.topics)
        self.symbols.update(other.symbols)

    def remove(self, other: Selection) -> None:
        """Have those of `other` no more. `all` is an entry as any: without it, single topics stay."""
        for topic in other.topics:
            self.topics.pop(topic, None)
        for symbol in other.symbols:
            self.symbols.pop(symbol, None)

    def confirmation(self, kind: str) -> dict[str, Any]:
        """The data of a `subscribed` or `unsubscribed`, in the words of the sample."""
        verb = "Subscribed to" if kind == "subscribed" else "Unsubscribed from"
        topics, symbols = list(self.topics), list(self.symbols)
        message = f"{verb} {len(topics)} topics and {len(symbols)} symbols"
        return {"topics": topics, "symbols": symbols, "message": message}

    def channels(self) -> list[str]:
        """The channels that bring each event of this selection once, however its entries overlap.

        Symbols bring market rows and analyses (Event Types) where no topic brings all of these already.
        """
        if "all" in self.topics:
            return ["all"]
        channels = list(self.topics)
        if "analysis" not in self.topics:
            channels += [analysis_channel(symbol) for symbol in self.symbols]
        if "market" not in self.topics and self.symbols:
            channels.append(market_channel(self.symbols))
        return channels


def analysis_channel(symbol: str) -> str:
    """The channel of the analyses of one symbol."""
    return f"analysis/{symbol}"


def market_channel(symbols: Iterable[str]) -> str:
    """The channel of the market rows of just these symbols; the same for all who chose the same."""
    return "market/" + " ".join(sorted(symbols))


def symbols_of(channel: str) -> frozenset[str]:
    """The symbols of a market channel.

    >>> sorted(symbols_of(market_channel(["ETH/USDT", "BTC/USDT"])))
    ['BTC/USDT', 'ETH/USDT']
    """
    return frozenset(channel.removeprefix("market/").split())


def read(data: Message) -> tuple[Selection, list[Refusal]]:
    """The valid entries of a subscribe or unsubscribe, and a refusal of each of the others."""
    selection, refusals = Selection(), []
    entries = [(topic, topic.startswith(PREFIX)) for topic in data.get("topics", ())]
    entries += [(symbol, True) for symbol in data.get("symbols", ())]
    if len(entries) > MOST_ENTRIES:
        return selection, [cannot(f"data: expected at most {MOST_ENTRIES} topics and symbols, found {len(entries)}")]
    for entry, is_symbol in entries:
        word = entry.removeprefix(PREFIX) if is_symbol else entry
        if is_symbol and SYMBOL.fullmatch(word):
            selection.symbols[word] = None
        elif not is_symbol and word in TOPICS:
            selection.topics[word] = None
        else:
            refusals.append(malformed_symbol(entry) if is_symbol else unknown_topic(entry, TOPICS))
    return selection, refusals
