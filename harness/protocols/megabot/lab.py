"""MegaBot's lab and peer: a client that chats, calls tools and works with others, in the words of the checks."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from harness.conformance.check import Unobserved, Violation
from harness.conformance.lab import Lab
from harness.conformance.peer import Answer, Offer, Peer
from harness.conformance.profile import Profile
from harness.core.conversation import Entry
from harness.core.message import Message, field_of, uuid4
from harness.protocols.megabot.credentials import new_token

LOGIN = "/api/auth/login"
GAP_S = 0.12  # Rate Limiting: 10 messages a second. A little more, since a network may bring two nearer together.
THINK_S = 60.0  # How long a reply, its next piece or a tool may take: a language model may be behind it.
REPLIES = ("chat_stream", "chat_receive")


def is_error(message: Message) -> bool:
    """Whether a message is clearly an error, whatever it is called: the spec defines none for bad messages."""
    code = field_of(message, "payload.code")
    named = "error" in str(message.get("type")).lower() or isinstance(field_of(message, "payload.error"), str)
    return named or (isinstance(code, int | float) and code >= 400)


@dataclass
class Reply:
    """What came of a chat message: pieces, or the whole, or both."""

    chunks: list[Message] = field(default_factory=list)
    whole: Message | None = None

    @property
    def text(self) -> str:
        """What the assistant said."""
        if self.whole is not None:
            return str(field_of(self.whole, "payload.content") or "")
        return "".join(str(field_of(chunk, "payload.chunk") or "") for chunk in self.chunks)


class MegabotPeer(Peer):
    """A client connection that knows the envelope, and keeps within the rate limit."""

    lab: MegabotLab
    session_id: str = ""
    user_id: str = ""
    _free_at_s: float = 0.0

    # Saying -------------------------------------------------------------------------------------

    def envelope(self, kind: str, payload: Any) -> Message:
        """A message of this type, with a new id and the time of day."""
        now_s = self.lab.wall_s()
        return {"id": f"msg_{uuid4(self.lab.chance)}", "type": kind, "payload": payload, "timestamp": int(now_s)}

    async def in_turn(self) -> None:
        """Wait until the rate limit surely lets another message pass."""
        wait_s = self._free_at_s - self.now()
        if wait_s > 0:
            await self.pause(wait_s)
        self._free_at_s = self.now() + GAP_S

    async def say(self, kind: str, **payload: Any) -> Message:
        """Send a message of this type; it is given back."""
        return await self.post(self.envelope(kind, payload))

    async def post(self, message: Message) -> Message:
        """Send a message as it is, in its turn."""
        await self.in_turn()
        return await self.send(message)

    # Asking -------------------------------------------------------------------------------------

    async def greet(self) -> Message:
        """The connection_established. Violation when an error comes for it."""
        greeting = await self.first("connection_established")
        if greeting.get("type") != "connection_established":
            raise Violation("connection_established", greeting)
        self.session_id = str(field_of(greeting, "payload.session_id"))
        self.user_id = str(field_of(greeting, "payload.user_id"))
        return greeting

    async def first(
        self, *types: str, where: Callable[[Message], object] | None = None, within_s: float | None = None
    ) -> Message:
        """The next message of these types for which `where` holds, or error."""

        def fits(entry: Entry) -> bool:
            message = entry.message
            if message is None:
                return False
            wanted = message.get("type") in types and (where is None or bool(where(message)))
            return wanted or (message.get("type") not in types and is_error(message))

        entry = await self.wait_for(fits, " or ".join((*types, "an error")), within_s)
        assert entry.message is not None
        return entry.message

    async def reply(self) -> Reply:
        """The reply to the first chat message that has none yet. Violation when an error comes, or it never ends."""
        reply = Reply()
        while True:
            message = await self.first(*REPLIES, within_s=THINK_S)
            if message.get("type") == "chat_stream":
                reply.chunks.append(message)
                if field_of(message, "payload.is_complete") is True:
                    reply.whole = await self._whole()
                    return reply
            elif message.get("type") == "chat_receive":
                reply.whole = message
                return reply
            else:
                raise Violation("a reply", message)

    async def _whole(self) -> Message | None:
        """A stream may be all there is, or the whole may follow."""
        try:
            return await self.receive("chat_receive", within_s=self.lab.profile.quiet_s)
        except Violation:
            return None

    async def chat(self, content: str = "Hello MegaBot!") -> Reply:
        """Say something, and have the reply."""
        await self.say("chat_send", content=content)
        return await self.reply()

    async def call(self, execution_id: str, tool_name: str = "run_tests", **parameters: Any) -> Message:
        """Call a tool."""
        parameters = parameters or {"test_suite": "unit", "verbose": True}
        return await self.say("tool_call", tool_name=tool_name, parameters=parameters, execution_id=execution_id)

    async def result(self, execution_id: str) -> Message:
        """The tool_result of this call. Violation when none comes."""
        return await self.receive(
            "tool_result", where=lambda m: field_of(m, "payload.execution_id") == execution_id, within_s=THINK_S
        )

    async def join(self, workspace: str) -> None:
        """Take part in a workspace. Nothing confirms that, so it is given a moment."""
        await self.say("session_join", session_id=workspace)
        await self.pause(self.lab.profile.quiet_s)

    async def act(self, workspace: str, action: str = "cursor_move", **data: Any) -> Message:
        """Do something in a workspace."""
        return await self.say("collaborative_action", session_id=workspace, action=action, data=data)

    async def is_serving(self) -> bool:
        """Whether this connection still stands, and a chat is answered on it. Errors from before do not count."""
        self._taken.update(id(entry) for entry in self._arrived)
        try:
            return bool(await self.chat())
        except Violation:
            return False


class MegabotLab(Lab):
    """Opens MegaBot peers, and logs in."""

    async def client(self, **options: Any) -> MegabotPeer:
        """A connection that was greeted (as `bare`, with its options)."""
        peer = await self.bare(**options)
        await peer.greet()
        return peer

    async def bare(self, **options: Any) -> MegabotPeer:
        """A connection of which nothing is known yet (as `peer`, typed, with its options)."""
        peer = await self.peer(**options)
        assert isinstance(peer, MegabotPeer)
        return peer

    async def team(self, count: int) -> list[MegabotPeer]:
        """Clients of different users."""
        stem = self.unique("user")
        return [await self.client(user_id=f"{stem}-{number}") for number in range(1, count + 1)]

    def unique(self, prefix: str) -> str:
        """A name that nobody has used."""
        return f"{prefix}-{uuid4(self.chance)[:13]}"

    # Logging in ---------------------------------------------------------------------------------

    def credential(self, name: str) -> str:
        """What the profile tells of `credentials`. Unobserved when it does not."""
        value = self.profile.credentials.get(name)
        if value is None:
            raise Unobserved(f"the profile has no credentials.{name}")
        return value

    async def post(self, body: Any) -> Answer:
        """Ask the login, at the host of the target."""
        parts = urlsplit(self.profile.target)
        url = urlunsplit(parts._replace(path=LOGIN, query=""))
        headers = {**self.profile.headers, "Content-Type": "application/json"}
        return await self.opener.http("POST", url, headers, json.dumps(body).encode())

    async def log_in(self) -> Answer:
        """Log in by what the profile tells."""
        return await self.post({"username": self.credential("username"), "password": self.credential("password")})

    async def token(self) -> str:
        """A token of the login, or where the profile has none, its own. Violation when the login gives none."""
        if self.profile.tokens and "password" not in self.profile.credentials:
            return self.profile.tokens[0]
        answer = await self.log_in()
        token = token_of(answer)
        if token is None:
            raise Violation("a token of the login", f"status {answer.status}")
        return token

    def _make(self, offer: Offer) -> Peer:
        peer = MegabotPeer(self.opener, offer, self.profile.reply_s)
        peer.lab = self
        return peer


def token_of(answer: Answer) -> str | None:
    """The token in the answer of the login, if there is one."""
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    token = body.get("token") if isinstance(body, dict) else None
    return token if isinstance(token, str) and token else None


def demo_profile(target: str, chance: random.Random) -> Profile:
    """Credentials that our own mock accepts: those of the samples."""
    credentials = {"username": "user", "password": "pass", "api_key": "your_api_key"}
    return Profile(target, expired_token=new_token("user", 1_000_000_000, 60), credentials=credentials)


LAB = MegabotLab  # What the runner looks for in every protocol.
