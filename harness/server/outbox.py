"""When connections send: once in a turn of the event loop, each in one write, however many frames it has."""

from __future__ import annotations

import asyncio
import typing


class Sender(typing.Protocol):
    """Who has something to send; a Connection is one."""

    def flush(self) -> None:
        """Send it."""


class Outbox:
    """The connections that have something to send, in the order in which they came."""

    def __init__(self) -> None:
        self._due: list[Sender] = []

    def add(self, sender: Sender) -> None:
        """Let `sender` send when this turn of the event loop is over."""
        if not self._due:
            asyncio.get_running_loop().call_soon(self._flush)
        self._due.append(sender)

    def _flush(self) -> None:
        due, self._due = self._due, []
        for sender in due:
            sender.flush()
