import json

from harness.conformance.redact import Redactor


def test_a_secret_is_hidden_however_it_is_written():
    secret = 'päss"w/ord'
    redactor = Redactor([secret])
    for text in (secret, json.dumps(secret), json.dumps(secret, ensure_ascii=False), "?token=p%C3%A4ss%22w%2Ford"):
        hidden = redactor.hide(f"a {text} b")
        assert "***" in hidden
        assert "ord" not in hidden


def test_the_longer_of_two_secrets_is_hidden_as_a_whole():
    assert Redactor(["token", "token-of-two"]).hide("token-of-two, token") == "***, ***"


def test_a_word_too_short_to_be_a_secret_stays():
    assert Redactor(["a", ""]).hide("banana") == "banana"


def test_text_is_cut_after_secrets_are_out_of_it():
    brief = Redactor(["s3cr3t" * 20]).brief("x" * 20 + "s3cr3t" * 20, 30)
    assert brief == "x" * 20 + "***"
    assert Redactor().brief("y" * 40, 30) == "y" * 27 + "..."


def test_control_characters_do_not_reach_a_terminal():
    assert Redactor().brief("a\x1b[31mb\nc") == "a [31mb c"


def test_a_short_plain_word_is_hidden_where_it_stands_alone():
    redactor = Redactor(["pass"])
    told = 'All tests passed for {"password": "pass"}, ?p=pass&a=1, pass'
    assert redactor.hide(told) == 'All tests passed for {"password": "***"}, ?p=***&a=1, ***'
