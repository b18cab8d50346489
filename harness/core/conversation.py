"""The record of one connection, as JSON Lines: a line about the connection, then one for each frame.

Directions are named from the client: what it *sent* and what it *received*, on whichever side the record was made.
"""

from __future__ import annotations

import base64
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.core.message import Frame, Message, Opcode
from harness.core.reading import read_json

Sender = Literal["client", "server"]

# What reading a line may raise that is JSON, or nearly so, but no line of a conversation.
_MALFORMED = (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError)


@dataclass(slots=True)
class Entry:
    """One frame of a conversation: when (seconds since the connection opened), from whom, what."""

    at_s: float
    sender: Sender
    frame: Frame
    _message: Message | bool | None = None

    @property
    def message(self) -> Message | None:
        """The JSON object of a text frame, decoded when first asked for; None when the frame holds none."""
        if self._message is None:
            self._message = self._decoded()
        return self._message if isinstance(self._message, dict) else None

    def _decoded(self) -> Message | bool:
        if self.frame.opcode not in (Opcode.TEXT, Opcode.BINARY):
            return False
        try:
            value = read_json(self.frame.data)
        except ValueError:
            return False
        return value if isinstance(value, dict) else False


@dataclass
class Conversation:
    """All frames of one connection, both ways, in order, and how it ended.

    `about` says what is known of the connection: protocol, url, user, extensions. With `limit` (entries) or
    `limit_bytes` (of their frames), only the newest are kept, one at least, and `dropped` counts the others.
    """

    about: dict[str, Any] = field(default_factory=dict)
    limit: int | None = None
    limit_bytes: int | None = None
    dropped: int = 0

    def __post_init__(self) -> None:
        self.entries: deque[Entry] = deque()
        self._bytes = 0
        self._indexed = 0
        self._messages: _Index = {}

    def note(self, at_s: float, sender: Sender, frame: Frame) -> Entry:
        """Append one frame."""
        entry = Entry(at_s, sender, frame)
        self.entries.append(entry)
        self._bytes += len(frame.data)
        while self._has_too_many():
            self._bytes -= len(self.entries.popleft().frame.data)
            self.dropped += 1
        return entry

    @property
    def size_bytes(self) -> int:
        """How many bytes of frames are kept."""
        return self._bytes

    def clear(self) -> None:
        """Drop every frame."""
        self.dropped += len(self.entries)
        self.entries.clear()
        self._messages = {}
        self._bytes = 0

    def _has_too_many(self) -> bool:
        count = len(self.entries)
        if self.limit is not None and count > self.limit:
            return True
        return self.limit_bytes is not None and self._bytes > self.limit_bytes and count > 1

    def received(self, *types: str) -> list[Message]:
        """The messages that came from the server, of these types, or of all."""
        return [m for _, m in self.messages("server", *types)]

    def sent(self, *types: str) -> list[Message]:
        """The messages that the client sent, of these types, or of all."""
        return [m for _, m in self.messages("client", *types)]

    def messages(self, sender: Sender | None = None, *types: str) -> Iterator[tuple[Entry, Message]]:
        """Entries that hold a JSON object, with it: from `sender` (None: both), of these types (none: all)."""
        index = self._index()
        if len(types) < 2:
            return iter(index.get((sender, *types), ()))
        return ((e, m) for e, m in index.get((sender,), ()) if m.get("type") in types)

    def _index(self) -> _Index:
        """Made again only when frames have come: many checks look through a record that grows no more."""
        frames = self.dropped + len(self.entries)
        if frames != self._indexed:
            self._indexed = frames
            self._messages = _index(self.entries)
        return self._messages

    @property
    def close(self) -> Entry | None:
        """The first close frame, from whichever side; None while there is none."""
        return next((e for e in self.entries if e.frame.opcode is Opcode.CLOSE), None)

    def to_lines(self) -> Iterator[str]:
        """The record as JSON Lines."""
        yield json.dumps({"conversation": {**self.about, "dropped": self.dropped}}, ensure_ascii=False)
        for entry in self.entries:
            yield json.dumps(as_line(entry), ensure_ascii=False)

    @classmethod
    def from_lines(cls, lines: Iterable[str]) -> Conversation:
        """Read what `to_lines` wrote; ValueError names the line that is none."""
        result = cls()
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                result._read(json.loads(line))
            except _MALFORMED as error:
                raise ValueError(
                    f"line {number}: expected a line of a conversation, found {line.strip()[:80]!r}"
                ) from error
        return result

    def _read(self, line: Mapping[str, Any]) -> None:
        if "conversation" in line:
            self.about = dict(line["conversation"])
            self.dropped = int(self.about.pop("dropped", 0))
            return
        if line["from"] not in ("client", "server"):
            raise ValueError(line["from"])
        self.entries.append(Entry(float(line["at_s"]), line["from"], _frame_of(line)))


# Entries that hold a message, with it, by (sender or None for both), and by that and the type.
_Index = dict[tuple[Any, ...], list[tuple[Entry, Message]]]


def _index(entries: Iterable[Entry]) -> _Index:
    index: _Index = {}
    for entry in entries:
        if (message := entry.message) is None:
            continue
        kind = message.get("type")
        for sender in (None, entry.sender):
            index.setdefault((sender,), []).append((entry, message))
            if isinstance(kind, str):
                index.setdefault((sender, kind), []).append((entry, message))
    return index


def as_line(entry: Entry) -> dict[str, Any]:
    """What one line of the record holds: `at_s`, `from`, `opcode`, and `data`, `base64`, or `code` and `reason`."""
    frame = entry.frame
    line: dict[str, Any] = {"at_s": round(entry.at_s, 6), "from": entry.sender, "opcode": frame.opcode.name.lower()}
    if frame.opcode is Opcode.CLOSE:
        return {**line, "code": frame.code, "reason": frame.reason}
    try:
        return {**line, "data": frame.data.decode()}
    except UnicodeDecodeError:
        return {**line, "base64": base64.b64encode(frame.data).decode()}


def _frame_of(line: Mapping[str, Any]) -> Frame:
    opcode = Opcode[line["opcode"].upper()]
    if opcode is Opcode.CLOSE:
        return Frame(opcode, code=int(line["code"]), reason=str(line["reason"]))
    if "base64" in line:
        return Frame(opcode, base64.b64decode(line["base64"], validate=True))
    return Frame(opcode, line["data"].encode())
