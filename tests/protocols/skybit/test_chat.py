"""What people type, and what it must be taken for."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.protocols.skybit.chat import (
    MAX_QUANTITY,
    CancelIntent,
    OrderIntent,
    PositionsQuestion,
    QuoteQuestion,
    Unclear,
    UnknownSymbol,
    parse,
    sentence,
)

SYMBOLS = {
    "AAPL": ("Apple", "Apple Inc."),
    "MSFT": ("Microsoft",),
    "GOOGL": ("Alphabet", "Google"),
    "T": ("AT&T",),
    "BRK.B": ("Berkshire Hathaway",),
    "IT": ("Gartner",),
}


def buy(quantity, symbol="AAPL", **more):
    return order("buy", quantity, symbol, **more)


def sell(quantity, symbol="AAPL", **more):
    return order("sell", quantity, symbol, **more)


def order(side, quantity, symbol, limit=None, stop=None, life="day"):
    kind = "_".join(k for k, price in (("stop", stop), ("limit", limit)) if price) or "market"
    return OrderIntent(side, quantity, symbol, kind, limit and Decimal(limit), stop and Decimal(stop), life)


ORDERS = {
    "Buy 200 shares of AAPL at limit 225.10, good for the day": buy(200, limit="225.10"),
    # Sides
    "purchase 5 AAPL": buy(5),
    "get me 5 AAPL": buy(5),
    "go long 5 AAPL": buy(5),
    "I want to buy 5 AAPL": buy(5),
    "I'd like to purchase 5 shares of Apple, please": buy(5),
    "Could you please sell 5 AAPL?": sell(5),
    "dump 5 AAPL": sell(5),
    "get rid of 5 shares of apple": sell(5),
    "pick up 5 AAPL at a price of 225.10": buy(5, limit="225.10"),
    # Quantities
    "buy two hundred AAPL": buy(200),
    "buy 1,500 AAPL": buy(1500),
    "buy a dozen AAPL": buy(12),
    "buy 2 dozen AAPL": buy(24),
    "buy half a dozen AAPL": buy(6),
    "buy one thousand two hundred and fifty shares of AAPL": buy(1250),
    "buy twenty-five AAPL": buy(25),
    "buy twenty AAPL": buy(20),
    "buy a hundred AAPL": buy(100),
    "buy hundred and one shares of AAPL": buy(101),
    "buy two million three thousand AAPL": buy(2003000),
    "buy 2 thousand 500 AAPL": buy(2500),
    "buy 1.5 thousand AAPL": buy(1500),
    "buy 2k AAPL": buy(2000),
    "buy 200.0 AAPL": buy(200),
    "buy a share of AAPL": buy(1),
    "buy one share of AAPL": buy(1),
    "buy two hundred and shares of AAPL": buy(200),
    "buy AAPL, 200 shares": buy(200),
    "buy AAPL quantity 200": buy(200),
    # Symbols
    "buy 5 aapl": buy(5),
    "buy 5 Microsoft stock": buy(5, "MSFT"),
    "buy 5 apple inc.": buy(5),
    "buy 5 shares of AT&T": buy(5, "T"),
    "buy 5 brk.b": buy(5, "BRK.B"),
    "buy 5 berkshire hathaway": buy(5, "BRK.B"),
    "buy 5 IT": buy(5, "IT"),
    "BUY 5 SHARES OF AAPL AT MARKET": buy(5),
    "buy 5 of Apple's shares": buy(5),
    # Types
    "buy 5 AAPL at market": buy(5),
    "buy 5 AAPL, market order": buy(5),
    "market order of 5 AAPL, buy": buy(5),
    "buy at the market price 5 AAPL": buy(5),
    "buy 5 AAPL limit 225.10": buy(5, limit="225.10"),
    "buy 5 AAPL limit at 225.10": buy(5, limit="225.10"),
    "buy 5 AAPL with a limit of $225.10": buy(5, limit="225.10"),
    "buy 5 AAPL at 225.10": buy(5, limit="225.10"),
    "buy 5 AAPL @ 225.10": buy(5, limit="225.10"),
    "buy 5 AAPL at $225.10": buy(5, limit="225.10"),
    "buy 5 AAPL at 225.10 or better": buy(5, limit="225.10"),
    "buy 5 AAPL for $225.10 a share": buy(5, limit="225.10"),
    "buy 5 AAPL for 225.10 each": buy(5, limit="225.10"),
    "buy 5 AAPL for 225.10 dollars": buy(5, limit="225.10"),
    "place a limit order to buy 5 AAPL at 225.10": buy(5, limit="225.10"),
    "limit order of 5 AAPL at 225.10, buy": buy(5, limit="225.10"),
    "buy 5 AAPL 225.10 limit": buy(5, limit="225.10"),
    "buy 5 AAPL limit 1,225.10": buy(5, limit="1225.10"),
    "buy 5 AAPL limit two hundred": buy(5, limit="200"),
    "BUY 5 AAPL LMT 225.10 DAY": buy(5, limit="225.10"),
    "buy 5 AAPL at $225.10/share": buy(5, limit="225.10"),
    "buy 5 AAPL at 225.10 / sh": buy(5, limit="225.10"),
    "buy 5 AAPL at or below 225.10": buy(5, limit="225.10"),
    "buy 5 AAPL for no more than 225.10": buy(5, limit="225.10"),
    "buy up to 5 shares of AAPL at 225.10": buy(5, limit="225.10"),
    "sell 5 AAPL for at least 225.10": sell(5, limit="225.10"),
    "SELL 5 AAPL STP 220": sell(5, stop="220"),
    "pls sell 5 sh of apple": sell(5),
    "sell 5 AAPL stop at 220": sell(5, stop="220"),
    "sell 5 AAPL at 220 stop": sell(5, stop="220"),
    "sell 5 AAPL stop loss 220": sell(5, stop="220"),
    "sell 5 AAPL if it drops to 220": sell(5, stop="220"),
    "sell 5 AAPL stop 220 limit 219.50": sell(5, stop="220", limit="219.50"),
    "sell 5 AAPL stop at 220 limit at 219.50": sell(5, stop="220", limit="219.50"),
    "sell 5 AAPL at 219.50 stop 220": sell(5, stop="220", limit="219.50"),
    "sell 5 AAPL stop-limit 220/219.50": sell(5, stop="220", limit="219.50"),
    "stop-limit order: sell 5 AAPL, stop 220, limit 219.50": sell(5, stop="220", limit="219.50"),
    "stop limit sell 5 shares of AAPL stop 220 limit 219.50": sell(5, stop="220", limit="219.50"),
    # Time in force
    "buy 5 AAPL, day order": buy(5),
    "buy 5 AAPL today only": buy(5),
    "buy 5 AAPL at 225.10 good till cancelled": buy(5, limit="225.10", life="gtc"),
    "buy 5 AAPL at 225.10 good-til-canceled": buy(5, limit="225.10", life="gtc"),
    "buy 5 AAPL at 225.10 until I cancel": buy(5, limit="225.10", life="gtc"),
    "buy 5 AAPL at 225.10 GTC": buy(5, limit="225.10", life="gtc"),
    "buy 5 AAPL at 225.10 immediate or cancel": buy(5, limit="225.10", life="ioc"),
    "buy 5 AAPL at 225.10 ioc": buy(5, limit="225.10", life="ioc"),
    "buy 5 AAPL at 225.10 fill-or-kill": buy(5, limit="225.10", life="fok"),
    "buy 5 AAPL at 225.10 FOK thanks a lot": buy(5, limit="225.10", life="fok"),
}

QUESTIONS = {
    "what is AAPL trading at?": QuoteQuestion(("AAPL",)),
    "What's Apple trading at": QuoteQuestion(("AAPL",)),
    "quote for Apple": QuoteQuestion(("AAPL",)),
    "get me a quote for AAPL": QuoteQuestion(("AAPL",)),
    "price of MSFT and GOOGL": QuoteQuestion(("MSFT", "GOOGL")),
    "how much is google stock": QuoteQuestion(("GOOGL",)),
    "AAPL?": QuoteQuestion(("AAPL",)),
    "what is the market price of aapl?": QuoteQuestion(("AAPL",)),
    "what do I hold?": PositionsQuestion(),
    "show my positions": PositionsQuestion(),
    "get me my portfolio": PositionsQuestion(),
    "how many AAPL do I own?": PositionsQuestion(("AAPL",)),
    "do I have any Apple stock?": PositionsQuestion(("AAPL",)),
    "what is my buying power?": PositionsQuestion(),
    "how much cash do I have": PositionsQuestion(),
    "what's my balance?": PositionsQuestion(),
}

CANCELS = {
    "cancel order ord-789012": CancelIntent("order", "ord-789012"),
    "cancel ORD-789012": CancelIntent("order", "ord-789012"),
    "cancel order 789012": CancelIntent("order", "ord-789012"),
    "cancel preview prev-123456": CancelIntent("preview", "prev-123456"),
    "cancel preview 123456": CancelIntent("preview", "prev-123456"),
    "cancel my AAPL order": CancelIntent("order", None, "AAPL"),
    "cancel the buy order for 200 AAPL": CancelIntent("order", None, "AAPL", "buy"),
    "cancel all AAPL orders": CancelIntent("all_orders", None, "AAPL"),
    "cancel my Apple orders pls": CancelIntent("all_orders", None, "AAPL"),
    "cancel every apple order": CancelIntent("all_orders", None, "AAPL"),
    "pull my AAPL order": CancelIntent("order", None, "AAPL"),
    "kill both AAPL orders": CancelIntent("all_orders", None, "AAPL"),
    "cancel all sell orders": CancelIntent("all_orders", None, None, "sell"),
    "cancel all buy orders in Apple": CancelIntent("all_orders", None, "AAPL", "buy"),
    "cancel all buy and sell orders": CancelIntent("all_orders"),
    "cancel the AAPL preview": CancelIntent("preview", None, "AAPL"),
    "cancel my order": CancelIntent("order"),
    "cancel my limit order": CancelIntent("order"),
    "cancel all orders": CancelIntent("all_orders"),
    "cancel all my orders please": CancelIntent("all_orders"),
    "cancel everything": CancelIntent("all_orders"),
    "never mind": CancelIntent("preview"),
    "cancel that preview": CancelIntent("preview"),
    "forget it": CancelIntent("preview"),
    "cancel it": CancelIntent("preview"),
}

UNKNOWN = {
    "buy 5 ZZZZ": UnknownSymbol("ZZZZ"),
    "buy 5 shares of aple": UnknownSymbol("aple", ("AAPL", "GOOGL")),
    "buy 5 mikrosoft at 400": UnknownSymbol("mikrosoft", ("MSFT",)),
    "BUY 5 ZZZZ": UnknownSymbol("ZZZZ"),
    "buy 5 AAPL and ZZZZ": UnknownSymbol("ZZZZ"),
    "quote for zzzz": UnknownSymbol("zzzz"),
    "price of AAPL and MSFTT": UnknownSymbol("MSFTT", ("MSFT",)),
    "how many zzzz do I own": UnknownSymbol("zzzz"),
    "do I have zzzz": UnknownSymbol("zzzz"),
    "cancel my zzzz order": UnknownSymbol("zzzz"),
    "cancel all ZZZZ orders": UnknownSymbol("ZZZZ"),
    "cancel zzzz": UnknownSymbol("zzzz"),
}

UNCLEAR = {
    "buy AAPL": "no quantity",
    "sell all my AAPL": "no quantity",
    "close my AAPL position": "no quantity",
    "sell half my apple": "the quantity is vague: say how many shares",
    "buy $5000 worth of AAPL": "no quantity: say how many shares, as a price or a sum of money does not tell",
    "buy 5 AAPL at 225 dollars 10 cents": "a price is one number",
    "buy 5 lots of AAPL": "only shares are traded",
    "buy 2 AAPL 230 calls": "only shares are traded",
    "sell 5 AAPL short": "short selling is not offered",
    "sell 5 AAPL trailing stop 5%": "trailing stops are not offered",
    "sell 5 AAPL at or below 220": "a limit bounds the price of a sell order from below",
    "buy 5 AAPL for at least 220": "a limit bounds the price of a buy order from above",
    "buy 5 AAPL at the close": "an order begins at once",
    "buy 5": "no symbol",
    "5 AAPL at 225.10": "no side",
    "5 shares": "no side",
    "buy or sell 5 AAPL": "more than one side (found buy and sell)",
    "buy 0 AAPL": "a quantity of 0",
    "buy zero AAPL": "a quantity of 0",
    "buy -5 AAPL": "a quantity of -5",
    "buy minus five AAPL": "a quantity of -5",
    "buy 0.5 AAPL": "a quantity of 0.5",
    "buy half a share of AAPL": "a quantity of 0.5",
    "buy 2,000,000,000 AAPL": "too large",
    "buy 2 AAPL at limit 2,000,000,000": "the limit price is too high",
    "buy 1,50 AAPL": "'1,50' is no number",
    f"buy {'9' * 26} AAPL": "is no number",
    "buy a few AAPL": "the quantity is vague",
    "buy 10% of AAPL": "the quantity is vague",
    "buy 5 300 AAPL": "more than one quantity",
    "buy 5 AAPL and MSFT": "more than one symbol",
    "buy 5 AAPL at 0": "a limit price of 0",
    "buy 5 AAPL at -1": "a limit price of -1",
    "buy 5 AAPL limit": "no limit price",
    "sell 5 AAPL stop": "no stop price",
    "sell 5 AAPL stop limit 220": "no limit price",
    "buy 5 AAPL limit 225 limit 226": "more than one limit price",
    "buy 5 AAPL at market limit 225": "a market order has no price",
    "buy 5 AAPL at 225 GTC day": "more than one time in force",
    "don't buy 5 AAPL": "what not to do",
    "buy 5 AAPL if it rains": "condition",
    "buy 5 AAPL tomorrow": "an order begins at once",
    "cancel orders ord-789012 and ord-789013": "more than one to cancel (ord-789012 and ord-789013)",
    "cancel all previews": "more than one preview",
    "cancel my previews": "more than one preview",
    "cancel all my limit orders": "orders are cancelled by id, symbol or side",
    "buy 5 AAPL and cancel the rest": "an order and a cancellation",
    "don't cancel my order": "what not to do",
    "cancel my AAPL and MSFT orders": "more than one symbol",
    "cancel": "nothing to cancel",
    "quote please": "no symbol",
    "AAPL": "nothing is asked about AAPL",
    "hello there": "neither an order",
    "yes": "a preview is approved by an Approve message",
    "approve it": "a preview is approved by an Approve message",
    "make it 150 shares": "an order is changed by the modifications of an Approve message",
    "what are my open orders?": "orders cannot be asked for",
    "list my open AAPL orders": "orders cannot be asked for",
    "asdf qwer": "neither an order",
    "": "neither an order",
    "what": "neither an order",
    "buy 5 AAPL " * 100: "longer than 1000 characters",
}


@pytest.mark.parametrize(("text", "intent"), [*ORDERS.items(), *QUESTIONS.items(), *CANCELS.items(), *UNKNOWN.items()])
def test_a_sentence_means(text, intent):
    assert parse(text, SYMBOLS) == intent


@pytest.mark.parametrize(("text", "gap"), UNCLEAR.items())
def test_a_sentence_that_is_unclear_gets_its_gap_named(text, gap):
    intent = parse(text, SYMBOLS)
    assert isinstance(intent, Unclear)
    for part in gap.split(" (", 1):
        assert part.rstrip(")") in intent.reason


@pytest.mark.parametrize("text", UNCLEAR)
def test_every_suggestion_would_be_understood(text):
    for suggestion in parse(text, SYMBOLS).suggestions:
        assert not isinstance(parse(suggestion, SYMBOLS), Unclear | UnknownSymbol), suggestion


def test_without_known_symbols_suggestions_still_stand():
    assert parse("hello", {}).suggestions[0] == "Buy 100 shares of AAPL at limit 225.10, good for the day"


def test_suggestions_keep_the_side_that_was_said():
    assert parse("sell MSFT", SYMBOLS).suggestions[0].startswith("Sell 100 shares of MSFT")


PRICES = st.decimals(min_value=Decimal("0.01"), max_value=Decimal("99999.99"), places=2)
ORDER_TYPES = st.sampled_from([(False, False), (True, False), (False, True), (True, True)])


@st.composite
def orders(draw):
    has_limit, has_stop = draw(ORDER_TYPES)
    return OrderIntent(
        draw(st.sampled_from(["buy", "sell"])),
        draw(st.integers(1, MAX_QUANTITY)),
        draw(st.sampled_from(sorted(SYMBOLS))),
        "_".join(k for k, has in (("stop", has_stop), ("limit", has_limit)) if has) or "market",
        draw(PRICES) if has_limit else None,
        draw(PRICES) if has_stop else None,
        draw(st.sampled_from(["day", "gtc", "ioc", "fok"])),
    )


def terse(intent):
    limit = f" limit {intent.limit_price:,}" if intent.limit_price else ""
    stop = f" stop {intent.stop_price:,}" if intent.stop_price else ""
    name = SYMBOLS[intent.symbol][0]
    return f"{intent.side} {intent.quantity:,} {name}{stop}{limit} {intent.time_in_force}"


def polite(intent):
    limit = f", limit at ${intent.limit_price}" if intent.limit_price else ""
    stop = f", stop at ${intent.stop_price}" if intent.stop_price else ""
    verb, life = {"buy": "purchase", "sell": "unload"}[intent.side], intent.time_in_force.upper()
    return f"Please {verb} {in_words(intent.quantity)} shares of {intent.symbol}{limit}{stop}, {life}"


def in_words(number):
    ones = (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen"
    )
    tens = "- - twenty thirty forty fifty sixty seventy eighty ninety"
    if number >= 1_000_000_000:
        return str(number)
    for scale, name in ((1_000_000, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= scale:
            rest = f" and {in_words(number % scale)}" if number % scale else ""
            return f"{in_words(number // scale)} {name}{rest}"
    if number < 20:
        return ones.split()[number]
    return tens.split()[number // 10] + (f"-{in_words(number % 10)}" if number % 10 else "")


@pytest.mark.parametrize("wording", [sentence, terse, polite])
@given(intent=orders())
def test_an_order_put_in_words_is_read_back(wording, intent):
    assert parse(wording(intent), SYMBOLS) == intent


WORDS = """buy sell 5 0 -1 .5 1,5 2k two hundred thousand dozen half minus a and of shares AAPL apple zzzz ZZZZ at $220
limit stop market cancel all order ord-789012 preview it what price own if not day gtc ? % @ each"""
VOCABULARY = st.sampled_from(WORDS.split())


@given(st.text() | st.lists(VOCABULARY).map(" ".join))
def test_no_text_is_too_much(text):
    parse(text, SYMBOLS)
