"""An excerpt of a conversation, as lines of text with times."""

from __future__ import annotations

import json

from harness.conformance.redact import Redactor
from harness.core.conversation import Conversation, Entry
from harness.core.message import Message, Opcode

AROUND = 3  # Frames shown before and after the one in question.
WIDTH = 400  # Enough to recognise a message by; a terminal cuts further.


def excerpt(conversation: Conversation, entry: Entry | None, redactor: Redactor) -> list[str]:
    """The frames around `entry`, one line each, secrets hidden; `entry` itself is marked by `!`."""
    entries = list(conversation.entries)
    if not entries:
        return ["  (no frame was sent or received)"]
    at = next((i for i, each in enumerate(entries) if each is entry), len(entries) - 1)
    first, last = max(0, at - AROUND), min(len(entries), at + AROUND + 1)
    lines = [f"  ... {first} before"] if first else []
    for each in entries[first:last]:
        mark, arrow = "!" if each is entry else " ", ">>" if each.sender == "client" else "<<"
        lines.append(f"{mark} {each.at_s:8.3f} s {arrow} {redactor.brief(_text(each), WIDTH)}")
    return [*lines, f"  ... {len(entries) - last} after"] if last < len(entries) else lines


def content_first(message: Message) -> Message:
    """The message with its type and what it holds before the rest of the envelope, which is long and tells little."""
    nested = [name for name, value in message.items() if isinstance(value, dict | list)]
    first = [name for name in ("type", *nested) if name in message]
    return {name: message[name] for name in dict.fromkeys((*first, *message))}


def _text(entry: Entry) -> str:
    frame = entry.frame
    if frame.opcode is Opcode.CLOSE:
        return f"close {frame.code} {frame.reason}".rstrip()
    if entry.message is not None and frame.opcode is Opcode.TEXT:
        return json.dumps(content_first(entry.message), ensure_ascii=False, separators=(",", ":"))
    text = frame.data.decode(errors="backslashreplace")
    return text if frame.opcode is Opcode.TEXT else f"{frame.opcode.name.lower()} {text}".rstrip()
