"""Secrets never reach a record."""

from __future__ import annotations

import pytest

from harness.core.message import Frame, Opcode
from harness.core.redact import query_without_secrets, without_secrets


def hidden(text: str) -> str:
    return without_secrets(Frame(Opcode.TEXT, text.encode())).data.decode()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('{"token": "abc"}', '{"token": "(hidden)"}'),
        ('{"data":{"token":"a\\"b","version":"1"}}', '{"data":{"token":"(hidden)","version":"1"}}'),
        ('{"access_token": 5, "x": 1}', '{"access_token": "(hidden)", "x": 1}'),
        ('{"API_KEY":null}', '{"API_KEY":"(hidden)"}'),
        ('{"password" : "p"}', '{"password" : "(hidden)"}'),
        ('{"type": "Auth", "token": "cut off he', '{"type": "Auth", "token": "(hidden)"'),
    ],
)
def test_the_value_of_a_secret_is_hidden_even_in_broken_json(text, kept):
    assert hidden(text) == kept


@pytest.mark.parametrize("text", ['{"tokens": 12}', '{"text": "my token is here"}', "token", "[1, 2]", ""])
def test_everything_else_stays_as_it_was(text):
    frame = Frame(Opcode.TEXT, text.encode())
    assert without_secrets(frame) is frame


def test_bytes_that_are_no_text_are_searched_too():
    assert without_secrets(Frame(Opcode.BINARY, b'\xff{"token": "abc"}')).data == b'\xff{"token": "(hidden)"}'


def test_a_query_keeps_all_but_its_secrets():
    query = {"token": "abc", "Api_Key": "k", "stage": "mine"}
    assert query_without_secrets(query) == {"token": "(hidden)", "Api_Key": "(hidden)", "stage": "mine"}
