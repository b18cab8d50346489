"""Text in, text out: what kind of message it is, what it is about, and what is answered."""

import random
import re

import pytest
from faker import Faker
from hypothesis import given
from hypothesis import strategies as st

from harness.protocols.megabot.chat import reply, understood

FAKER = Faker("en_US")


def answer(text, seed=1, attachments=0, words=0):
    return reply(text, attachments, words, random.Random(seed), FAKER)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Hello MegaBot!", "greeting"),
        ("hi there", "greeting"),
        ("Good morning!", "greeting"),
        ("Thanks a lot", "thanks"),
        ("thank you so much, MegaBot", "thanks"),
        ("Bye!", "farewell"),
        ("Good night", "farewell"),
        ("Write a function that sorts a list", "code"),
        ("```\nx = 1\n``` what is wrong?", "code"),
        ("How do I center a div with CSS?", "code"),
        ("What is the capital of France?", "question"),
        ("how old is the universe", "question"),
        ("The sky is blue, right?", "question"),
        ("I like pancakes", "statement"),
        ("Hello, I like pancakes", "statement"),
        ("你好世界", "statement"),
        ("How are you?", "wellbeing"),
        ("Who are you?", "identity"),
        ("ok", "assent"),
        ("Yes, please", "assent"),
        ("const total = 5", "code"),
        ("", "unclear"),
        ("MegaBot", "unclear"),
        ("   ", "unclear"),
        ("!!!", "unclear"),
        ("?", "unclear"),
        ("why?", "unclear"),
        ("\N{PARTY POPPER}", "unclear"),
        ("1 + 1", "unclear"),
        ("x" * 10_000, "unclear"),
    ],
)
def test_the_kind_of_a_message_is_understood(text, kind):
    assert understood(text).kind == kind


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("What is the capital of France?", ("the capital", "France")),
        ("How do I write a unit test for a parser?", ("the unit test", "the parser")),
        ("React hooks don't rerender", ("React hooks", "rerender")),
        ("I can't sleep", ("sleep",)),
        ("My cat ate your very big fish", ("your cat ate", "big fish")),
        ("rust rust, rust", ("rust rust", "rust")),
        ("你好,世界", ("你好", "世界")),
        ("apples; pears; plums; cherries; figs", ("apples", "pears", "plums", "cherries")),
        ("to be or not to be", ()),
        ("x" * 31, ()),
        ("What is the difference between TCP and UDP?", ("the difference", "TCP", "UDP")),
        ("the wide blue sea breeze", ("the wide blue", "sea breeze")),
        ("My order 1234 hasn't arrived", ("your order",)),
        ("The dog\u2019s bowl", ("the dog\u2019s bowl",)),
        ("Sorry, what about ```def parse(): pass```", ()),
    ],
)
def test_topics_are_the_words_that_say_something(text, topics):
    assert understood(text).topics == topics


@pytest.mark.parametrize("seed", range(20))
def test_a_greeting_is_answered_as_in_the_sample_whatever_the_seed(seed):
    assert answer("Hello MegaBot!", seed) == "Hello! How can I help you today?"


@pytest.mark.parametrize("text", ["Thanks a lot", "Bye!"])
def test_thanks_and_farewells_are_answered_in_kind(text):
    assert len({answer(text, seed) for seed in range(20)}) == 2


@pytest.mark.parametrize("text", ["How are you?", "Who are you?", "ok", "?", "\N{PARTY POPPER}", "   "])
def test_small_talk_and_what_says_nothing_get_short_answers_that_ask_back(text):
    for said in {answer(text, seed) for seed in range(20)}:
        assert len(said.split()) <= 25
        assert "what you describe" not in said
        assert re.search(r"\?$|^Good\.", said)


@pytest.mark.parametrize("seed", range(200))
def test_articles_fit_the_words_behind_them(seed):
    assert not re.search(r"\b(an (uni|use)|a [aeio])", answer("I like pancakes", seed))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("text", ["What is the capital of France?", "I think of the capital of France"])
def test_a_reply_takes_up_the_topics(text, seed):
    said = answer(text, seed)
    assert "capital" in said.lower()
    assert 15 <= len(said.split()) <= 150
    assert said == answer(text, seed)
    assert not re.search(r"[{}]|\s\s", said)


def test_replies_differ_from_seed_to_seed():
    assert len({answer("What is the capital of France?", seed) for seed in range(20)}) == 20


@pytest.mark.parametrize("seed", range(20))
def test_a_question_about_code_gets_code_that_python_can_read(seed):
    said = answer("How do I write a unit test for a parser in python?", seed)
    (code,) = re.findall(r"```python\n(.*?)```", said, re.S)
    compile(code, "reply", "exec")
    assert "def handle_unit_test(items):" in code


def test_a_question_about_front_ends_gets_javascript():
    said = answer("How do I debounce clicks in React?")
    assert "```javascript" in said
    assert "export function handle_debounce_clicks(items) {" in said


def test_code_without_a_topic_that_could_be_a_name_has_one_all_the_same():
    assert "def handle_items(items)" in answer("```你好```")


def test_attachments_are_noticed():
    assert answer("Hello", attachments=1).startswith("I have received 1 attachment. Hello!")
    assert answer("Hello", attachments=3).startswith("I have received 3 attachments. Hello!")


@given(st.text(max_size=300), st.integers(1, 200), st.integers(0, 1000))
def test_a_reply_of_a_given_length_has_just_that_for_any_text(text, words, seed):
    assert len(answer(text, seed, words=words).split()) == words


@given(st.text(max_size=300), st.integers(0, 1000))
def test_any_text_gets_a_reply_that_can_be_sent(text, seed):
    said = answer(text, seed)
    assert said.strip()
    said.encode()


def test_the_global_stream_of_random_numbers_is_left_alone():
    before = random.getstate()
    answer("What is the capital of France?")
    assert random.getstate() == before
