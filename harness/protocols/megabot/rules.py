"""MegaBot's numbers: the limits of the spec, and the facts of the world that a scenario may set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from harness.core.limits import Rate
from harness.protocols.megabot.tools import TOOLS

LONGEST_S = 1_000_000_000  # What is announced as a time of day must lie within the calendar.
MOST_WORDS = 100_000  # Of a reply: a stream of more than an hour.
MOST_NOTIFICATIONS_PER_S = 1000  # With more, the mock would do nothing else.


@dataclass(frozen=True, slots=True)
class Rules:
    """Limits and timers. Sections named are those of the MegaBot spec.

    ValueError, in words, when a value is none that a server can keep.
    """

    messages: Rate = Rate(10, 1.0)  # Rate Limiting: so many at once, then one by one; per connection. A batch is one.
    content_chars: int = 10_000  # Message Validation: of a chat_send, in UTF-16 code units as JavaScript counts.
    token_life_s: float = 3600.0  # From the login until the token is refused.
    session_keep_s: float = 1800.0  # How long a session can be taken up again after its last connection.
    close_expired: bool = False  # Whether a connection ends when its token expires; else that is not noticed.

    def __post_init__(self) -> None:
        _demand(self.messages.count >= 0 and self.messages.window_s > 0, "messages", "a rate", str(self.messages))
        _demand(self.content_chars >= 0, "content_chars", "a number of at least 0", self.content_chars)
        for name in ("token_life_s", "session_keep_s"):
            value = getattr(self, name)
            _demand(0 <= value <= LONGEST_S, name, f"a number from 0 to {LONGEST_S}", value)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a scenario's `world` may say. Times in seconds of the stage.

    ValueError, in words, when a value is none that a world can have.
    """

    users: Mapping[str, str] = field(default_factory=lambda: {"user": "pass"})  # Name -> password, as in the samples.
    accept_any_password: bool = False  # Whether the login lets everyone in, by any name.
    api_keys: Sequence[str] = ("your_api_key",)  # As in the samples.
    credentials: Literal["optional", "required"] = "optional"  # Whether one may connect without any.
    think_s: float = 0.3  # Time from a chat message, or the end of the reply before, to the first piece of its reply.
    chunk_every_s: float = 0.05  # Time between two pieces of a reply.
    reply_words: int = 0  # How many words each reply has; 0 for its natural length.
    cut_stream_after: int = 0  # After so many pieces of a reply the connection is cut; 0 for never.
    failing_tools: Sequence[str] = ()  # Tools that fail whenever they are called.
    notifications: Rate = Rate(0, 1.0)  # News for everyone who is connected, evenly spread.

    def __post_init__(self) -> None:
        for name in ("think_s", "chunk_every_s", "cut_stream_after"):
            _demand(getattr(self, name) >= 0, name, "a number of at least 0", getattr(self, name))
        words = self.reply_words
        _demand(0 <= words <= MOST_WORDS, "reply_words", f"a number from 0 to {MOST_WORDS}", words)
        _demand(self.credentials in ("optional", "required"), "credentials", "optional or required", self.credentials)
        for name, password in self.users.items():
            _demand(bool(name and password), f"users.{name}", "a name and a password that are not empty", password)
        _demand(all(self.api_keys), "api_keys", "keys that are not empty", "")  # The others are secrets.
        for tool in self.failing_tools:
            _demand(tool in TOOLS, "failing_tools", f"tools: {', '.join(TOOLS)}", tool)
        rate = self.notifications
        good = rate.window_s > 0 and 0 <= rate.count / rate.window_s <= MOST_NOTIFICATIONS_PER_S
        _demand(good, "notifications", f"a rate of at most {MOST_NOTIFICATIONS_PER_S} per 1s", str(rate))


def _demand(holds: bool, name: str, expected: str, found: object) -> None:
    if not holds:
        raise ValueError(f"{name}: expected {expected}, found {found!r}")
