"""The profile: what a user tells about the server under test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit


@dataclass(frozen=True)
class Profile:
    """Target, credentials, symbols, capabilities and tolerances. `loading` from TOML names the line of an error."""

    target: str
    tokens: tuple[str, ...] = ()  # One for each user that the suite may use; more make the run shorter.
    expired_token: str | None = None
    bad_token: str = "not-a-token"  # noqa: S105 - it is meant to be refused
    symbols: tuple[str, ...] = ("AAPL", "GOOGL", "MSFT")
    capabilities: Mapping[str, bool] = field(default_factory=dict)  # Name -> false excludes what needs it.
    headers: Mapping[str, str] = field(default_factory=dict)
    ca_file: str | None = None
    reply_s: float = 5.0  # How long an answer may take.
    quiet_s: float = 1.0  # How long nothing must come before it counts as silence.

    def url(self, query: Mapping[str, Any]) -> str:
        """The target with these query parameters added."""
        if not query:
            return self.target
        parts = urlsplit(self.target)
        joined = "&".join(filter(None, [parts.query, urlencode(query)]))
        return urlunsplit(parts._replace(query=joined))
