"""Replies that are being written: their pieces, and how many of them are sent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_PIECE = re.compile(r"\s*(?:\w+|[^\w\s]+)|\s+\Z")


def pieces_of(text: str) -> list[str]:
    """The text in the small pieces in which a language model writes it; joined, they are the text again.

    >>> pieces_of("Hello! How can I help?")
    ['Hello', '!', ' How', ' can', ' I', ' help', '?']
    """
    return _PIECE.findall(text)


@dataclass(slots=True)
class Stream:
    """One reply under way. `in_reply_to` is the id of the chat message that it answers."""

    id: str
    in_reply_to: str
    pieces: Sequence[str]
    sent: int = 0
    owner: object = field(default=None, repr=False)

    @property
    def is_complete(self) -> bool:
        """Whether all is sent."""
        return self.sent == len(self.pieces)

    def next_piece(self) -> dict[str, Any]:
        """The payload of the next chat_stream: sequences count from 1, and the last piece says that it is the last."""
        chunk = self.pieces[self.sent]
        self.sent += 1
        return {"chunk": chunk, "is_complete": self.is_complete, "sequence": self.sent}
