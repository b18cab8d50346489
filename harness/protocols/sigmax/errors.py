"""SIGMAX's error codes in words, and the refusal that carries one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

# Error Handling: the sample's words for the first code, and the like for the others.
WORDS = {
    "INVALID_TOPIC": "Invalid subscription topic",
    "INVALID_SYMBOL": "Invalid symbol",
    "MESSAGE_PROCESSING_ERROR": "Failed to process message",
    "MAX_CONNECTIONS_EXCEEDED": "Connection limit reached",
    "AUTHENTICATION_FAILED": "Invalid API key",
}


class Refusal(Exception):  # noqa: N818 - it is an answer to the client, not a failure of the mock
    """What a client asks for is not done. It becomes an `error` event with this code."""

    def __init__(self, code: str, details: str) -> None:
        super().__init__(details)
        self.code = code
        self.details = details

    @property
    def data(self) -> dict[str, str]:
        """The data of the event."""
        return {"error": WORDS[self.code], "code": self.code, "details": self.details}


def cannot(details: str) -> Refusal:
    """The refusal of a message that cannot be carried out."""
    return Refusal("MESSAGE_PROCESSING_ERROR", details)


def unknown_topic(word: str, topics: Iterable[str]) -> Refusal:
    """The refusal of a word that is no topic: it offers the nearest, or else all of them."""
    known = list(topics)
    return Refusal("INVALID_TOPIC", f"Topic '{word[:100]}' does not exist; {_offer(word, known)}")


def malformed_symbol(word: str) -> Refusal:
    """The refusal of a text that is no pair."""
    return Refusal("INVALID_SYMBOL", f"Symbol '{word[:100]}' is not of the form BASE/QUOTE, such as BTC/USDT")


def unknown_command(word: str, commands: Iterable[str]) -> Refusal:
    """The refusal of a command that there is not."""
    return cannot(f"Command '{word[:100]}' does not exist; {_offer(word, list(commands))}")


def _offer(word: str, known: list[str]) -> str:
    near = get_close_matches(word.lower(), known, 1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
