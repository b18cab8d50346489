import pytest

from harness.core.limits import Rate
from harness.protocols.sigmax.rules import Facts, Rules


@pytest.mark.parametrize(
    ("fact", "words"),
    [
        ({"capital": 0.0}, "capital: expected a number from 1 to 1000000000, found 0.0"),
        ({"volatility": -1.0}, "volatility: expected 0 to 1000, found -1.0"),
        ({"drift": 0.6}, "drift: expected a number from -0.5 to 0.5, found 0.6"),
        ({"shock": -1.0}, "shock: expected a number above -1 and up to 10, found -1.0"),
        ({"alerts_per_second": 1001.0}, "alerts_per_second: expected 0 to 1000, found 1001.0"),
        ({"market_every_s": 0.0}, "market_every_s: expected at least 0.001 s, found 0.0"),
        ({"proposals_every_s": 0.0}, "proposals_every_s: expected at least 0.001 s, found 0.0"),
        ({"proposals": "approved"}, "proposals: expected executed or refused or left, found 'approved'"),
        ({"health": "ill"}, "health: expected real or simulated, found 'ill'"),
        ({"refusal": ""}, "refusal: expected some words, found ''"),
        ({"prices": {"BTCUSDT": 1.0}}, "prices.BTCUSDT: expected a pair in upper case as BASE/QUOTE, found 'BTCUSDT'"),
        ({"prices": {"A/B": 0.0}}, "prices.A/B: expected a price from 0.0001 to 1000000000, found 0.0"),
    ],
)
def test_a_fact_that_no_world_can_have_is_refused_in_words(fact, words):
    with pytest.raises(ValueError, match=f"^{words}$"):
        Facts(**fact)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"max_connections": -1}, "max_connections: expected a number of at least 0, found -1"),
        ({"heartbeat_every_s": 0.0}, "heartbeat_every_s: expected at least 0.001 s, found 0.0"),
        ({"timeout_s": -1.0}, "timeout_s: expected a time above 0, found -1.0"),
        ({"pause_s": 0.0}, "pause_s: expected a time above 0, found 0.0"),
        ({"commands": Rate(-1, 1.0)}, "commands: expected a rate such as 3 per 10s, found '-1 per 1s'"),
    ],
)
def test_a_rule_that_no_server_can_keep_is_refused_in_words(rule, words):
    with pytest.raises(ValueError, match=f"^{words}$"):
        Rules(**rule)


def test_the_numbers_of_the_spec_are_the_defaults():
    assert Rules() == Rules(1000, 30.0, 60.0, Rate(120, 10.0), 10.0)
    facts = Facts()
    assert (facts.market_every_s, facts.portfolio_every_s, facts.status_every_s, facts.health_every_s) == (2, 3, 5, 10)


def test_a_scenario_writes_facts_and_rules_in_its_own_way(system_of):
    system = system_of(
        "world: {capital: 500, prices: {DOGE/USDT: 0.08}, market_every: 1s}\nlimits: {commands: 3 per 1m}"
    )
    assert system.world.facts.capital == 500
    assert system.world.market.pairs["DOGE/USDT"].row(0.0)["price"] == 0.08
    assert system.scenario.rules.commands == Rate(3, 60.0)
