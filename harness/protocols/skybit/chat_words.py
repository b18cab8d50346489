"""The words of a chat text: tokens, numbers in digits or words, and the vocabulary of trading."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

Symbols = Mapping[str, Sequence[str]]

# The vocabulary ---------------------------------------------------------------------------------

_CEILINGS = (
    "at or below, at or under, or lower, or less, no more than, not more than, no higher than, not above, at most, "
    "max, maximum, up to"
)
_FLOORS = (
    "at or above, at or over, or higher, no less than, not less than, no lower than, not below, at least, min, minimum"
)
_VOCABULARY: dict[tuple[str, str], str] = {
    ("side", "buy"): "buy, buying, purchase, purchasing, acquire, go long, go long on, get me, pick up, grab",
    ("side", "sell"): "sell, selling, dump, unload, offload, get rid of, liquidate, close my, close out my, exit my",
    ("type", "market"): "market, market order, at market, at the market, market price, at the market price, mkt, "
    "at mkt",
    ("type", "limit"): f"limit, limit order, lmt, or better, limited to, {_CEILINGS}, {_FLOORS}",
    ("type", "stop"): "stop, stop loss, stop order, stp, trigger, drops to, drops below, falls to, falls below, "
    "rises to, rises above, hits, reaches",
    ("type", "stop_limit"): "stop limit, stop limit order, stop loss limit, stp lmt, stop lmt",
    ("tif", "day"): "day, day order, day only, today, today only, for today, good for the day, good for today, "
    "good for day, for the day, good today",
    ("tif", "gtc"): "gtc, until cancelled, until canceled, till cancelled, till canceled, good till cancelled, "
    "good till canceled, good til cancelled, good til canceled, good until cancelled, good until canceled, "
    "good till cancel, until i cancel, till i cancel, good until i cancel, good till i cancel",
    ("tif", "ioc"): "ioc, immediate or cancel, immediate or cancelled",
    ("tif", "fok"): "fok, fill or kill",
    ("at", ""): "at",
    ("unit", ""): "share, shares, share of, shares of, stock, stocks, stock of, shares in, stock in, sh, shs",
    ("one", ""): "a share of, a single share of, a share in, a single share in",
    ("each", ""): "each, a share, per share, per sh, apiece",
    ("money", ""): "dollar, dollars, usd, bucks",
    ("cancel", ""): "cancel, cancelled, canceled, cancellation, withdraw, discard, abort, call off, scrap, kill, pull",
    ("cancel", "preview"): "never mind, nevermind, forget it, forget that, forget about it",
    ("all", ""): "all, everything, every, both, all of them, orders",
    ("order", ""): "order",
    ("preview", ""): "preview, previews, it, that, this",
    ("quote", ""): "quote, quotes, price, prices, trading, trade at, trades at, going for, worth, doing, bid, ask, "
    "quoted",
    ("ask", ""): "what, how, how much, show, tell me, where, ?, whats",
    ("own", ""): "position, positions, holding, holdings, portfolio, hold, own, do i have, have i got, have i, "
    "buying power, cash, balance, funds, account",
    ("refused", "it says what not to do"): "not, never, without, no",
    ("refused", "the condition cannot be kept"): "if, when, once, unless, whenever",
    (
        "refused",
        "an order begins at once and lasts a day or until cancelled",
    ): "tomorrow, yesterday, this week, the week, "
    "next week, next month, monday, tuesday, wednesday, thursday, friday, gtd, at open, at the open, on open, moo, "
    "at close, at the close, on close, moc, after hours, pre market, premarket, overnight",
    ("refused", "the quantity is vague: say how many shares"): "few, several, couple, percent, half, some shares, "
    "as many as",
    ("refused", "only shares are traded, and counted one by one"): "option, options, calls, puts, contract, contracts, "
    "futures, lots",
    ("refused", "short selling is not offered"): "short, shorting",
    ("refused", "trailing stops are not offered"): "trailing, trail",
    ("refused", "a price is one number, such as 225.10"): "cent, cents",
    ("elsewhere", "a preview is approved by an Approve message"): "approve, confirm, yes, go ahead",
    ("elsewhere", "an order is changed by the modifications of an Approve message"): "change, modify, make it, amend",
    ("filler", ""): "i, i want, want, to, would, like, please, can, could, you, me, my, a, an, the, of, and, or, with, "
    "as, in, on, is, are, am, was, do, does, did, now, right, current, currently, just, much, many, be, will, let, us, "
    "for, around, about, give, get, see, place, put, enter, make, should, hi, hello, hey, thanks, thank, kindly, "
    "asap, some, per, only, have, good, going, there, time, force, quantity, symbol, latest, last, any, open, s, pls, "
    "plz, ok, okay, u, wanna",
}
CONNECTIVES = {"of", "a", "an", "the", "is", "to", "price", "around", "about", "be", "at"}
MAX_DIGITS = 25  # More would not be exact (Decimal's context has 28).
_LEXICON = {tuple(p.split()): key for key, phrases in _VOCABULARY.items() for p in phrases.split(", ")}
BEFORE_SYMBOL = {"unit", "number", "side", "quote", "ask", "cancel", "own"}
WRONG_WAY = {"buy": set(_FLOORS.split(", ")), "sell": set(_CEILINGS.split(", "))}  # A limit is no such bound.
WEAK_SIDES = {"get me", "pick up", "grab"}

_SMALL = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen"""
_BELOW_TWENTY = {word: value for value, word in enumerate(_SMALL.split())}
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_SCALES = {"million": 1_000_000, "thousand": 1000}


# Tokens -----------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"""
      (?P<id>\b(?:ord|prev)-\w[\w-]*)
    | (?P<number>(?<![\w.])[-+]?\$?-?(?:\d+(?:,\d+)*(?:\.\d+)?|\.\d+)k?(?!\w))
    | (?P<no>\b[a-z]+n['’]t\b)
    | (?P<word>\w+(?:[.&]\w+)*)(?:['’](?:s|m|d|ll|re|ve)\b)?
    | (?P<mark>[@?%]|/(?=\ ?sh))
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_MARKS = {"@": "at", "?": "?", "%": "percent", "/": "per"}
_GROUPED = re.compile(r"(\d{1,3}(,\d{3})+|\d*)(\.\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # id | number | word
    text: str

    @property
    def word(self) -> str:
        return self.text.lower() if self.kind == "word" else ""


def _tokens(text: str) -> list[_Token]:
    return list(_cut(text))


@lru_cache(maxsize=1000)  # The names of companies are the same in every text.
def _phrase(name: str) -> tuple[str, ...]:
    return tuple(token.word for token in _tokens(name))


def _cut(text: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(text):
        kind, found = str(match.lastgroup), match.group(str(match.lastgroup))
        if kind == "no":
            yield _Token("word", "not")
        elif kind == "mark":
            yield _Token("word", _MARKS[found])
        else:
            yield _Token(kind, found)


class _Numbers:
    """Reads one number, in digits or words, by recursive descent from token `at` on."""

    def __init__(self, tokens: Sequence[_Token], at: int) -> None:
        self._tokens = tokens
        self.at = at

    def read(self) -> Decimal | None:
        """Number = ["minus"] group {"million" | "thousand" [["and"] group]}"""
        negative = self._take("minus", "negative")
        value = self._group()
        if value is None:
            return None
        total = Decimal(0)
        for name, scale in _SCALES.items():
            if self._take(name):
                total += value * scale
                value = self._after_and(self._group) or Decimal(0)
        return -(total + value) if negative else total + value

    def _group(self) -> Decimal | None:
        """Group = "half" ("a" | ["a"] "dozen") | (digits | below_hundred | ["a"] scale) ["dozen" | "hundred" ...]"""
        if self._peek() == "half" and self._peek(1) in {"a", "dozen"}:  # "half my shares" is no number.
            self._take("half")
            self._take("a")
            return Decimal(6) if self._take("dozen") else Decimal("0.5")
        value = self._digits()
        if value is None:
            value = self._below_hundred()
        if value is None and self._before_scale():
            value = Decimal(1)
        if value is None:
            return None
        if self._take("dozen"):
            return value * 12
        if self._take("hundred"):
            return value * 100 + (self._after_and(self._below_hundred) or 0)
        return value

    def _below_hundred(self) -> Decimal | None:
        word = self._peek()
        if word in _BELOW_TWENTY:
            self.at += 1
            return Decimal(_BELOW_TWENTY[word])
        if word not in _TENS:
            return None
        self.at += 1
        ones = _BELOW_TWENTY.get(self._peek(), 0)
        if not 1 <= ones <= 9:
            return Decimal(_TENS[word])
        self.at += 1
        return Decimal(_TENS[word] + ones)

    def _before_scale(self) -> bool:
        """Whether a scale comes, with or without an article: "a dozen", "hundred"."""
        scales = {*_SCALES, "dozen", "hundred"}
        if self._peek() in {"a", "an"} and self._peek(1) in scales:
            self.at += 1
        return self._peek() in scales

    def _digits(self) -> Decimal | None:
        token = self._tokens[self.at] if self.at < len(self._tokens) else None
        if token is None or token.kind != "number":
            return None
        value = _value(token.text)
        if value is not None:
            self.at += 1
        return value

    def _after_and(self, rule: Callable[[], Decimal | None]) -> Decimal | None:
        before = self.at
        self._take("and")
        value = rule()
        if value is None:
            self.at = before
        return value

    def _take(self, *words: str) -> bool:
        taken = self._peek() in words
        self.at += taken
        return taken

    def _peek(self, ahead: int = 0) -> str:
        return self._tokens[self.at + ahead].word if self.at + ahead < len(self._tokens) else ""


def _value(text: str) -> Decimal | None:
    """The number a token of digits stands for; None when its commas do not part thousands, or it is endless."""
    digits = text.lower().lstrip("+-$").removesuffix("k")
    if len(digits) > MAX_DIGITS or not _GROUPED.fullmatch(digits):
        return None
    value = Decimal(digits.replace(",", "")) * (1000 if text[-1] in "kK" else 1)
    return -value if "-" in text else value


# Items ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Item:
    """A number, a symbol, or a phrase of the vocabulary: what it is, as it was said, and what it means."""

    kind: str  # A kind of the vocabulary, or: number | symbol | id | unknown | unreadable
    text: str
    value: str = ""
    number: Decimal = Decimal(0)


def read_items(text: str, symbols: Symbols) -> list[Item]:
    """The items of `text`, in order. `symbols`: ticker in capitals -> names of the company."""
    tokens = _tokens(text)
    lexicon = dict(_LEXICON)
    for ticker, names in symbols.items():
        for name in names:
            lexicon.setdefault(_phrase(name), ("symbol", ticker))
    # In a text all in capitals, capitals do not tell a ticker from a word.
    shouted = all(t.text == t.text.upper() for t in tokens)
    items: list[Item] = []
    at = 0
    while at < len(tokens):
        item, at = _item(tokens, at, lexicon, symbols, shouted)
        items.append(item)
    return items


def _item(
    tokens: Sequence[_Token],
    at: int,
    lexicon: Mapping[tuple[str, ...], tuple[str, str]],
    symbols: Symbols,
    shouted: bool,
) -> tuple[Item, int]:
    token = tokens[at]
    numbers = _Numbers(tokens, at)
    number = numbers.read()
    if number is not None:
        return Item("number", token.text, "money" if "$" in token.text else "", number), numbers.at
    if token.kind == "number":
        return Item("unreadable", token.text), at + 1
    if token.kind == "id":
        return Item("id", token.text, token.text.lower()), at + 1
    if token.text in symbols and not shouted:
        return Item("symbol", token.text, token.text), at + 1
    for length in range(min(6, len(tokens) - at), 0, -1):
        phrase = tuple(t.word for t in tokens[at : at + length])
        if phrase in lexicon:
            kind, value = lexicon[phrase]
            return Item(kind, " ".join(phrase), value), at + length
    if token.text.upper() in symbols:
        return Item("symbol", token.text, token.text.upper()), at + 1
    return Item("unknown", token.text, "capitals" if token.text.isupper() and not shouted else ""), at + 1
