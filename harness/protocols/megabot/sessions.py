"""The sessions that outlive connections: who they belong to, what they have joined, how they are taken up again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.core.topics import Listener
from harness.protocols.megabot.credentials import Identity

LEFT_KEPT = 10_000  # With more that nobody is connected to, the oldest are forgotten before their time.
WORKSPACES_KEPT = 100  # Of one session; with more, the oldest is left.


@dataclass(eq=False, slots=True)
class KeptSession:
    """One session. Its own id names a workspace too, of which it is a participant from the start."""

    id: str
    user_id: str
    principal: str | None
    connections: dict[Listener, None] = field(default_factory=dict)
    joined: dict[str, None] = field(default_factory=dict)
    left_at: float = 0.0  # When the last connection went; of no meaning while there is one.

    @property
    def workspaces(self) -> Iterator[str]:
        """The names of all workspaces that this session takes part in."""
        yield self.id
        yield from (name for name in self.joined if name != self.id)

    def belongs_to(self, identity: Identity) -> bool:
        """Whether this client may take the session up: by the same credentials or lack of them, for the same user."""
        named = identity.user_id if identity.user_id != identity.principal else None
        return identity.principal == self.principal and named in (None, self.user_id)


class Sessions:
    """All sessions of a stage that can be taken up."""

    def __init__(self) -> None:
        self.by_id: dict[str, KeptSession] = {}
        self.left: dict[str, KeptSession] = {}  # Those without a connection, in the order in which they were left.

    def find(self, wanted: str | None, identity: Identity, keep_s: float, now: float) -> KeptSession | None:
        """The session of this id, if it is still kept and this client's."""
        self._forget(keep_s, now)
        session = self.by_id.get(wanted or "")
        return session if session is not None and session.belongs_to(identity) else None

    def connect(self, session: KeptSession, connection: Listener) -> None:
        """From now on the session has this connection."""
        self.by_id[session.id] = session
        self.left.pop(session.id, None)
        session.connections[connection] = None

    def disconnect(self, session: KeptSession, connection: Listener, now: float) -> None:
        """From now on it has it no more."""
        del session.connections[connection]
        if not session.connections:
            session.left_at = now
            self.left[session.id] = session

    def join(self, session: KeptSession, workspace: str) -> str | None:
        """Take part in a workspace. What is given back is one that the session has left for it, if it had too many."""
        session.joined[workspace] = None
        if len(session.joined) <= WORKSPACES_KEPT:
            return None
        oldest = next(iter(session.joined))
        del session.joined[oldest]
        return oldest if oldest != session.id else None

    def faults(self) -> list[str]:
        """What is not as it should be; empty when all is well."""
        idle = {name for name, session in self.by_id.items() if not session.connections}
        wrong = [f"{name}: idle, and not noted as left" for name in idle - set(self.left)]
        wrong += [f"{name}: noted as left, and not idle" for name in set(self.left) - idle]
        wrong += [
            f"{s.id}: in {len(s.joined)} workspaces" for s in self.by_id.values() if len(s.joined) > WORKSPACES_KEPT
        ]
        return wrong

    def _forget(self, keep_s: float, now: float) -> None:
        while self.left:
            oldest = next(iter(self.left.values()))
            if now - oldest.left_at < keep_s and len(self.left) <= LEFT_KEPT:
                return
            del self.left[oldest.id], self.by_id[oldest.id]
