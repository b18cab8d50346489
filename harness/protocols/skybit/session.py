"""One client's side of Skybit, as a transition table."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

from harness.core.limits import SlidingWindow
from harness.core.message import Message, Problem, epoch_s, uuid4
from harness.core.session import Close, Context, Effect, Effects, Ping, Send, Session
from harness.protocols.skybit import scripting
from harness.protocols.skybit.account import Account, Preview
from harness.protocols.skybit.chat import (
    CancelIntent,
    OrderIntent,
    PositionsQuestion,
    QuoteQuestion,
    UnknownSymbol,
    parse,
)
from harness.protocols.skybit.credentials import User, user_of
from harness.protocols.skybit.errors import Refusal, rate_limit, unknown_symbol
from harness.protocols.skybit.market import Quote
from harness.protocols.skybit.orders import Order, modified
from harness.protocols.skybit.plan import cancel_all_plan, cancel_plan, order_plan, positions_plan, quote_plan
from harness.protocols.skybit.policy import Desk
from harness.protocols.skybit.preview import preview_data
from harness.protocols.skybit.rules import Rules
from harness.protocols.skybit.world import OrderNews, SkybitWorld

FEATURES = ("equities", "options", "realtime_data")  # Auth: the sample's.


class State(Enum):
    """The server's view of the spec's "Connection States"."""

    AUTHENTICATING = "authenticating"
    READY = "ready"
    EXPIRED = "expired"  # Was READY until the session's life ended; waits for another Auth.
    DISCONNECTED = "disconnected"


class SkybitSession(Session[SkybitWorld, Rules]):
    """Skybit, as it should be."""

    MOVES = {
        (State.AUTHENTICATING, "Auth"): "authenticate",
        (State.EXPIRED, "Auth"): "authenticate",
        (State.READY, "Chat"): "chat",
        (State.READY, "Approve"): "approve",
        (State.READY, "Cancel"): "cancel",
        (State.READY, "Heartbeat"): "heartbeat",
        (State.READY, "Subscribe"): "subscribe",
        (State.READY, "Unsubscribe"): "unsubscribe",
    }

    def __init__(self, context: Context[SkybitWorld, Rules]) -> None:
        super().__init__(context)
        self.state = State.AUTHENTICATING
        # The envelope wants a session before there is one: until Auth this one is provisional.
        self.id = uuid4(context.chance)
        self.own_ids: set[str] = set()  # This session's, and those of the earlier ones on this connection.
        self.account: Account | None = None
        self.expires_at = float("inf")
        self.follows_orders = False
        self.total_window = SlidingWindow(self.rules.messages)
        self.windows = {
            "Chat": SlidingWindow(self.rules.chats),
            "Approve": SlidingWindow(self.rules.approvals),
            "Heartbeat": SlidingWindow(self.rules.heartbeats),
        }

    # What the stage calls -----------------------------------------------------------------------

    def opened(self, now: float) -> Effects:
        """Start the timers: pings every 30 s, an end after 60 s of silence (Connection Parameters)."""
        self.heard_at = now
        self.every(self.rules.ping_every_s, now, lambda then: (Ping(),))
        self.when_idle(self.rules.idle_timeout_s, now, lambda then: (Close(1001, "no heartbeat"),))
        return ()

    def arrived(self, message: Message | Problem, now: float) -> Effects | None:
        """Rate Limits hold for whatever comes, scripted answers and malformed input included."""
        self.heard_at = now
        kind, about = ("", message.message) if isinstance(message, Problem) else (message["type"], message)
        try:
            self.count(kind, now)
        except Refusal as refusal:
            return self.refuse(refusal, about, now)
        return None

    def received(self, message: Message, now: float) -> Effects:
        """Answer a valid message, if session and state allow it."""
        self.heard_at = now
        try:
            self.look_at_session(message, now)
            return super().received(message, now)
        except Refusal as refusal:
            return self.refuse(refusal, message, now)

    def refused(self, problem: Problem, now: float) -> Effects:
        """Malformed input keeps the connection, and is heard."""
        self.heard_at = now
        details = {"field": problem.where, "expected": problem.expected, "found": problem.found}
        suggestions = (f"Did you mean {problem.hint}?",) if problem.hint else ()
        return self.refuse(Refusal("INVALID_REQUEST", str(problem), details, suggestions), problem.message, now)

    def unexpected(self, message: Message, now: float) -> Effects:
        """Not in this state. Before Auth nothing is served and the connection ends (Connection States)."""
        kind = message["type"]
        details = {"state": self.state.value}
        if self.state is State.AUTHENTICATING:
            raise Refusal("AUTH_FAILED", f"{kind} came before Auth", details, ("Send Auth first",), closes=True)
        if self.state is State.EXPIRED:
            raise self.expiry()
        if self.state is State.READY:
            text = f"{kind} is not expected once authenticated"
            raise Refusal("INVALID_REQUEST", text, details, ("Open another connection for another user",))
        return ()

    def failed(self, message: Message | None, now: float) -> Effects:
        """A bug of the mock: INTERNAL_ERROR, and the connection stays."""
        return self.refuse(Refusal("INTERNAL_ERROR", "The server failed on this request"), message, now)

    def noticed(self, topic: str, event: Any, now: float) -> Effects:
        """A quote that is subscribed to, or an order of this user that moved."""
        if self.state is not State.READY or now >= self.expires_at:
            return ()
        if isinstance(event, Quote):
            return (self.say("MarketData", self.quote_data(event), now),)
        return (self.say("Status", event.data, now),) if self.wants(event) else ()

    def scripted(
        self, name: str, variant: str | None, changes: Message, trigger: Message | None, now: float
    ) -> Effects:
        """What a scenario wants sent, with the world following it."""
        try:
            return (Send(scripting.message(self, name, variant, changes, trigger, now)),)
        except Refusal as refusal:
            return self.refuse(refusal, trigger, now)

    def closed(self, now: float) -> None:
        """The connection is gone; the user may open another in its place."""
        super().closed(now)
        if self.account is not None:
            self.account.connections.discard(self)

    # Limits and session -------------------------------------------------------------------------

    def count(self, kind: str, now: float) -> None:
        """Rate Limits: sliding, per connection. What is refused does not count, not even in the total."""
        own = self.windows.get(kind)
        _demand_room("messages", self.total_window, now)
        if own is not None:
            _demand_room(kind, own, now)
            own.count(now)
        self.total_window.count(now)

    def look_at_session(self, message: Message, now: float) -> None:
        """Whether the session lives, and the envelope names it."""
        if now >= self.expires_at:
            self.expire()
        if self.state is State.READY and message["type"] != "Auth" and message["session"] != self.id:
            details = {"field": "session", "expected": self.id, "found": message["session"][:100]}
            text = "The message names another session than this connection's"
            raise Refusal("INVALID_REQUEST", text, details, ("Name the session that the answer to Auth named",))

    def expire(self) -> None:
        """The session's life is over; the connection waits for another Auth."""
        if self.state is State.READY:
            self.state = State.EXPIRED

    def expiry(self) -> Refusal:
        """What is said of a session whose life is over."""
        return Refusal("SESSION_EXPIRED", "The session has expired", {"session": self.id})

    # Auth ---------------------------------------------------------------------------------------

    def authenticate(self, message: Message, now: float) -> Effects:
        """Auth: a session for the user of the token, an earlier one of the same user if it is named."""
        user = user_of(message["data"]["token"], self.world.facts.accept_any_token)
        self.count_connection(user)
        self.admit(user, message["session"], now)
        return (self.say("Auth", self.confirmation(user), now),)

    def count_connection(self, user: User) -> None:
        """Rate Limits: connections per user. Only at Auth is it known whose they are."""
        limit = self.rules.connections_per_user
        if len(self.world.account(user).connections - {self}) >= limit:
            text = f"{user.id} has {limit} connections already"
            details = {"operation": "connections", "limit": limit}
            raise Refusal("RATE_LIMIT", text, details, ("Close another connection first",), closes=True)

    def admit(self, user: User, session: str, now: float) -> None:
        """Make this the user's connection, with the session of this id if it is the user's, else with a new one."""
        account = self.world.account(user)
        self.leave()
        account.connections.add(self)
        self.account = account
        if session in account.sessions:
            self.id = session
        elif self.id in self.own_ids:
            self.id = uuid4(self.context.chance)
        account.add_session(self.id)
        self.own_ids.add(self.id)
        self.state = State.READY
        self.expires_at = now + self.rules.session_life_s
        self.listen(f"orders/{user.id}")

    def confirmation(self, user: User) -> dict[str, Any]:
        """The data of the answer to a good Auth."""
        limits = {
            "max_orders_per_day": self.rules.max_orders_per_day,
            "max_position_value": self.rules.max_position_value,
        }
        return {
            "status": "authenticated",
            "user": {"id": user.id, "email": user.email},
            "features": list(FEATURES),
            "limits": limits,
        }

    def leave(self) -> None:
        """End what an earlier Auth on this connection began."""
        self.context.topics.leave_all(self)
        self.follows_orders = False
        if self.account is not None:
            self.account.connections.discard(self)

    @property
    def own(self) -> Account:
        """The account of this session, which is authenticated."""
        assert self.account is not None
        return self.account

    # Chat, Plan, Preview ------------------------------------------------------------------------

    def chat(self, message: Message, now: float) -> Effects:
        """Chat: a Plan for what is understood, and for an order its Preview."""
        text = message["data"]["text"]
        intent = parse(text, self.world.market.names)
        match intent:
            case OrderIntent():
                self.later(1, message, now, lambda then: self.plan(self.order_plan(intent, then), then))
                self.later(2, message, now, lambda then: self.preview(intent, then))
            case QuoteQuestion():
                self.later(1, message, now, lambda then: self.plan(quote_plan(intent, self.world.market, then), then))
            case PositionsQuestion():
                self.later(1, message, now, lambda then: self.plan(positions_plan(intent, self.own), then))
            case CancelIntent():
                self.cancel_by_chat(intent, message, now)
            case UnknownSymbol():
                raise unknown_symbol(intent.word, intent.nearest, self.world.market.listings)
            case _:  # Unclear
                raise Refusal("INVALID_REQUEST", intent.reason, {"text": text[:200]}, intent.suggestions)
        return ()

    def plan(self, data: dict[str, Any], now: float) -> Effects:
        """Plan."""
        return (self.say("Plan", data, now),)

    def preview(self, terms: OrderIntent, now: float) -> Effects:
        """Preview."""
        return (self.say("Preview", self.order_preview(terms, now), now),)

    def order_plan(self, terms: OrderIntent, now: float) -> dict[str, Any]:
        """The data of a Plan for an order."""
        return order_plan(terms, self.world.market.quote(terms.symbol, now))

    def order_preview(self, terms: OrderIntent, now: float) -> dict[str, Any]:
        """The data of a Preview for an order, which can be approved from now on."""
        preview = self.world.preview(self.own, terms, self.rules.preview_life_s, now)
        return preview_data(preview, Desk(self.world, self.rules, self.own, terms, now))

    def cancel_by_chat(self, intent: CancelIntent, message: Message, now: float) -> None:
        """A Plan first, then what Cancel would do. The newest is meant where no id is said."""
        if intent.target == "all_orders":
            data = cancel_all_plan(intent.symbol, intent.side)
            self.later(1, message, now, lambda then: self.plan(data, then))
            self.later(2, message, now, lambda then: self.withdraw_all(intent.symbol, intent.side, then))
            return
        target, target_id = intent.target, intent.order_id or self.newest(intent, now)
        self.find(target, target_id, now)
        self.later(1, message, now, lambda then: self.plan(cancel_plan(target, target_id), then))
        self.later(2, message, now, lambda then: self.withdraw(target, target_id, then))

    def newest(self, intent: CancelIntent, now: float) -> str:
        """The id of the newest open preview or order that this cancellation may mean."""
        ids = [o.id for o in self.own.open_orders(intent.symbol, intent.side)]
        if intent.target == "preview":
            previews = (p for p in self.own.previews.values() if p.is_open(now))
            ids = [p.id for p in previews if intent.symbol in (None, p.terms.symbol)]
        if not ids:
            what = " ".join(filter(None, ("open", intent.symbol, intent.side, intent.target)))
            suggestions = ("Cancel a preview before it expires, an order before it is filled",)
            raise Refusal("INVALID_REQUEST", f"There is no {what} to cancel", {"target": intent.target}, suggestions)
        return ids[-1]

    def later(self, steps: int, message: Message, now: float, call: Callable[[float], Effects]) -> None:
        """Answer `message` after so many times of thinking, if its session still lives then."""
        session = self.id

        def answer(then: float) -> Effects:
            if self.state is not State.READY or self.id != session:
                return ()  # What has ended it since, has been told.
            try:
                if then >= self.expires_at:
                    self.expire()
                    raise self.expiry()
                return call(then)
            except Refusal as refusal:
                return self.refuse(refusal, message, then)

        self.after(steps * self.world.facts.think_s, now, answer)

    # Approve, Cancel, Status --------------------------------------------------------------------

    def approve(self, message: Message, now: float) -> Effects:
        """Approve: places the order once. Its Status follow as it moves."""
        data = message["data"]
        key = data.get("idem_key")
        order = self.own.remembered(key, now, self.rules.idempotency_s)
        if order is not None:
            repeated = order
            self.later(1, message, now, lambda then: (self.say("Status", self.status_data(repeated), then),))
            return ()
        preview = self.own.preview(data["preview_id"], now)
        terms = modified(preview.terms, data.get("modifications") or {})
        Desk(self.world, self.rules, self.own, terms, now).examine()
        order = self.place(preview, terms, message, now)
        self.world.work(self.own, order, now)
        return ()

    def place(self, preview: Preview, terms: OrderIntent, approve: Message, now: float) -> Order:
        """Turn a preview into an order. Idempotency: its key is remembered from now on, for the user."""
        data = approve["data"]
        preview.fate = "used"
        order = self.world.place(self.own, terms, self.id, data.get("client_order_id"), now)
        if data.get("idem_key") is not None:
            self.own.remember(data["idem_key"], order, now, self.rules.idempotency_s)
        order.approve = approve
        return order

    def cancel(self, message: Message, now: float) -> Effects:
        """Cancel: a preview in silence, orders with a Status each."""
        data = message["data"]
        target = data["target"]
        return self.withdraw(target, data.get(f"{target}_id"), now)

    def withdraw(self, target: str, target_id: str | None, now: float) -> Effects:
        """Cancel a preview, an order of this user, or all of them."""
        found = self.find(target, target_id, now)
        if isinstance(found, Preview):
            found.fate = "cancelled"
        else:
            self.world.cancel(self.own, found, now)
        return ()

    def withdraw_all(self, symbol: str | None, side: str | None, now: float) -> Effects:
        """Cancel all open orders, or those of this symbol and side."""
        self.world.cancel(self.own, self.own.open_orders(symbol, side), now)
        return ()

    def find(self, target: str, target_id: str | None, now: float) -> Preview | list[Order]:
        """What a Cancel is about. Refusal when it is not there or cannot be cancelled any more."""
        if target == "all_orders":
            return list(self.own.open_orders())
        assert target_id is not None, "the schema asks for an id with these targets"
        return self.own.preview(target_id, now) if target == "preview" else [self.own.order(target_id)]

    def status_data(self, order: Order) -> dict[str, Any]:
        """The data of a Status of this order as it stands."""
        return order.status_data(self.world.ts)

    def wants(self, news: OrderNews) -> bool:
        """Whether this session hears of an order: of its own ones always, of others by the channel `orders`."""
        if news.origin in self.own_ids:
            return not news.scripted  # The script itself has told it.
        return self.follows_orders

    # Heartbeat ----------------------------------------------------------------------------------

    def heartbeat(self, message: Message, now: float) -> Effects:
        """Heartbeat: the client's time comes back with the server's own."""
        return (self.say("Heartbeat", self.heartbeat_data(message["data"]["client_ts"], now), now),)

    def heartbeat_data(self, client_ts: str, now: float) -> dict[str, Any]:
        """The data of the reply: the times and their difference, not below 0 when the clocks disagree."""
        server_ts = self.world.ts(now)
        latency_ms = max(0, round((epoch_s(server_ts) - epoch_s(client_ts)) * 1000))
        return {"client_ts": client_ts, "server_ts": server_ts, "latency_ms": latency_ms}

    # Subscribe, MarketData ----------------------------------------------------------------------

    def subscribe(self, message: Message, now: float) -> Effects:
        """Subscribe adds to what is subscribed, in silence; one unknown symbol refuses the whole."""
        channels = message["data"]["channels"]
        symbols = [symbol for channel in channels if channel["type"] == "quotes" for symbol in self.symbols_of(channel)]
        known = self.world.market.listings
        for symbol in symbols:
            if symbol not in known:
                raise unknown_symbol(symbol, difflib.get_close_matches(symbol.upper(), known), known)
        for symbol in symbols:
            self.listen(f"quotes/{symbol}")
        # Nothing is ever said of positions: the spec names the channel and no message for it.
        self.follows_orders = self.follows_orders or any(channel["type"] == "orders" for channel in channels)
        return ()

    def unsubscribe(self, message: Message, now: float) -> Effects:
        """Unsubscribe, in silence. Channels are names; objects as in Subscribe are tolerated."""
        for channel in message["data"]["channels"]:
            asked = {"type": channel} if isinstance(channel, str) else channel
            if asked["type"] == "quotes":
                for symbol in self.symbols_of(asked):
                    self.context.topics.leave(f"quotes/{symbol}", self)
            elif asked["type"] == "orders":
                self.follows_orders = False
        return ()

    def symbols_of(self, channel: Message) -> Iterable[str]:
        """The symbols that a channel names; all of them when it names none."""
        symbols: Iterable[str] = channel.get("symbols") or self.world.market.listings
        return symbols

    def quote_data(self, quote: Quote) -> dict[str, Any]:
        """The data of a MarketData."""
        return {
            "type": "quote",
            "symbol": quote.symbol,
            "bid": float(quote.bid),
            "bid_size": quote.bid_size,
            "ask": float(quote.ask),
            "ask_size": quote.ask_size,
            "last": float(quote.last),
            "volume": quote.volume,
            "timestamp": self.world.ts(quote.at),
            "source": "polygon",
        }

    # Saying -------------------------------------------------------------------------------------

    def say(self, kind: str, data: dict[str, Any], now: float) -> Send:
        """A message in its envelope."""
        return Send(self.enveloped(kind, data, now))

    def enveloped(self, kind: str, data: dict[str, Any], now: float) -> Message:
        """Message Envelope."""
        return {
            "type": kind,
            "id": uuid4(self.context.chance),
            "ts": self.world.ts(now),
            "session": self.id,
            "data": data,
        }

    def refuse(self, refusal: Refusal, about: Message | None, now: float) -> Effects:
        """An Error that answers `about`, and the end where the refusal says so."""
        effects: list[Effect] = [self.say("Error", self.error_data(refusal, about), now)]
        if refusal.closes:
            self.state = State.DISCONNECTED
            effects.append(Close(1008, refusal.code))  # RFC 6455, 7.4.1: 1008 is a violated policy.
        return effects

    def error_data(self, refusal: Refusal, about: Message | None) -> dict[str, Any]:
        """The data of an Error. `request_id` is null where no textual id is there to be named."""
        request_id = (about or {}).get("id")
        return {
            "code": refusal.code,
            "message": refusal.text,
            "details": refusal.details,
            "request_id": request_id if isinstance(request_id, str) else None,
            "recoverable": refusal.recoverable,
            "suggestions": list(refusal.suggestions),
        }


def _demand_room(operation: str, window: SlidingWindow, now: float) -> None:
    wait_s = window.retry_after_s(now)
    if wait_s > 0:
        raise rate_limit(operation, window.rate, wait_s)
