from harness.protocols.sigmax.selection import Selection, read


def chosen(topics=(), symbols=()):
    selection, refusals = read({"topics": list(topics), "symbols": list(symbols)})
    assert refusals == []
    return selection


def test_entries_are_kept_once_and_in_order():
    selection = chosen(["status", "market", "status"], ["ETH/USDT", "BTC/USDT", "ETH/USDT"])
    assert list(selection.topics) == ["status", "market"]
    assert list(selection.symbols) == ["ETH/USDT", "BTC/USDT"]


def test_the_long_form_of_a_symbol_means_the_symbol_among_topics_too():
    selection = chosen(["symbol:BTC/USDT", "market"], ["symbol:ETH/USDT", "BTC/USDT"])
    assert list(selection.topics) == ["market"]
    assert list(selection.symbols) == ["BTC/USDT", "ETH/USDT"]


def test_each_invalid_entry_is_refused_by_its_own_code():
    selection, refusals = read({"topics": ["proposal", "symbol:BTC", "xyz"], "symbols": ["btc/usdt", "BTC/", "A/B"]})
    assert [refusal.code for refusal in refusals] == [
        *("INVALID_TOPIC", "INVALID_SYMBOL", "INVALID_TOPIC"),
        *("INVALID_SYMBOL", "INVALID_SYMBOL"),
    ]
    assert refusals[0].details == "Topic 'proposal' does not exist; did you mean proposals?"
    assert refusals[1].details == "Symbol 'symbol:BTC' is not of the form BASE/QUOTE, such as BTC/USDT"
    assert refusals[2].details.endswith(
        "there are all, proposals, executions, analysis, status, market, portfolio, health, alerts"
    )
    assert (list(selection.topics), list(selection.symbols)) == ([], ["A/B"])


def test_a_message_with_more_than_a_thousand_entries_is_refused_as_a_whole_by_one_error():
    topics, symbols = ["market"] * 500, [f"A{n}/B" for n in range(500)]
    assert len(chosen(topics, symbols).symbols) == 500
    selection, (refusal,) = read({"topics": topics, "symbols": [*symbols, "C/D"]})
    assert selection == Selection()
    assert refusal.code == "MESSAGE_PROCESSING_ERROR"
    assert refusal.details == "data: expected at most 1000 topics and symbols, found 1001"


def test_a_confirmation_has_the_words_of_the_sample():
    selection = chosen(["proposals", "executions", "analysis"], ["BTC/USDT", "ETH/USDT"])
    assert selection.confirmation("subscribed") == {
        "topics": ["proposals", "executions", "analysis"],
        "symbols": ["BTC/USDT", "ETH/USDT"],
        "message": "Subscribed to 3 topics and 2 symbols",
    }
    assert selection.confirmation("unsubscribed")["message"] == "Unsubscribed from 3 topics and 2 symbols"


def test_overlapping_entries_become_channels_that_bring_each_event_once():
    assert chosen(["all", "market"], ["BTC/USDT"]).channels() == ["all"]
    assert chosen(["market", "analysis"], ["BTC/USDT"]).channels() == ["market", "analysis"]
    assert chosen(["market"], ["BTC/USDT"]).channels() == ["market", "analysis/BTC/USDT"]
    assert chosen(["analysis"], ["BTC/USDT"]).channels() == ["analysis", "market/BTC/USDT"]
    assert chosen([], ["ETH/USDT", "BTC/USDT"]).channels() == [
        *("analysis/ETH/USDT", "analysis/BTC/USDT"),
        "market/BTC/USDT ETH/USDT",
    ]


def test_without_all_the_single_topics_are_left_and_what_was_not_there_does_not_matter():
    selection = chosen(["all", "market"], ["BTC/USDT"])
    selection.remove(chosen(["all", "health"], ["BTC/USDT", "ETH/USDT"]))
    assert selection == Selection({"market": None}, {})
