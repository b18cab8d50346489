"""One client's side of SIGMAX, as a transition table."""

from __future__ import annotations

import math
from enum import Enum
from typing import Any

from harness.core.limits import SlidingWindow
from harness.core.message import Message, Problem, uuid4
from harness.core.session import Close, Context, Effect, Effects, Send, Session
from harness.protocols.sigmax import scripting, selection
from harness.protocols.sigmax.errors import Refusal, cannot, malformed_symbol, unknown_command
from harness.protocols.sigmax.rules import SYMBOL, Rules
from harness.protocols.sigmax.selection import MOST_ENTRIES, PREFIX, Selection
from harness.protocols.sigmax.world import TOPIC_OF, SigmaxWorld


class State(Enum):
    """Whether this client is served."""

    OPEN = "open"
    REFUSED = "refused"  # Told so, and closed.


class SigmaxSession(Session[SigmaxWorld, Rules]):
    """SIGMAX, as it should be."""

    MOVES = {
        (State.OPEN, "subscribe"): "subscribe",
        (State.OPEN, "unsubscribe"): "unsubscribe",
        (State.OPEN, "ping"): "ping",
        (State.OPEN, "pong"): "pong",
        (State.OPEN, "command"): "command",
        (State.OPEN, "get_status"): "get_status",
        (State.OPEN, "get_subscriptions"): "get_subscriptions",
    }

    COMMANDS = {
        "pause": "do_pause",
        "resume": "do_resume",
        "analyze": "do_analyze",
        "approve_proposal": "do_approve_proposal",
    }

    def __init__(self, context: Context[SigmaxWorld, Rules]) -> None:
        super().__init__(context)
        self.state = State.OPEN
        self.id = f"conn-{uuid4(context.chance)}"
        self.selection = Selection()
        self.channels: list[str] = []
        self.commands = SlidingWindow(self.rules.commands)

    # What the stage calls -----------------------------------------------------------------------

    def opened(self, now: float) -> Effects:
        """Connection Flow: the greeting, or the refusal in its place. The key is looked at first."""
        self.heard_at = now
        if not self.may_enter():
            return self.turn_away("AUTHENTICATION_FAILED", "Connect with ?api_key= and the right key", 1008, now)
        if len(self.world.connections) >= self.rules.max_connections:
            text = f"All {self.rules.max_connections} connections are taken; wait and retry"
            return self.turn_away("MAX_CONNECTIONS_EXCEEDED", text, 1013, now)
        self.world.connections.add(self.id)
        self.every(self.rules.heartbeat_every_s, now, lambda then: (self.say("ping", {}, then),))
        self.when_idle(self.rules.timeout_s, now, lambda then: (Close(1001, "no heartbeat"),))
        return (self.say("connected", self.greeting(), now),)

    def arrived(self, message: Message | Problem, now: float) -> Effects | None:
        """Any JSON object is a sign of life. Commands are counted, answered by a script or not."""
        if isinstance(message, Problem):
            if message.kind != "json":
                self.heard_at = now
            return None
        self.heard_at = now
        if message["type"] != "command" or self.commands.allows(now):
            return None
        wait_s = math.ceil(10 * self.commands.retry_after_s(now)) / 10  # Who waits as long as told is early never.
        text = f"Commands are limited to {self.rules.commands}; wait {wait_s:.1f} s before sending more"
        return (self.refuse(cannot(text), message, now),)

    def received(self, message: Message, now: float) -> Effects:
        """Answer a valid message."""
        try:
            return super().received(message, now)
        except Refusal as refusal:
            return (self.refuse(refusal, message, now),)

    def refused(self, problem: Problem, now: float) -> Effects:
        """What is no valid message keeps the connection."""
        return (self.refuse(cannot(str(problem)), problem.message, now),)

    def unexpected(self, message: Message, now: float) -> Effects:
        """Who was refused gets no answer."""
        return ()

    def failed(self, message: Message | None, now: float) -> Effects:
        """A bug of the mock: the connection stays."""
        return (self.refuse(cannot("The server failed on this message"), message, now),)

    def noticed(self, topic: str, event: Any, now: float) -> Effects:
        """An event of what is subscribed: the same message for all, with this client's connection_id."""
        return (self.copy(event),)

    def scripted(
        self, name: str, variant: str | None, changes: Message, trigger: Message | None, now: float
    ) -> Effects:
        """What a scenario wants said. Events of a topic happen for all; this client hears of them in any case."""
        if name in TOPIC_OF and not (name == "system_status" and trigger is not None):
            message, channels = scripting.happen(self.world, name, variant, changes, now)
            is_told = not set(channels).isdisjoint(self.channels)
            return () if is_told else (self.copy(message),)
        return (self.copy(scripting.answer(self, name, variant, changes, trigger, now), trigger),)

    def closed(self, now: float) -> None:
        """The connection is gone, and its place is free."""
        super().closed(now)
        self.world.connections.discard(self.id)

    # Subscription System ------------------------------------------------------------------------

    def subscribe(self, message: Message, now: float) -> Effects:
        """Have the valid entries from now on."""
        chosen, errors = self.read(message, now)
        if len(self.selection.symbols.keys() | chosen.symbols.keys()) > MOST_ENTRIES:
            raise cannot(f"At most {MOST_ENTRIES} symbols can be subscribed; unsubscribe from some")
        self.select(chosen)
        return self.confirm("subscribed", chosen, errors, message, now)

    def unsubscribe(self, message: Message, now: float) -> Effects:
        """Have the valid entries no more, whether they were there or not."""
        chosen, errors = self.read(message, now)
        self.deselect(chosen)
        return self.confirm("unsubscribed", chosen, errors, message, now)

    def read(self, message: Message, now: float) -> tuple[Selection, list[Effect]]:
        """The valid entries, and an error for each of the others."""
        chosen, refusals = selection.read(message["data"])
        return chosen, [self.refuse(refusal, message, now) for refusal in refusals]

    def confirm(self, kind: str, chosen: Selection, errors: list[Effect], message: Message, now: float) -> Effects:
        """The errors first, then the confirmation; none where nothing of what was asked for is valid."""
        if errors and not (chosen.topics or chosen.symbols):
            return errors
        return [*errors, self.say(kind, chosen.confirmation(kind), now, message)]

    def select(self, chosen: Selection) -> None:
        """Have these entries, too."""
        self.selection.add(chosen)
        self.retune()

    def deselect(self, chosen: Selection) -> None:
        """Have these entries no more."""
        self.selection.remove(chosen)
        self.retune()

    def retune(self) -> None:
        """Listen to the channels of what is selected now."""
        channels = self.selection.channels()
        for channel in set(self.channels).difference(channels):
            self.context.topics.leave(channel, self)
        for channel in channels:
            self.listen(channel)
            if channel.startswith("market/"):
                self.world.offer(channel)
        self.channels = channels

    def get_subscriptions(self, message: Message, now: float) -> Effects:
        """All that is subscribed, in the form of a confirmation."""
        return (self.say("subscribed", self.selection.confirmation("subscribed"), now, message),)

    # Other messages -----------------------------------------------------------------------------

    def ping(self, message: Message, now: float) -> Effects:
        """Keep-alive."""
        return (self.say("pong", {}, now, message),)

    def pong(self, message: Message, now: float) -> Effects:
        """The answer to a ping, or one that nobody asked for: in silence."""
        return ()

    def get_status(self, message: Message, now: float) -> Effects:
        """The status, whatever is subscribed."""
        return (self.say("system_status", self.world.status_data(now), now, message),)

    def command(self, message: Message, now: float) -> Effects:
        """Do it; the status afterwards is the answer."""
        name = message["data"]["command"]
        if name not in self.COMMANDS:
            raise unknown_command(name, self.COMMANDS)
        data = message["data"]
        getattr(self, self.COMMANDS[name])({**data.get("args", {}), **data}, now)
        return (self.say("system_status", {**self.world.status_data(now), "command": name}, now, message),)

    def do_pause(self, args: Message, now: float) -> None:
        """No proposals for a while."""
        self.world.pause(self.rules.pause_s, now)

    def do_resume(self, args: Message, now: float) -> None:
        """Go on before the pause has ended."""
        self.world.resume("Resumed by a command", now)

    def do_analyze(self, args: Message, now: float) -> None:
        """Look at a symbol; the analysis goes to all who are subscribed."""
        symbol = _argument(args, "analyze", "symbol").removeprefix(PREFIX)
        if not SYMBOL.fullmatch(symbol):
            raise malformed_symbol(symbol)
        if symbol not in self.world.market.pairs:
            raise cannot(f"Pair {symbol} is not traded here; there are {', '.join(self.world.market.pairs)}")
        self.world.analyze(symbol, now)

    def do_approve_proposal(self, args: Message, now: float) -> None:
        """Approve a proposal before the system does."""
        name = _argument(args, "approve_proposal", "proposal_id")
        proposal = self.world.desk.waiting(name)
        if proposal is None:
            raise cannot(
                f"No proposal '{name[:100]}' waits for approval: it may be approved, refused or lapsed already"
            )
        reason = self.world.desk.approve(proposal, now)
        if reason is not None:
            raise cannot(f"Proposal {name} was refused: {reason}")

    # Saying -------------------------------------------------------------------------------------

    def say(self, kind: str, data: Message, now: float, about: Message | None = None) -> Send:
        """A message to this client alone; the answer to `about`, if it is one."""
        return self.copy(self.world.event(kind, data, now), about)

    def copy(self, message: Message, about: Message | None = None) -> Send:
        """The copy of this client: with its connection_id, and the request_id of what it answers."""
        # What a script has put there stays.
        own: Message = {} if "connection_id" in message else {"connection_id": self.id}
        if about is not None and "request_id" not in message:
            request_id = about.get("request_id")
            if type(request_id) in (str, int, float):
                own["request_id"] = request_id
        return Send(message, own)

    def refuse(self, refusal: Refusal, about: Message | None, now: float) -> Send:
        """Error Event."""
        return self.say("error", refusal.data, now, about)

    def may_enter(self) -> bool:
        """Whether the client shows the key, where one is set."""
        key = self.world.facts.api_key
        return not key or self.context.request.query.get("api_key") == key

    def turn_away(self, code: str, details: str, close_code: int, now: float) -> Effects:
        """An error in place of the greeting, and the end. Who is turned away is not counted."""
        self.state = State.REFUSED
        return (self.refuse(Refusal(code, details), None, now), Close(close_code, code))

    def greeting(self) -> Message:
        """The data of `connected`."""
        return {"connection_id": self.id, "message": "Connected to SIGMAX"}


def _argument(args: Message, command: str, name: str) -> str:
    """An argument that the command needs."""
    value = args.get(name)
    if not isinstance(value, str) or not value:
        raise cannot(f"Command '{command}' takes {name}, a text, in data or in data.args")
    return value
