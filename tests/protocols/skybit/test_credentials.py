import pytest

from harness.protocols.skybit.credentials import SAMPLE_TOKEN, SAMPLE_USER, user_of
from harness.protocols.skybit.errors import RECOVERABLE, SUGGESTIONS, Refusal


def test_each_demo_token_has_a_user_of_its_own():
    assert user_of("demo-user-7", False).id == "user-7"
    assert user_of("demo-user-7", False).email == "user-7@example.com"


def test_the_token_of_the_sample_is_the_user_of_the_sample():
    assert user_of(SAMPLE_TOKEN, False) == user_of("demo-user-123", False) == SAMPLE_USER


@pytest.mark.parametrize("token", ["", "demo-user-0", "demo-user-", "demo-user-1 ", "demo-user-٣", "nonsense"])
def test_any_other_token_fails_and_ends_the_connection(token):
    with pytest.raises(Refusal) as refusal:
        user_of(token, False)
    assert (refusal.value.code, refusal.value.recoverable, refusal.value.closes) == ("AUTH_FAILED", False, True)


@pytest.mark.parametrize("accept_any", [True, False])
def test_an_expired_token_is_expired_whatever_is_accepted(accept_any):
    with pytest.raises(Refusal) as refusal:
        user_of("demo-expired", accept_any)
    assert (refusal.value.code, refusal.value.recoverable, refusal.value.closes) == ("SESSION_EXPIRED", True, False)


def test_where_any_token_is_accepted_each_has_a_user():
    assert user_of("a front end's own", True) == user_of("a front end's own", True) != user_of("another", True)


def test_every_code_has_a_suggestion():
    assert set(RECOVERABLE) == set(SUGGESTIONS)
    assert len(RECOVERABLE) == 11
