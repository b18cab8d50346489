"""JSON of strangers."""

import pytest

from harness.core.reading import MAX_DEPTH, read_json


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'{"a": [1, 2.5e3, "x"]}', {"a": [1, 2500.0, "x"]}),
        (b'{"a": 1e308}', {"a": 1e308}),
        (b"[-Infinity]", [float("-inf")]),
        (b"12345678901234567890123", 12345678901234567890123.0),
        (b'{"a": 1, "b": 1e100}', {"a": 1, "b": 1e100}),
        (b'"\\ud83d\\ude00"', "\N{GRINNING FACE}"),
        (b'{"text": "' + b"[" * 500 + b'\\""}', {"text": "[" * 500 + '"'}),
        (b"[" + b"[]," * 500 + b"[]]", [[]] * 501),
    ],
)
def test_json_is_read(data, value):
    assert read_json(data) == value


@pytest.mark.parametrize(
    "data",
    [
        b"1e400",
        b"9" * 400,
        b"9" * 5000,
        b'"\\ud800"',
        b'"\xff"',
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"",
    ],
)
def test_what_nobody_need_bear_is_refused(data):
    with pytest.raises(ValueError, match=r"."):
        read_json(data)
