"""The profile: what a user tells about the server under test, in TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from harness.conformance.words import nearest


class ProfileError(ValueError):
    """A profile is not what it should be. The text names file, key, expectation and, where there is one, a way out."""


@dataclass(frozen=True)
class Profile:
    """Target, credentials, symbols, capabilities and tolerances. Defaults stand for what a profile does not say."""

    target: str
    tokens: tuple[str, ...] = ()  # One for each user that the suite may use; more make the run shorter.
    expired_token: str | None = None
    bad_token: str = "not-a-token"  # noqa: S105 - it is meant to be refused
    symbols: tuple[str, ...] = ("AAPL", "GOOGL", "MSFT")
    capabilities: Mapping[str, bool] = field(default_factory=dict)  # Name -> false excludes what needs it.
    credentials: Mapping[str, str] = field(default_factory=dict)  # Those that are no tokens; see _CREDENTIALS.
    headers: Mapping[str, str] = field(default_factory=dict)
    urls: Mapping[str, str] = field(default_factory=dict)  # Capability -> where it shows, if not at the target.
    ca_file: str | None = None
    reply_s: float = 5.0  # How long an answer may take.
    quiet_s: float = 1.0  # How long nothing must come before it counts as silence.
    side_by_side: int = 24  # How many exchanges may run at once.
    round_trip_s: float = 0.0  # Measured when a run begins; the tolerances above are widened by it.

    def url(self, query: Mapping[str, Any], capability: str = "") -> str:
        """The target, or the URL where this capability shows, with these query parameters, in place of its own."""
        target = self.urls.get(capability, self.target)
        if not query:
            return target
        parts = urlsplit(target)
        own = [each for each in parts.query.split("&") if not any(name in query for name, _ in parse_qsl(each, True))]
        joined = "&".join(filter(None, [*own, urlencode(query)]))
        return urlunsplit(parts._replace(query=joined))

    def widened(self, round_trip_s: float) -> Profile:
        """The profile for a server that is so far away: an answer takes a few turns of TCP, news takes one."""
        return replace(
            self,
            round_trip_s=round_trip_s,
            reply_s=self.reply_s + 4 * round_trip_s,
            quiet_s=self.quiet_s + 2 * round_trip_s,
        )

    def lacking(self, capabilities: Collection[str]) -> Profile:
        """The profile for a server that lacks these, too."""
        return replace(self, capabilities={**self.capabilities, **dict.fromkeys(capabilities, False)})

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no report may show: tokens, values of headers, and what a URL may hide."""
        parts = [urlsplit(url) for url in (self.target, *self.urls.values())]
        hidden = [value for each in parts for _, value in parse_qsl(each.query)]
        told = [value for name, value in self.credentials.items() if name != "username"]
        found = [*self.tokens, self.expired_token, *told, *self.headers.values(), *(p.password for p in parts), *hidden]
        return tuple(secret for secret in found if secret)


# Key of the file -> what it holds, in words; the types follow below.
_STRINGS = ("url", "expired_token", "bad_token", "ca_file")
_LISTS = ("tokens", "symbols")
_NUMBERS = ("reply_s", "quiet_s", "side_by_side")
_TABLES = ("tolerances", "headers", "capabilities", "urls", "credentials")
_CREDENTIALS = ("username", "password", "api_key")  # What a login takes, and what a handshake may present.
_TOP = (*_STRINGS, *_LISTS, *_TABLES)


def load(path: Path, base: Profile, capabilities: Collection[str] = ()) -> Profile:
    """The profile in a TOML file; what it does not say is as in `base`. Errors: ProfileError.

    `capabilities` are the names that the protocol knows. The address on the command line, if given, is in `base` and
    goes before the `url` of the file.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProfileError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ProfileError(f"{path}: expected text in UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{path}: expected TOML: {error}") from error
    return _Reader(path, values).profile(base, capabilities)


class _Reader:
    """Takes the values of one file, and says where they are not what they should be."""

    def __init__(self, path: Path, values: Mapping[str, Any]) -> None:
        self.path = path
        self.values = values

    def profile(self, base: Profile, capabilities: Collection[str]) -> Profile:
        self._known(self.values, _TOP, "")
        changes: dict[str, Any] = {key: self._text(key) for key in _STRINGS if key in self.values}
        changes |= {key: self._texts(key) for key in _LISTS if key in self.values}
        changes |= {key: self._number(key, value) for key, value in self._table("tolerances", _NUMBERS).items()}
        if "headers" in self.values:
            changes["headers"] = {k: self._header(k, v) for k, v in self._table("headers").items()}
        if "credentials" in self.values:
            told = self._table("credentials", _CREDENTIALS)
            changes["credentials"] = {k: self._credential(k, v) for k, v in told.items()}
        if "capabilities" in self.values:
            lacking = self._table("capabilities", tuple(sorted(capabilities)))
            changes["capabilities"] = {k: self._truth(k, v) for k, v in lacking.items()}
        if "urls" in self.values:
            others = self._table("urls", tuple(sorted(capabilities)))
            changes["urls"] = {k: self._address(k, v) for k, v in others.items()}
        if "url" in changes:
            changes["target"] = base.target or changes["url"]
            del changes["url"]
        if "ca_file" in changes:
            # Relative to the profile, so that both can be moved together.
            changes["ca_file"] = str(self.path.parent / changes["ca_file"])
        assert set(changes) <= {each.name for each in fields(Profile)}
        return replace(base, **changes)

    def _known(self, table: Mapping[str, Any], names: Collection[str], prefix: str) -> None:
        for key in table:
            if key not in names:
                there = ", ".join(names) or "none for this protocol"
                raise ProfileError(f"{self.path}: unknown key {prefix}{key}; there are: {there}.{nearest(key, names)}")

    def _table(self, name: str, names: Collection[str] | None = None) -> Mapping[str, Any]:
        table = self.values.get(name, {})
        if not isinstance(table, dict):
            raise self._wrong(name, f"a table, as in `[{name}]`", table)
        if names is not None:
            self._known(table, names, f"{name}.")
        return table

    def _text(self, key: str) -> str:
        value = self.values[key]
        if not isinstance(value, str) or not value:
            raise self._wrong(key, "a text", value)
        return value

    def _texts(self, key: str) -> tuple[str, ...]:
        value = self.values[key]
        if not isinstance(value, list) or not value or not all(isinstance(each, str) and each for each in value):
            raise self._wrong(key, 'a list of texts, such as ["a", "b"]', value)
        return tuple(value)

    def _number(self, key: str, value: Any) -> float:
        whole = key == "side_by_side"
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or value <= 0:
            raise self._wrong(f"tolerances.{key}", f"a {'whole ' if whole else ''}number above 0", value)
        return int(value) if whole else float(value)

    def _header(self, key: str, value: Any) -> str:
        if not isinstance(value, str) or "\n" in value or "\r" in value:
            raise self._wrong(f"headers.{key}", "a text of one line", value)
        return value

    def _credential(self, key: str, value: Any) -> str:
        if not isinstance(value, str) or not value:
            raise self._wrong(f"credentials.{key}", "a text", "something else, or nothing")  # It is a secret.
        return value

    def _truth(self, key: str, value: Any) -> bool:
        if not isinstance(value, bool):
            raise self._wrong(f"capabilities.{key}", "true or false", value)
        return value

    def _address(self, key: str, value: Any) -> str:
        if not isinstance(value, str) or not value.startswith(("ws://", "wss://")):
            raise self._wrong(f"urls.{key}", "a URL that begins with ws:// or wss://", value)
        return value

    def _wrong(self, key: str, expected: str, found: Any) -> ProfileError:
        return ProfileError(f"{self.path}: {key}: expected {expected}, found {found!r}")
