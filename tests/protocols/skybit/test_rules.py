from pathlib import Path

import pytest

from harness.core.limits import Rate
from harness.protocols.skybit.rules import Facts, Rules
from harness.scenario.loading import ScenarioError, parse


@pytest.mark.parametrize(
    ("fact", "words"),
    [
        ({"market": "shut"}, "market: expected open or closed, found 'shut'"),
        ({"quotes_every_s": 0.0}, "quotes_every_s: expected at least 0.001 s, found 0.0"),
        ({"liquidity": 0}, "liquidity: expected at least 1, found 0"),
        ({"orders_today": -1}, "orders_today: expected a number of at least 0, found -1"),
        ({"buying_power": -1.0}, "buying_power: expected a number from 0 to 10000000000000000000, found -1.0"),
        ({"volatility": 1001.0}, "volatility: expected a number from 0 to 1000, found 1001.0"),
        ({"prices": {"AAPL": 0.0}}, "prices.AAPL: expected a price from 0.05 to 1000000, found 0.0"),
        ({"prices": {"acme": 5.0}}, "prices.acme: expected a ticker in upper case, found 'acme'"),
        ({"positions": {"AAPL": -5}}, "positions.AAPL: expected 0 to 1000000000 shares, found -5"),
    ],
)
def test_a_fact_that_no_world_can_have_is_refused_in_words(fact, words):
    with pytest.raises(ValueError, match=f"^{words}"):
        Facts(**fact)


def test_shares_of_a_symbol_that_is_not_traded_are_refused_with_those_that_are():
    with pytest.raises(ValueError, match=r"positions: expected a symbol of AAPL, .*, found 'ACME'"):
        Facts(positions={"ACME": 1})
    assert Facts(positions={"ACME": 1}, prices={"ACME": 5.0}).positions == {"ACME": 1}


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"chats": Rate(-1, 60.0)}, "chats: expected a rate such as 3 per 10s, found '-1 per 60s'"),
        ({"messages": Rate(1, 0.0)}, "messages: expected a rate such as 3 per 10s, found '1 per 0s'"),
        ({"ping_every_s": 0.0}, "ping_every_s: expected a time above 0, found 0.0"),
        ({"idle_timeout_s": 0.0}, "idle_timeout_s: expected a time above 0, found 0.0"),
        ({"connections_per_user": -1}, "connections_per_user: expected a number of at least 0, found -1"),
        ({"preview_life_s": 1e10}, "preview_life_s: expected a number from 0 to 1000000000, found 10000000000.0"),
        ({"max_position_value": -5.0}, f"max_position_value: expected a number from 0 to {10**19}, found -5.0"),
        ({"session_life_s": -1.0}, "session_life_s: expected a number of at least 0, found -1.0"),
    ],
)
def test_a_rule_that_no_server_can_keep_is_refused_in_words(rule, words):
    with pytest.raises(ValueError, match=f"^{words}"):
        Rules(**rule)


def test_none_at_all_is_a_rule():
    assert Rules(chats=Rate(0, 60.0), connections_per_user=0, max_orders_per_day=0, preview_life_s=0.0)


def test_a_scenario_with_such_a_rule_is_told_its_line():
    text = "scenario: A\nprotocol: skybit\nlimits:\n  chats: 3 per 10s\n  connections_per_user: -1\n"
    with pytest.raises(ScenarioError) as error:
        parse(text, Path("a.yaml"))
    assert error.value.errors == ("a.yaml:5: limits.connections_per_user: expected a number of at least 0, found -1.",)
