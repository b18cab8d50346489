"""SIGMAX's load users: subscribers of mixed topics, who ask, command and change their minds."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from harness.core.message import Message
from harness.load.behaviour import Behaviour
from harness.load.dial import Dial
from harness.load.targets import Pace
from harness.protocols.sigmax.rules import Facts, Rules
from harness.protocols.sigmax.seats import SEATS

RULES, FACTS = Rules(), Facts()
INTERESTS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (  # Topics and symbols: those of the spec's Examples.
    (("proposals", "executions", "analysis"), ("BTC/USDT", "ETH/USDT")),  # Monitor All Trading Activity
    (("market", "analysis"), ("BTC/USDT",)),  # Track Specific Symbol
    (("portfolio", "executions", "health"), ()),  # Portfolio Monitoring Dashboard
    (("status", "health", "alerts"), ()),  # Who runs the system.
)
PERIODS_S = {  # Available Topics: those with an update frequency.
    "market": FACTS.market_every_s,
    "portfolio": FACTS.portfolio_every_s,
    "status": FACTS.status_every_s,
    "health": FACTS.health_every_s,
}
STREAM_OF = {
    "market_update": "market",
    "portfolio_update": "portfolio",
    "system_status": "status",
    "health_update": "health",
}
ROWS_OF = {  # What a reply without a request_id may answer.
    "subscribed": ("subscribe",),
    "unsubscribed": ("unsubscribe",),
    "pong": ("ping",),
    "system_status": ("get_status", "command"),
    "error": (),
}
GREETING = "greeting"


class SigmaxSubscriber(Behaviour):
    """A client with one of the interests that the spec's examples have, and another one later."""

    PACES = {
        "ping_s": Pace(30.0, 0.1),  # Client Settings: ping_interval
        "status_s": Pace(15.0, 0.1),
        "command_s": Pace(20.0, 2 * RULES.commands.window_s / RULES.commands.count),
        "change_s": Pace(20.0, 0.5),
    }
    ROWS = {
        "connect": "TCP and opening handshake; a connection that ends is an error here",
        "connected": "the end of the handshake to connected",
        "subscribe": "subscribe to subscribed, known by request_id",
        "unsubscribe": "unsubscribe to unsubscribed, known by request_id",
        "ping": "ping to pong, known by request_id",
        "get_status": "get_status to its system_status, known by request_id",
        "command": "command to whatever answers it, known by request_id; the spec says of no command what it does",
        "market": "a market_update to the next one, of those who subscribe to the topic",
        "portfolio": "a portfolio_update to the next one",
        "status": "a system_status that nobody asked for to the next one",
        "health": "a health_update to the next one",
        "event": "the timestamp of any event to its arrival; only where both clocks are one machine's",
    }
    ONE_CLOCK_ROWS = frozenset({"event"})
    TARGETS = Path(__file__).with_name("targets.toml")

    def dial(self, url: str) -> Dial:
        """With a key only where some were given."""
        return SEATS.dial(url, self.shell.chance.choice(self.shell.tokens or ("",)))

    def opened(self, now_s: float) -> None:
        """Wait to be greeted."""
        self.numbers = itertools.count(1)
        self.echoes = False  # Whether the server names the request that it answers.
        self.interest = self.shell.chance.choice(INTERESTS)
        self.expect("connected", None, GREETING, now_s)

    def received(self, message: Message, arrived_s: float, size: int) -> None:
        """A reply, the server's ping, or an event."""
        kind = str(message.get("type"))
        request_id = self.answered(kind, message)
        if kind == "error":
            self.refused(request_id, message, arrived_s, size)
        elif request_id is not None:
            self.answer(request_id, arrived_s, size)
            if kind == "subscribed":
                self.watch_topics(arrived_s)
        elif kind == "connected" and self.settle("connected", None, arrived_s, size):
            self.begin(arrived_s)
        elif kind == "ping":
            self.shell.send({"type": "pong", "data": {}})
        elif kind not in ("connected", "pong", "subscribed", "unsubscribed"):
            self.tick(STREAM_OF.get(kind, kind), arrived_s, size)
            self.delay("event", message["timestamp"], arrived_s, size)

    # What a subscriber does ---------------------------------------------------------------------

    def begin(self, now_s: float) -> None:
        """Greeted: subscribe, and start to act at the plan's paces."""
        self.subscribe(now_s)
        self.every("ping_s", lambda due_s: self.ask("ping", "ping", {}, due_s))
        self.every("status_s", lambda due_s: self.ask("get_status", "get_status", {}, due_s))
        self.every("command_s", self.command)
        self.every("change_s", self.change)

    def subscribe(self, due_s: float) -> None:
        """To what is of interest."""
        topics, symbols = self.interest
        self.ask("subscribe", "subscribe", {"topics": list(topics), "symbols": list(symbols)}, due_s)

    def change(self, due_s: float) -> None:
        """Leave all that was subscribed, for something else."""
        topics, symbols = self.interest
        for topic in topics:
            self.unwatch(topic)
        self.ask("unsubscribe", "unsubscribe", {"topics": list(topics), "symbols": list(symbols)}, due_s)
        self.interest = self.shell.chance.choice([each for each in INTERESTS if each != self.interest])
        self.subscribe(due_s)

    def watch_topics(self, now_s: float) -> None:
        """Subscribed: from now on, what has a frequency should come at it."""
        for topic in self.interest[0]:
            if topic in PERIODS_S:
                self.watch(topic, PERIODS_S[topic], now_s)

    def command(self, due_s: float) -> None:
        """One that changes nothing."""
        self.ask("command", "command", {"command": "analyze", "symbol": "BTC/USDT"}, due_s)

    # Asking -------------------------------------------------------------------------------------

    def ask(self, row: str, kind: str, data: Message, due_s: float) -> None:
        """Send a message with a request_id of its own."""
        request_id = f"req-{next(self.numbers)}"
        self.expect(row, request_id, request_id, due_s)
        self.shell.send({"type": kind, "data": data, "request_id": request_id})

    def answered(self, kind: str, message: Message) -> str | None:
        """The request that this message answers; of a server that names none, the oldest that it can be."""
        named: str | None = _request_id_of(message)
        if named is not None:
            self.echoes = True
            return named
        if kind in ROWS_OF and (kind == "error" or not self.echoes):
            return self.replies.oldest_request(*ROWS_OF[kind])
        return None

    def refused(self, request_id: str | None, message: Message, arrived_s: float, size: int) -> None:
        """An error. A command may be unknown to the server, and is answered all the same."""
        if request_id is None or not self.settle("command", request_id, arrived_s, size):
            self.refuse(request_id, f"error {message['data'].get('code')}", arrived_s)


def _request_id_of(message: Message) -> Any:
    data = message.get("data")
    found = message.get("request_id")
    return data.get("request_id") if found is None and isinstance(data, dict) else found
