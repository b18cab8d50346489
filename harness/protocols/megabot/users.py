"""MegaBot's load users: chatters, who talk to the assistant, and collaborators, who share a workspace."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from harness.core.message import Message, field_of, uuid4
from harness.load.behaviour import Behaviour, Lost
from harness.load.dial import Dial, http_url, with_query
from harness.load.targets import Pace

LOGIN = "/api/auth/login"
DEMO = "user:pass"  # Authentication: the sample's.
SENTENCES = (
    "Hello MegaBot!",
    "What is the difference between a process and a thread?",
    "Please review the error handling of the payment module.",
    "Write a function that merges two sorted lists.",
    "The build has been failing since this morning.",
    "Thank you!",
)
TEAM = 5  # So many collaborators share a workspace.
GREETING = "greeting"
# How long the work that an answer takes may well last: a language model may be behind it.
FIRST_CHUNK_S, REPLY_S, TOOL_S = 10.0, 30.0, 15.0
# Rate Limiting: 10 messages a second, of both paces together. A network may bring messages nearer together, so 8.
LEAST_S = 2 / 8


class _Member(Behaviour):
    """What all users have in common: they sign in, are greeted, and keep within the limit."""

    TARGETS = Path(__file__).with_name("targets.toml")

    def dial(self, url: str) -> Dial:
        """Log in by name and password (`name:password`), or show a token or an API key (anything else)."""
        credential = self.shell.chance.choice(self.shell.tokens) if self.shell.tokens else DEMO
        username, is_login, password = credential.partition(":")
        if not is_login:
            return Dial(with_query(url, platform="web"), {"Authorization": f"Bearer {credential}"})
        answer = self.post("login", http_url(url, LOGIN), {"username": username, "password": password})
        token = answer.get("token") if isinstance(answer, dict) else None
        if not isinstance(token, str):
            self.shell.measure("login", None, error="the answer has no token")
            raise Lost("login: the answer has no token")
        return Dial(with_query(url, token=token, platform="web"))

    def opened(self, now_s: float) -> None:
        """Wait to be greeted."""
        self.expect("established", None, GREETING, now_s)

    def received(self, message: Message, arrived_s: float, size: int) -> None:
        """The greeting, an error, or what this kind of user waits for."""
        match message.get("type"):
            case "connection_established" if self.settle("established", None, arrived_s, size):
                self.begin(arrived_s)
            case "connection_error":
                request_id = field_of(message, "metadata.in_reply_to") or self.replies.oldest_request()
                self.refuse(request_id, f"error {field_of(message, 'payload.error')}", arrived_s)
            case kind:
                self.heard(str(kind), message, arrived_s, size)

    def begin(self, now_s: float) -> None:
        """Greeted: start to act at the plan's paces."""
        self.every("ping_s", self.ping)

    def heard(self, kind: str, message: Message, arrived_s: float, size: int) -> None:
        """Something else came, which only some kinds of users look at."""

    def envelope(self, kind: str, payload: Message) -> Message:
        """A message of this type."""
        timestamp = int(self.shell.wall_s(self.shell.now_s()))
        return {"id": f"msg_{uuid4(self.shell.chance)}", "type": kind, "payload": payload, "timestamp": timestamp}


class MegabotChatter(_Member):
    """One who chats with the assistant and calls tools."""

    WEIGHT = 3
    PACES = {
        "chat_s": Pace(10.0, LEAST_S),
        "tool_s": Pace(20.0, LEAST_S),
        "ping_s": Pace(10.0, 0.1),
    }
    ROWS = {
        "connect": "TCP and opening handshake; a connection that ends is an error here",
        "login": "the login over HTTP, ahead of connecting",
        "established": "the end of the handshake to connection_established",
        "first_chunk": "chat_send to the first piece of its reply",
        "complete": "chat_send to the whole reply",
        "tool": "tool_call to its tool_result, known by execution_id",
        "ping": "ping frame to pong frame",
    }

    def begin(self, now_s: float) -> None:
        """Greeted: chat, and call tools."""
        super().begin(now_s)
        self.whole_follows = False  # Whether a stream has just ended, which chat_receive may repeat.
        self.every("chat_s", self.chat)
        self.every("tool_s", self.call)

    def chat(self, due_s: float) -> None:
        """Say something."""
        message = self.envelope("chat_send", {"content": self.shell.chance.choice(SENTENCES), "platform": "web"})
        self.expect("first_chunk", message["id"], message["id"], due_s, FIRST_CHUNK_S)
        self.expect("complete", message["id"], message["id"], due_s, REPLY_S)
        self.shell.send(message)

    def call(self, due_s: float) -> None:
        """Call the tool of the spec's sample."""
        execution_id = f"exec_{uuid4(self.shell.chance)}"
        parameters = {"test_suite": "unit", "verbose": True}
        payload = {"tool_name": "run_tests", "parameters": parameters, "execution_id": execution_id}
        message = self.envelope("tool_call", payload)
        self.expect("tool", execution_id, message["id"], due_s, TOOL_S)
        self.shell.send(message)

    def heard(self, kind: str, message: Message, arrived_s: float, size: int) -> None:
        """A piece of a reply, a whole one, or what a tool has found."""
        match kind:
            case "chat_stream":
                self.streamed(message, arrived_s, size)
            case "chat_receive":
                self.told(message, arrived_s, size)
            case "tool_result":
                self.settle("tool", message["payload"]["execution_id"], arrived_s, size)

    def streamed(self, message: Message, arrived_s: float, size: int) -> None:
        """A piece of a reply."""
        is_last = message["payload"]["is_complete"]
        self.replied(message, is_last, arrived_s, size)
        self.whole_follows = is_last

    def told(self, message: Message, arrived_s: float, size: int) -> None:
        """A whole reply: one that was streamed just before, or one that was not."""
        is_repeated, self.whole_follows = self.whole_follows, False
        if not is_repeated:
            self.replied(message, True, arrived_s, size)

    def replied(self, message: Message, is_last: bool, arrived_s: float, size: int) -> None:
        """What came belongs to the chat message that it names; where it names none, to the oldest without its reply."""
        chat_id = field_of(message, "metadata.in_reply_to") or self.replies.oldest_request("complete")
        if chat_id is not None:
            self.settle("first_chunk", chat_id, arrived_s, size)
            if is_last:
                self.settle("complete", chat_id, arrived_s, size)


class MegabotCollaborator(_Member):
    """One who works in a workspace with others, and shows them where the cursor is."""

    PACES = {"act_s": Pace(1.0, LEAST_S), "ping_s": MegabotChatter.PACES["ping_s"]}
    ROWS = {
        **{row: MegabotChatter.ROWS[row] for row in ("connect", "login", "established", "ping")},
        "fanout": "a collaborative_action to its arrival at another participant, who is a user of the same process",
    }

    def begin(self, now_s: float) -> None:
        """Greeted: join the others, and act."""
        super().begin(now_s)
        shared = self.shell.shared
        self.number = shared.number()
        self.actions = itertools.count()
        self.workspace = f"load-{shared.name}-{self.number // TEAM}"
        self.shell.send(self.envelope("session_join", {"session_id": self.workspace}))
        self.every("act_s", self.act)

    def act(self, due_s: float) -> None:
        """Move the cursor. Where it is, says which action this is, as those who are told of it will need to know."""
        position = {"line": self.number, "column": next(self.actions)}
        self.shell.shared.first(self.key(position), due_s)
        payload = {"session_id": self.workspace, "action": "cursor_move", "data": {"position": position}}
        self.shell.send(self.envelope("collaborative_action", payload))

    def heard(self, kind: str, message: Message, arrived_s: float, size: int) -> None:
        """What another one did; what the server may echo of one's own doings is nothing new."""
        position = field_of(message, "payload.data.position") if kind == "collaborative_action" else None
        if position is None or position["line"] == self.number:
            return
        due_s = self.shell.shared.moment(self.key(position))
        if due_s is not None:
            self.shell.measure("fanout", (arrived_s - due_s) * 1000, size)

    def key(self, position: Message) -> Any:
        """What all in this process know an action by."""
        return ("action", position["line"], position["column"])
