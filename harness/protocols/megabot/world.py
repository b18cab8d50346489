"""MegaBot's world: the sessions of all users, their workspaces, the replies under way, and news for everyone."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, fields
from functools import cached_property, partial
from typing import Any

from faker import Faker

from harness.core.message import Message, merged
from harness.core.topics import Listener
from harness.core.world import Setting, World
from harness.protocols.megabot.credentials import Identity
from harness.protocols.megabot.project import Project, new_project
from harness.protocols.megabot.rules import Facts
from harness.protocols.megabot.sessions import KeptSession, Sessions
from harness.protocols.megabot.streams import Stream

# Far from the ids of the samples, which clients and scripts use, so that a transcript shows who made an id up.
FIRST_NUMBER = 1001
NEWS = "news"  # The topic of what everyone is told.
NOTIFICATIONS = (
    ("info", "Task Completed", "Your code review is ready", "/reviews/{number}"),
    ("info", "Build Completed", "The build of your branch has passed", "/builds/{number}"),
    ("info", "New Comment", "There is a new comment on your review", "/reviews/{number}"),
    ("info", "Deployment Completed", "Your changes are live on staging", "/deployments/{number}"),
    ("error", "Build Failed", "The build of your branch has failed", "/builds/{number}"),
)


@dataclass(frozen=True, slots=True)
class Action:
    """A collaborative_action for all participants of a workspace but its author."""

    author: Listener | None
    message: Message


class MegabotWorld(World[Facts]):
    """What all MegaBot sessions of a stage share. Topics: `news` (a message), `workspace/<name>` (an Action)."""

    LIVE = frozenset(field.name for field in fields(Facts))  # None is copied at the start.

    def __init__(self, facts: Facts, setting: Setting) -> None:
        super().__init__(facts, setting)
        self.sessions = Sessions()
        self.streams: dict[str, Stream] = {}  # Those that are not complete, by id.
        self._counts: Counter[str] = Counter()  # By prefix.
        self._news_chance = random.Random(self.chance.getrandbits(64))
        self._project_seed = self.chance.getrandbits(64)
        self._news_round = 0
        self._plan_news(0.0)

    @cached_property
    def faker(self) -> Faker:
        """A dictionary, which is slow to make; whoever uses it seeds it first."""
        return Faker("en_US")

    @cached_property
    def project(self) -> Project:
        """The files that the tools work on."""
        return new_project(random.Random(self._project_seed), self.faker)

    def number(self, prefix: str) -> str:
        """A new id: `msg`, `sess`, `user`, `task` or `stream`, and a number that no other of its kind has."""
        count = self._counts[prefix]
        self._counts[prefix] += 1
        return f"{prefix}_{FIRST_NUMBER + count}"

    def epoch_s(self, now: float) -> int:
        """A stage time as messages tell it."""
        return int(self.clock.wall_s(now))

    def message(self, kind: str, payload: dict[str, Any], now: float, metadata: Message | None = None) -> Message:
        """A message of the server in its envelope (Message Format)."""
        message = {"id": self.number("msg"), "type": kind, "payload": payload, "timestamp": self.epoch_s(now)}
        return {**message, "metadata": metadata} if metadata else message

    # Sessions and workspaces --------------------------------------------------------------------

    def admit(
        self, connection: Listener, identity: Identity, wanted: str | None, keep_s: float, now: float
    ) -> KeptSession:
        """A session for this connection: the wanted one if it is kept and belongs to the client, else a new one."""
        session = self.sessions.find(wanted, identity, keep_s, now)
        if session is None:
            user_id = identity.user_id or self.number("user")
            session = KeptSession(self.number("sess"), user_id, identity.principal)
        self.sessions.connect(session, connection)
        for workspace in session.workspaces:
            self.topics.listen(f"workspace/{workspace}", connection)
        self.topics.listen(NEWS, connection)
        return session

    def join(self, session: KeptSession, workspace: str) -> None:
        """The session takes part in the workspace, which begins with its first participant."""
        left = self.sessions.join(session, workspace)
        for connection in session.connections:
            self.topics.listen(f"workspace/{workspace}", connection)
            if left is not None:
                self.topics.leave(f"workspace/{left}", connection)

    def act(self, author: Listener | None, payload: dict[str, Any], now: float) -> None:
        """Tell all other participants of the workspace that `payload` names."""
        message = self.message("collaborative_action", payload, now)
        self.tell(f"workspace/{payload['session_id']}", Action(author, message), now)

    # Streams ------------------------------------------------------------------------------------

    def begin(self, stream: Stream) -> None:
        """A reply is being written from now on."""
        self.streams[stream.id] = stream

    def end(self, stream: Stream) -> None:
        """It is complete, or cut."""
        self.streams.pop(stream.id, None)

    # News ---------------------------------------------------------------------------------------

    def turn(self, facts: Facts, now: float) -> None:
        """With another rate of notifications, the old ones end and the new ones begin."""
        changed = facts.notifications != self.facts.notifications
        super().turn(facts, now)
        if changed:
            self._plan_news(now)

    def scripted(self, name: str, variant: str | None, changes: Message, now: float) -> bool:
        """A notification for everyone, or an action of nobody here in the workspace that the script names."""
        examples = self.setting.examples[name]
        payload = merged(examples[variant or next(iter(examples))], changes)["payload"]
        if name == "notification":
            self.tell(NEWS, self.message(name, payload, now), now)
        elif name == "collaborative_action" and "session_id" in merged({}, changes).get("payload", {}):
            self.act(None, payload, now)
        else:
            return False
        return True

    def _plan_news(self, now: float) -> None:
        self._news_round += 1
        rate = self.facts.notifications
        if rate.count:
            self.agenda.at(now + rate.window_s / rate.count, partial(self._tell_news, self._news_round))

    def _tell_news(self, round_: int, now: float) -> None:
        if round_ != self._news_round:
            return
        self._plan_news(now)
        if self.topics.wanted(NEWS):
            kind, title, text, url = self._news_chance.choice(NOTIFICATIONS)
            payload = {
                "type": kind,
                "title": title,
                "message": text,
                "action_url": url.format(number=self._news_chance.randrange(100, 1000)),
                "dismissible": True,
            }
            self.topics.publish(NEWS, self.message("notification", payload, now), now)

    def check_books(self) -> list[str]:
        """What in this world does not add up: sessions that nobody keeps, replies that nobody writes."""
        connected = {each for session in self.sessions.by_id.values() for each in session.connections}
        wrong = [f"{s.id}: nobody is there to be told" for s in self.streams.values() if s.owner not in connected]
        wrong += [f"{s.id}: complete, and still open" for s in self.streams.values() if s.is_complete]
        return [*self.sessions.faults(), *wrong]
