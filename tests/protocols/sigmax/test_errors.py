from harness.protocols.sigmax import PROTOCOL
from harness.protocols.sigmax.errors import WORDS, Refusal, unknown_command, unknown_topic
from harness.wire.schemas import shapes


def test_there_are_words_for_each_code_of_the_document():
    assert list(WORDS) == list(shapes(PROTOCOL.folder).examples["error"])


def test_a_refusal_becomes_the_data_of_the_sample():
    assert Refusal("INVALID_TOPIC", "Topic 'invalid_topic' does not exist").data == {
        "error": "Invalid subscription topic",
        "code": "INVALID_TOPIC",
        "details": "Topic 'invalid_topic' does not exist",
    }


def test_a_wrong_word_brings_the_right_one_or_all_there_are():
    assert (
        unknown_topic("Markets", ["market", "health"]).details == "Topic 'Markets' does not exist; did you mean market?"
    )
    assert (
        unknown_command("fly", ["pause", "resume"]).details == "Command 'fly' does not exist; there are pause, resume"
    )


def test_a_long_word_is_cut():
    assert len(unknown_topic("x" * 10_000, ["market"]).details) < 200
