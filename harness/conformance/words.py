"""Help with a word that was not understood."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str:
    """A sentence with the nearest right word, empty where none is near.

    >>> nearest("symbol", ["symbols", "tokens"])
    " Did you mean 'symbols'?"
    >>> nearest("x", ["symbols", "tokens"])
    ''
    """
    near = difflib.get_close_matches(word, list(known), 1)
    return f" Did you mean {near[0]!r}?" if near else ""
