"""Keeps secrets out of whatever a report shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

STARS = "***"
SHORTEST = 4  # A shorter word hides nothing, and would be found in every other one.
SHORT = 8  # A plain word that is shorter is hidden where it stands alone: the password "pass" is no part of "passed".


class Redactor:
    """Replaces each secret, in whatever way it is written: plain, in JSON, in a URL."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if len(secret) >= SHORTEST for form in _forms(secret)}
        # The longest first: a token may begin with another one.
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(_pattern, longest_first))) if forms else None

    def hide(self, text: str) -> str:
        """The text without the secrets."""
        return self._pattern.sub(STARS, text) if self._pattern else text

    def brief(self, text: str, limit: int = 300) -> str:
        """The text without the secrets, on one line, and cut: in this order, lest half a secret be left."""
        return cut(self.hide(text), limit)


def cut(text: str, limit: int) -> str:
    """The text on one line of at most `limit` characters, with what cannot be printed as spaces."""
    # Only so much is looked at as may be shown.
    text = "".join(letter if letter.isprintable() else " " for letter in text[: limit + 1])
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _pattern(form: str) -> str:
    alone = form.isalnum() and len(form) < SHORT
    return rf"(?<!\w){form}(?!\w)" if alone else re.escape(form)


def _forms(secret: str) -> set[str]:
    return {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret, safe=""),
        quote_plus(secret),
    }
