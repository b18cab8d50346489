"""One client's side of MegaBot: the greeting, chats one after the other, tools beside them, workspaces, batches."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from random import Random
from typing import Any
from urllib.parse import quote

from harness.core.limits import TokenBucket
from harness.core.message import Message, Problem
from harness.core.session import Close, Context, Effect, Effects, HangUp, Receive, Send, Session
from harness.protocols.megabot import chat, scripting, tools
from harness.protocols.megabot.credentials import Identity, identify
from harness.protocols.megabot.errors import Refusal
from harness.protocols.megabot.rules import Rules
from harness.protocols.megabot.sessions import KeptSession
from harness.protocols.megabot.streams import Stream, pieces_of
from harness.protocols.megabot.tools import Step
from harness.protocols.megabot.world import Action, MegabotWorld

CAPABILITIES = ("chat", "realtime", "streaming")  # connection_established: the sample's.
MOST_CHATS = 1000  # That wait for their replies: they come faster than a reply is written.
READING = (
    Step(0.25, "Reading your message..."),
    Step(0.5, "Looking for what matters in it..."),
    Step(0.75, "Drafting a reply..."),
)


class State(Enum):
    """Whether this client is served."""

    OPEN = "open"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat message that waits for its reply; `chance` is what its reply is drawn from."""

    id: str
    content: str
    attachments: int
    chance: Random


@dataclass(frozen=True, slots=True)
class Task:
    """Something whose progress is told: a step, then the next in `gap_s` seconds, and after the last one `then`."""

    id: str
    in_reply_to: str
    steps: Sequence[Step]
    gap_s: float
    then: Callable[[float], Effects]


class MegabotSession(Session[MegabotWorld, Rules]):
    """MegaBot, as it should be."""

    MOVES = {
        (State.OPEN, "chat_send"): "chat_send",
        (State.OPEN, "tool_call"): "tool_call",
        (State.OPEN, "session_join"): "session_join",
        (State.OPEN, "collaborative_action"): "collaborative_action",
        (State.OPEN, "batch"): "batch",
    }

    def __init__(self, context: Context[MegabotWorld, Rules]) -> None:
        super().__init__(context)
        self.state = State.REFUSED
        self.bucket = TokenBucket(self.rules.messages)
        self.kept: KeptSession | None = None
        self.chats: deque[Chat] = deque()  # The first one is being answered.
        self.stream: Stream | None = None
        self.threads: deque[scripting.Thread] = deque(maxlen=scripting.THREADS_KEPT)

    # What the stage calls -----------------------------------------------------------------------

    def opened(self, now: float) -> Effects:
        """Greet the client, or say what is wrong with its credentials and end (Authentication)."""
        super().opened(now)
        request, facts = self.context.request, self.world.facts
        at_s = self.context.clock.wall_s(now)
        try:
            identity = identify(request, facts.api_keys, facts.credentials == "required", at_s)
        except Refusal as refusal:
            return self.turn_away(refusal, now)
        self.admit(identity, now)
        if self.rules.close_expired and identity.expires_s is not None:
            self.after(identity.expires_s - at_s, now, self.expire)
        return (self.say("connection_established", self.greeting(), now),)

    def arrived(self, message: Message | Problem, now: float) -> Effects | None:
        """Rate Limiting: what is too much is dropped, whatever it is."""
        if self.bucket.allows(now):
            return None
        about = message.message if isinstance(message, Problem) else message
        text = f"Too many messages: {self.rules.messages} are allowed; this one was dropped, send it again later"
        return self.refuse(Refusal("rate_limit_exceeded", text), about, now)

    def oversized(self, now: float) -> Effects:
        """A message of more than 1 MiB ends the connection (Rate Limiting: maxMessageSize)."""
        text = "Message too large: at most 1048576 bytes are allowed"
        refused = self.refuse(Refusal("message_too_large", text), None, now)
        return (*refused, Close(1009, "message_too_large"))

    def received(self, message: Message, now: float) -> Effects:
        """Answer a valid message."""
        try:
            return super().received(message, now)
        except Refusal as refusal:
            return self.refuse(refusal, message, now)

    def refused(self, problem: Problem, now: float) -> Effects:
        """Malformed input keeps the connection."""
        kind = (problem.message or {}).get("type")
        is_unknown = problem.where == "type" and isinstance(kind, str) and kind
        slug = "unknown_message_type" if is_unknown else "invalid_message"
        return self.refuse(Refusal(slug, str(problem)), problem.message, now)

    def unexpected(self, message: Message, now: float) -> Effects:
        """A client that was turned away is not served, should its connection still stand."""
        return ()

    def noticed(self, topic: str, event: Any, now: float) -> Effects:
        """News, or an action in a workspace. Both are one message for all who are told."""
        if isinstance(event, Action):
            return () if event.author is self else (Send(event.message),)
        return (Send(event),)

    def scripted(
        self, name: str, variant: str | None, changes: Message, trigger: Message | None, now: float
    ) -> Effects:
        """What a scenario wants sent, with what only the world knows filled in."""
        return (Send(scripting.message(self, name, variant, changes, trigger, now)),)

    def closed(self, now: float) -> None:
        """The reply under way is cut, and not sent again; the session is kept for a while."""
        super().closed(now)
        if self.stream is not None:
            self.world.end(self.stream)
        if self.kept is not None:
            self.world.sessions.disconnect(self.kept, self, now)

    # Connection ---------------------------------------------------------------------------------

    def admit(self, identity: Identity, now: float) -> None:
        """Serve this client from now on, in the session that it names or in a new one."""
        wanted = self.context.request.query.get("session_id")
        self.kept = self.world.admit(self, identity, wanted, self.rules.session_keep_s, now)
        self.state = State.OPEN

    def greeting(self) -> dict[str, Any]:
        """The payload of a connection_established."""
        return {"session_id": self.own.id, "user_id": self.own.user_id, "capabilities": list(CAPABILITIES)}

    def turn_away(self, refusal: Refusal, now: float) -> Effects:
        """A connection_error, and the end. RFC 6455, 7.4.1: 1008 is a violated policy."""
        self.state = State.REFUSED
        return (*self.refuse(refusal, None, now), Close(1008, refusal.slug))

    def expire(self, now: float) -> Effects:
        """The token that the client came with has expired."""
        return self.turn_away(Refusal("authentication_failed", "The token has expired"), now)

    @property
    def own(self) -> KeptSession:
        """The session of this connection, which is served."""
        assert self.kept is not None
        return self.kept

    # Chat ---------------------------------------------------------------------------------------

    def chat_send(self, message: Message, now: float) -> Effects:
        """Live Chat: replies come one after the other, in the order of the messages."""
        payload = message["payload"]
        content: str = payload["content"]
        # Message Validation: `content.length` of JavaScript counts UTF-16 code units.
        if len(content.encode("utf-16-le")) // 2 > self.rules.content_chars:
            text = f"Message content too long: at most {self.rules.content_chars} characters are allowed"
            raise Refusal("content_too_long", text)
        if len(self.chats) >= MOST_CHATS:
            raise Refusal("rate_limit_exceeded", f"Too many messages: {MOST_CHATS} wait for their replies already")
        # Drawn now, so that it does not matter to the words when they are written.
        chance = Random(self.context.chance.getrandbits(64))
        self.chats.append(Chat(message["id"], content, len(payload.get("attachments", ())), chance))
        return self.think(now) if len(self.chats) == 1 else ()

    def think(self, now: float) -> Effects:
        """Turn to the first message that waits. A long one is worth telling how far it is read."""
        first = self.chats[0]
        if len(first.content) <= chat.LONG_CHARS:
            self.after(self.world.facts.think_s, now, self.answer)
            return ()
        task_id = self.world.number("task")

        def read(then: float) -> Effects:
            return (self.update(task, "completed", Step(1.0, "Reply is ready"), then), *self.answer(then))

        task = Task(task_id, first.id, READING, self.world.facts.think_s, read)
        return self.work(task, 0, now)

    def answer(self, now: float) -> Effects:
        """Begin with the reply."""
        first, facts = self.chats[0], self.world.facts
        text = chat.reply(first.content, first.attachments, facts.reply_words, first.chance, self.world.faker)
        self.stream = Stream(self.world.number("stream"), first.id, pieces_of(text), owner=self)
        self.world.begin(self.stream)
        return self.write(self.stream, now)

    def write(self, stream: Stream, now: float) -> Effects:
        """Streaming Responses: the next piece; after the last one the whole, and then the next chat."""
        metadata = {"stream_id": stream.id, "in_reply_to": stream.in_reply_to}
        effects: list[Effect] = [self.say("chat_stream", stream.next_piece(), now, metadata)]
        if stream.is_complete:
            self.world.end(stream)
            self.stream = None
            self.chats.popleft()
            effects.append(self.say("chat_receive", self.whole("".join(stream.pieces), now), now, metadata))
            return [*effects, *(self.think(now) if self.chats else ())]
        cut_after = self.world.facts.cut_stream_after
        if cut_after and stream.sent >= cut_after:
            return [*effects, HangUp()]
        self.after(self.world.facts.chunk_every_s, now, partial(self.write, stream))
        return effects

    def whole(self, content: str, now: float) -> dict[str, Any]:
        """The payload of a chat_receive. The sample has a time inside as well."""
        return {
            "content": content,
            "sender": "assistant",
            "platform": "megabot",
            "timestamp": self.world.epoch_s(now),
        }

    # Tools --------------------------------------------------------------------------------------

    def tool_call(self, message: Message, now: float) -> Effects:
        """Tool Execution: progress, the result, and a notification at the end."""
        payload = message["payload"]
        name = payload["tool_name"]
        chance = Random(self.context.chance.getrandbits(64))
        job = tools.Job(
            payload.get("parameters", {}), self.world.project, chance, name in self.world.facts.failing_tools
        )
        run = tools.run(name, job)
        if not run.steps:
            return self.result(run, message, now)
        task_id, gap_s = self.world.number("task"), run.duration_s / len(run.steps)

        def end(then: float) -> Effects:
            return (self.update(task, run.status, run.last_step, then), *self.result(run, message, then))

        task = Task(task_id, message["id"], run.steps, gap_s, end)
        return self.work(task, 0, now)

    def work(self, task: Task, number: int, now: float) -> Effects:
        """Tell of this step of the task, and later of the next."""
        if number == len(task.steps):
            return task.then(now)
        self.after(task.gap_s, now, partial(self.work, task, number + 1))
        return (self.update(task, "processing", task.steps[number], now),)

    def update(self, task: Task, status: str, step: Step, now: float) -> Send:
        """A status_update."""
        payload = {"status": status, "progress": step.progress, "message": step.text, "task_id": task.id}
        return self.say("status_update", payload, now, {"in_reply_to": task.in_reply_to})

    def result(self, run: tools.Run, message: Message, now: float) -> Effects:
        """A tool_result, and the notification that it is there."""
        execution_id = message["payload"]["execution_id"]
        metadata = {"in_reply_to": message["id"]}
        result = {"execution_id": execution_id, "status": run.status, "result": run.result, "output": run.output}
        has_failed = run.status == "failed"
        news = {
            "type": "error" if has_failed else "info",
            "title": "Task Failed" if has_failed else "Task Completed",
            "message": run.notice,
            "action_url": f"/executions/{quote(execution_id, safe='')}",
            "dismissible": True,
        }
        return (self.say("tool_result", result, now, metadata), self.say("notification", news, now, metadata))

    # Collaboration ------------------------------------------------------------------------------

    def session_join(self, message: Message, now: float) -> Effects:
        """Collaborative Features: any text names a workspace; nothing confirms the joining."""
        self.world.join(self.own, message["payload"]["session_id"])
        return ()

    def collaborative_action(self, message: Message, now: float) -> Effects:
        """What a participant does, is passed on to all others as it is; who it is, the server says."""
        payload = message["payload"]
        if payload["session_id"] not in self.own.workspaces:
            text = f"Not a participant of session {payload['session_id'][:100]}: send session_join first"
            raise Refusal("not_a_participant", text)
        self.world.act(self, {**payload, "user_id": self.own.user_id}, now)
        return ()

    # Batches ------------------------------------------------------------------------------------

    def batch(self, message: Message, now: float) -> Effects:
        """Message Batching: each message is answered as if it had come by itself."""
        return [Receive(each) for each in message["payload"]["messages"]]

    # Saying -------------------------------------------------------------------------------------

    def say(self, kind: str, payload: dict[str, Any], now: float, metadata: Message | None = None) -> Send:
        """A message in its envelope."""
        return Send(self.world.message(kind, payload, now, metadata))

    def refuse(self, refusal: Refusal, about: Message | None, now: float) -> Effects:
        """A connection_error; `metadata.in_reply_to` names the message that it is about, if that has an id."""
        about_id = (about or {}).get("id")
        metadata = {"in_reply_to": about_id} if isinstance(about_id, str) and about_id else None
        return (self.say("connection_error", dict(refusal.payload), now, metadata),)
