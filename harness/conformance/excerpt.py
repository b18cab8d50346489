"""An excerpt of a conversation: as lines of text with times, and frame by frame."""

from __future__ import annotations

import json
from typing import Any

from harness.conformance.redact import Redactor, cut
from harness.core.conversation import Conversation, Entry
from harness.core.message import Message, Opcode

AROUND = 3  # Frames shown before and after the one in question.
WIDTH = 400  # Enough to recognise a message by; a terminal cuts further.
WHOLE_WIDTH = 4000  # Enough for nearly every message to be whole, and a bound for those that are not.


def excerpt(conversation: Conversation, entry: Entry | None, redactor: Redactor) -> list[str]:
    """The frames around `entry`, one line each, secrets hidden; `entry` itself is marked by `!`."""
    before, entries, after = _around(conversation, entry)
    if not entries:
        return ["  (no frame was sent or received)"]
    lines = [f"  ... {before} before"] if before else []
    for each in entries:
        mark, arrow = "!" if each is entry else " ", ">>" if each.sender == "client" else "<<"
        lines.append(f"{mark} {each.at_s:8.3f} s {arrow} {redactor.brief(_line(each), WIDTH)}")
    return [*lines, f"  ... {after} after"] if after else lines


def frames(conversation: Conversation, entry: Entry | None, redactor: Redactor) -> dict[str, Any]:
    """The same frames, for a report: `before`, `frames` and `after`, as the schema of reports describes them."""
    before, entries, after = _around(conversation, entry)
    return {
        "before": before,
        "frames": [_shown(each, redactor) | {"marked": each is entry} for each in entries],
        "after": after,
    }


def content_first(message: Message) -> Message:
    """The message with its type and what it holds before the rest of the envelope, which is long and tells little."""
    nested = [name for name, value in message.items() if isinstance(value, dict | list)]
    first = [name for name in ("type", *nested) if name in message]
    return {name: message[name] for name in dict.fromkeys((*first, *message))}


def _around(conversation: Conversation, entry: Entry | None) -> tuple[int, list[Entry], int]:
    """The frames near `entry` (near the end, when it is none of them), and how many there are before and after."""
    entries = list(conversation.entries)
    at = next((i for i, each in enumerate(entries) if each is entry), len(entries) - 1)
    first, last = max(0, at - AROUND), min(len(entries), at + AROUND + 1)
    return conversation.dropped + first, entries[first:last], len(entries) - last


def _shown(entry: Entry, redactor: Redactor) -> dict[str, Any]:
    text = redactor.hide(_text(entry, in_order=True))
    brief = cut(text, WHOLE_WIDTH)
    return {
        "at_s": round(entry.at_s, 6),
        "from": entry.sender,
        "opcode": entry.frame.opcode.name.lower(),
        "text": brief,
        "bytes": len(entry.frame.data),
        "cut": len(brief) < len(text),
    }


def _line(entry: Entry) -> str:
    """A frame on one line: its opcode, where that is not text, and what it holds."""
    name = "" if entry.frame.opcode is Opcode.TEXT else f"{entry.frame.opcode.name.lower()} "
    return f"{name}{_text(entry)}".rstrip()


def _text(entry: Entry, in_order: bool = False) -> str:
    """What a frame holds. A message is written anew, so that a secret in it is written in the usual way."""
    frame = entry.frame
    if frame.opcode is Opcode.CLOSE:
        return f"{frame.code} {frame.reason}".rstrip()
    if entry.message is not None and frame.opcode is Opcode.TEXT:
        message = entry.message if in_order else content_first(entry.message)
        return json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    return frame.data.decode(errors="backslashreplace")
