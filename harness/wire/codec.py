"""JSON on the wire, by orjson."""

from __future__ import annotations

import orjson

from harness.core.message import Frame, Message, Problem


def decode(frame: Frame) -> Message | Problem:
    """The JSON object in a text or binary frame, or why there is none."""
    try:
        value = orjson.loads(frame.data)
    except orjson.JSONDecodeError as error:
        return Problem("json", "", "a JSON object", f"text that is no JSON ({error})")
    if not isinstance(value, dict):
        return Problem("json", "", "a JSON object", f"JSON of type {kind_of(value)}")
    return value


def encode(message: Message) -> bytes:
    """The message as UTF-8 JSON."""
    return orjson.dumps(message)


def with_members(frame: Frame, members: Message) -> Frame:
    """The frame of a message that is not empty, with these members added at its end; the rest is not encoded again.

    >>> from harness.core.message import Opcode
    >>> with_members(Frame(Opcode.TEXT, b'{"type":"ping"}'), {"id": 7}).data
    b'{"type":"ping","id":7}'
    """
    return Frame(frame.opcode, frame.data[:-1] + b"," + encode(members)[1:])


def kind_of(value: object) -> str:
    """The JSON name of a value's type.

    >>> [kind_of(v) for v in (None, True, 1, 1.5, "a", [], {})]
    ['null', 'boolean', 'number', 'number', 'string', 'array', 'object']
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"
