"""The numbers of the spec, and the words for values that no server can keep."""

import pytest

from harness.core.limits import Rate
from harness.protocols.megabot.rules import Facts, Rules


def test_the_limits_are_those_of_the_spec():
    rules = Rules()
    assert rules.messages == Rate(10, 1.0)
    assert rules.content_chars == 10_000
    assert rules.session_keep_s == 30 * 60


def test_the_users_and_keys_are_those_of_the_samples():
    assert Facts().users == {"user": "pass"}
    assert Facts().api_keys == ("your_api_key",)
    assert Facts().credentials == "optional"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"messages": Rate(-1, 1.0)}, "messages: expected a rate, found '-1 per 1s'"),
        ({"messages": Rate(1, 0.0)}, "messages: expected a rate, found '1 per 0s'"),
        ({"content_chars": -1}, "content_chars: expected a number of at least 0, found -1"),
        ({"token_life_s": -1.0}, "token_life_s: expected a number from 0 to 1000000000, found -1.0"),
        ({"session_keep_s": 1e10}, "session_keep_s: expected a number from 0 to 1000000000, found 10000000000.0"),
    ],
)
def test_rules_that_no_server_can_keep_are_refused_in_words(given, said):
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the words are compared below
        Rules(**given)
    assert str(refused.value) == said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"think_s": -0.1}, "think_s: expected a number of at least 0, found -0.1"),
        ({"chunk_every_s": -1}, "chunk_every_s: expected a number of at least 0, found -1"),
        ({"cut_stream_after": -1}, "cut_stream_after: expected a number of at least 0, found -1"),
        ({"reply_words": 100_001}, "reply_words: expected a number from 0 to 100000, found 100001"),
        ({"credentials": "never"}, "credentials: expected optional or required, found 'never'"),
        ({"users": {"user": ""}}, "users.user: expected a name and a password that are not empty, found ''"),
        ({"api_keys": ["a", ""]}, "api_keys: expected keys that are not empty, found ''"),
        (
            {"failing_tools": ["run_tests", "runtests"]},
            "failing_tools: expected tools: run_tests, run_linter, search_code, read_file, code_review, build, deploy, "
            "found 'runtests'",
        ),
        (
            {"notifications": Rate(1001, 1.0)},
            "notifications: expected a rate of at most 1000 per 1s, found '1001 per 1s'",
        ),
        ({"notifications": Rate(1, 0.0)}, "notifications: expected a rate of at most 1000 per 1s, found '1 per 0s'"),
    ],
)
def test_facts_that_no_world_can_have_are_refused_in_words(given, said):
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the words are compared below
        Facts(**given)
    assert str(refused.value) == said
