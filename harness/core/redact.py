"""Secrets out of what is kept: tokens, keys and passwords, wherever a record of a conversation leaves memory."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from harness.core.message import Frame

HIDDEN = "(hidden)"

_NAMES = "(?:access_|refresh_|id_|session_|auth_)?token|jwt|api_?key|password|(?:client_)?secret|authorization"
_NAME = re.compile(_NAMES, re.IGNORECASE)
# By pattern, not by parsing: a malformed Auth holds its token just the same, and other bytes stay as they were.
_MEMBER = re.compile(
    rb'("(?:%s)"\s*:\s*)("(?:[^"\\]|\\.)*"?|[^\s"{}\[\],]+)' % _NAMES.encode(), re.IGNORECASE | re.DOTALL
)


def without_secrets(frame: Frame) -> Frame:
    """The frame with the value of every JSON member hidden whose name is that of a secret.

    >>> from harness.core.message import Opcode
    >>> without_secrets(Frame(Opcode.TEXT, b'{"token": "abc", "version": "1.0.0"}')).data
    b'{"token": "(hidden)", "version": "1.0.0"}'
    """
    data = _MEMBER.sub(rb'\1"%s"' % HIDDEN.encode(), frame.data)
    return frame if data == frame.data else replace(frame, data=data)


def query_without_secrets(query: Mapping[str, str]) -> dict[str, str]:
    """The parameters of a URL, those hidden whose name is that of a secret.

    >>> query_without_secrets({"token": "abc", "speed": "20"})
    {'token': '(hidden)', 'speed': '20'}
    """
    return {name: HIDDEN if _NAME.fullmatch(name) else value for name, value in query.items()}
