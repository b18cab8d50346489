"""HAR files (HTTP Archive 1.2) with WebSocket messages, as Chrome DevTools, Playwright and mitmproxy export them.

All three put `_webSocketMessages` into the entry of the handshake: `type` (send, receive), `time`, `opcode`, `data`.
DevTools and mitmproxy count time in epoch seconds, Playwright in milliseconds. Binary data is in base64.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from harness.core.conversation import Conversation, Sender
from harness.core.message import Frame, Opcode
from harness.core.redact import query_without_secrets

_HAR = re.compile(r'\s*\{\s*"log"\s*:')
_SENDERS: Mapping[str, Sender] = {"send": "client", "receive": "server"}
_OPCODES = frozenset(int(each) for each in Opcode)
_MILLISECONDS = 1e11  # As seconds, that would be in the year 5138; as milliseconds, it is in 1973.


def is_har(text: str) -> bool:
    """Whether the text of a file is a HAR rather than JSON Lines."""
    return _HAR.match(text) is not None


def conversations(text: str) -> list[Conversation]:
    """The WebSocket conversations in a HAR. ValueError, in words, when it holds none or is malformed."""
    try:
        entries = json.loads(text)["log"]["entries"]
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError("expected a HAR: an object with log.entries") from error
    found = [(n, each) for n, each in enumerate(entries) if isinstance(each, dict) and each.get("_webSocketMessages")]
    if not found:
        raise ValueError(
            "expected an entry with _webSocketMessages, found none: export the HAR with content "
            "(Playwright: recordHar with content 'embed')"
        )
    return [_conversation(entry, f"log.entries.{number}") for number, entry in found]


def _conversation(entry: Mapping[str, Any], place: str) -> Conversation:
    messages = list(_messages(entry["_webSocketMessages"], f"{place}._webSocketMessages"))
    opened_s = min([_opened_s(entry), *(time_s for time_s, _, _ in messages)])
    result = Conversation({"url": _without_secrets(entry), "opened": entry.get("startedDateTime")})
    for time_s, sender, frame in messages:
        result.note(time_s - opened_s, sender, frame)
    return result


def _messages(messages: Any, place: str) -> Iterator[tuple[float, Sender, Frame]]:
    for number, each in enumerate(messages):
        try:
            sender = _SENDERS.get(each["type"])
            time, opcode, data = float(each["time"]), int(each["opcode"]), str(each["data"])
            if sender is None or opcode not in _OPCODES:  # DevTools notes errors here, too, which nobody sent.
                continue
            frame = _frame(Opcode(opcode), data, each)
        except (LookupError, TypeError, ValueError) as error:
            expected = "type, time, opcode and data of a message"
            raise ValueError(f"{place}.{number}: expected {expected}, found {str(each)[:80]}") from error
        if time < 0:
            raise ValueError(f"{place}.{number}.time: expected a time, found {time:g}: record without omitting timing")
        yield (time / 1000 if time > _MILLISECONDS else time), sender, frame


def _frame(opcode: Opcode, data: str, message: Mapping[str, Any]) -> Frame:
    if opcode is Opcode.CLOSE:
        return Frame(opcode, code=int(message.get("code", 1005)), reason=data)
    if opcode is Opcode.TEXT:
        return Frame(opcode, data.encode("utf-8", "surrogatepass"))
    try:
        return Frame(opcode, base64.b64decode(data, validate=True))
    except binascii.Error:
        return Frame(opcode, data.encode())


def _opened_s(entry: Mapping[str, Any]) -> float:
    """Epoch seconds at which the handshake began; infinity where the entry does not say."""
    try:
        return datetime.fromisoformat(str(entry.get("startedDateTime"))).timestamp()
    except ValueError:
        return float("inf")


def _without_secrets(entry: Mapping[str, Any]) -> str:
    request = entry.get("request")
    parts = urlsplit(str(request.get("url", "")) if isinstance(request, dict) else "")
    query = urlencode(query_without_secrets(dict(parse_qsl(parts.query, keep_blank_values=True))), safe="()")
    return urlunsplit(parts._replace(query=query))
