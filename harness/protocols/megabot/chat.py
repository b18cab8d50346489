"""What MegaBot answers in a chat: text in, text out. Believable prose, shaped by what the user wrote."""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import groupby

from faker import Faker

from harness.protocols.megabot import chat_words as words

MOST_CHARS_READ = 10_000  # Of what the user wrote.
MOST_WORD_CHARS = 30  # Of a topic: what is longer is no word.
LONG_CHARS = 400  # A message of more is worth a progress bar while it is read.

_WORD = re.compile(r"\w+(?:['’-]\w+)*")
_CLAUSE = re.compile(r"[^\w\s'’-]+")
_CODE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Understood:
    """What a message is: its kind, what it is about (up to four topics), and whether it speaks of front ends."""

    kind: str
    topics: tuple[str, ...]
    is_javascript: bool = False


def understood(text: str) -> Understood:
    """What kind of message this is: small talk of some kind, code, a question, a statement, or unclear.

    >>> understood("Hello MegaBot!").kind
    'greeting'
    >>> understood("What is the capital of France?")
    Understood(kind='question', topics=('the capital', 'France'), is_javascript=False)
    """
    text = text[:MOST_CHARS_READ]
    said = [word.lower() for word in _WORD.findall(text)]
    topics = tuple(dict.fromkeys(_topics(_CODE.sub(" ", text))))[:4]
    rest = set(said) - {"megabot", "bot", "assistant"}
    for kind, (known, _) in words.SMALL_TALK.items():
        if rest and rest <= known:
            return Understood(kind, topics)
    is_javascript = bool(rest & words.JAVASCRIPT_WORDS)
    if is_javascript or rest & words.CODE_WORDS or "```" in text:
        return Understood("code", topics, is_javascript)
    if not topics:
        return Understood("unclear", topics)
    asks = "?" in text or (said and said[0] in words.QUESTION_WORDS)
    return Understood("question" if asks else "statement", topics)


def reply(text: str, attachments: int, length_words: int, chance: random.Random, faker: Faker) -> str:
    """The reply to `text`, which came with so many attachments; exactly `length_words` long unless that is 0.

    All that is left open is drawn from `chance`; the faker is only a dictionary, seeded anew by it.
    """
    faker.seed_instance(chance.getrandbits(64))
    writer = _Writer(understood(text), chance, faker)
    if length_words:
        return writer.long(length_words)
    note = f"I have received {attachments} attachment{'s' if attachments > 1 else ''}. " if attachments else ""
    return note + writer.natural()


def _topics(text: str) -> Iterator[str]:
    """Words and pairs of neighbouring words that the text is about, in its order, each with its determiner."""
    for clause in _CLAUSE.split(text):
        determiner = ""
        for tells, run in groupby(_WORD.findall(clause), _tells):
            told = list(run)
            if tells:
                first, *others = [told[n : n + 2] for n in range(0, len(told), 2)]
                yield from (" ".join(pair) for pair in ([*determiner.split(), *first], *others))
            determiner = words.DETERMINERS.get(told[-1].lower(), "")


def _tells(word: str) -> bool:
    """Whether a word may be what a message is about: numbers, contractions (`hasn't`) and endless words are not."""
    stem, _, ending = word.lower().replace("’", "'").partition("'")
    if stem in words.STOP_WORDS | words.GREETINGS or stem.isdigit() or ending not in ("", "s"):
        return False
    return (len(stem) > 2 or not stem.isascii()) and len(word) <= MOST_WORD_CHARS


def _article(thing: str) -> str:
    return "an" if thing[0] in "aeiou" and not thing.startswith(("uni", "use")) else "a"


class _Writer:
    """Writes one reply."""

    def __init__(self, message: Understood, chance: random.Random, faker: Faker) -> None:
        self.message = message
        self.chance = chance
        self.faker = faker
        code = "js" if message.is_javascript else "py"
        self.extension = code if message.kind == "code" else "md"
        self.topic = message.topics[0] if message.topics else chance.choice(words.THAT)

    def natural(self) -> str:
        """As long as such a reply is."""
        match self.message.kind:
            case "code":
                return self._code()
            case "question":
                return self._prose(words.QUESTION_OPENINGS)
            case "statement":
                return self._prose(words.STATEMENT_OPENINGS)
            case "unclear":
                return self.chance.choice(words.WAITING)
        return self.chance.choice(words.SMALL_TALK[self.message.kind][1])

    def long(self, length_words: int) -> str:
        """Prose of exactly so many words."""
        said = self._filled(self.chance.choice(words.QUESTION_OPENINGS)).split()
        while len(said) < length_words:
            said += self._filled(self.chance.choice(words.BODY)).split()
        return " ".join(said[:length_words]).rstrip(".,:;?!") + "."

    def _prose(self, openings: Collection[str]) -> str:
        body = self.chance.sample(words.BODY, self.chance.randint(2, 4))
        return self._sentences((self.chance.choice(tuple(openings)), *body, self.chance.choice(words.CLOSINGS)))

    def _code(self) -> str:
        template = words.JAVASCRIPT if self.message.is_javascript else words.PYTHON
        body = self.chance.sample(words.CODE_BODY, self.chance.randint(1, 3))
        opening = self._filled(self.chance.choice(words.CODE_OPENINGS))
        telling = (word for word in re.findall(r"[a-z0-9]+", self.topic.lower()) if word not in words.STOP_WORDS)
        name = "_".join(telling) or "items"
        item, method = self.faker.word(part_of_speech="noun"), self.chance.choice(words.METHODS)
        code = template.format(name=f"handle_{name}", topic=self.topic, item=item, method=method)
        return f"{opening}\n\n{code}\n\n{self._sentences((*body, self.chance.choice(words.CLOSINGS)))}"

    def _sentences(self, templates: Collection[str]) -> str:
        return " ".join(self._filled(template) for template in templates)

    def _filled(self, template: str) -> str:
        others = self.message.topics[1:] or words.ANYTHING
        thing = self.faker.catch_phrase().lower()
        return template.format(
            topic=self.topic,
            other=self.chance.choice(others),
            verb=self.chance.choice(words.VERBS),
            bs=self.faker.bs(),
            a_thing=f"{_article(thing)} {thing}",
            file=self.faker.file_path(depth=2, extension=self.extension).lstrip("/").lower(),
        )
