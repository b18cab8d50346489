"""What a scenario may say of BrainStream, and what it may not."""

import unicodedata
from dataclasses import fields, replace

import pytest

from harness.core.world import World
from harness.protocols.brainstream import PROTOCOL
from harness.protocols.brainstream.rules import REGIMES, Facts, Rules
from harness.wire.schemas import shapes

NAN = float("nan")

WRONG_FACTS = {
    "symbol": ["", "spy", "SPY\n", "A" * 11, "1A"],
    "price": [0, -1, NAN, float("inf"), 2e6],
    "cash": [0, -5, NAN, 1e10],
    "shares": [-1, NAN, 2e6],
    "daily_pnl": [200_000, -1e10, NAN],
    "tick_every_s": [0, -1, 0.0001, 100_000, NAN],
    "status": ["active", "STOPPED"],
    "regime": ["Levy Stable", "Le\u0301vy Stable", "gaussian"],
    "volatility": [-1, NAN, 101],
    "drift": [-1, 1, NAN],
    "jump": [-1, 11, NAN],
    "feed": ["dead"],
    "packet_bytes": [-1, 1_000_001],
}
WRONG_RULES = {"connections_per_ip": [-1, 2_000_000], "token": ["maybe"], "commands": ["refused"]}


def cases(table):
    return [(name, value) for name, values in table.items() for value in values]


@pytest.mark.parametrize(("name", "value"), cases(WRONG_FACTS))
def test_a_fact_that_no_world_can_have_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=f"^{name}: expected .+, found "):
        Facts(**{name: value})


@pytest.mark.parametrize(("name", "value"), cases(WRONG_RULES))
def test_a_rule_that_no_server_can_keep_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=f"^{name}: expected .+, found "):
        Rules(**{name: value})


@pytest.mark.parametrize(
    "facts",
    [
        {"price": 0.01, "shares": 0, "cash": 1, "daily_pnl": 0},
        {"price": 1e6, "shares": 1e6, "cash": 1e9},
        {"volatility": 0, "drift": -0.5, "jump": -0.99, "tick_every_s": 0.001},
        {"volatility": 100, "drift": 0.5, "jump": 10, "packet_bytes": 1_000_000},
    ],
)
def test_the_bounds_themselves_are_allowed(facts):
    assert replace(Facts(), **facts) == Facts(**facts)


def test_with_the_facts_as_they_are_the_portfolio_is_that_of_the_sample():
    facts = Facts()
    assert round(facts.cash + facts.shares * facts.price, 2) == 105234.56


def test_the_second_regime_has_its_accent_as_one_letter():
    assert REGIMES[1] == "L\u00e9vy Stable"
    assert unicodedata.is_normalized("NFC", REGIMES[1])


def test_the_document_knows_the_same_words():
    schemas = shapes(PROTOCOL.folder).document["components"]["schemas"]
    assert {unicodedata.normalize("NFC", each) for each in schemas["Regime"]["enum"]} == set(REGIMES)
    assert schemas["Status"]["enum"] == ["ACTIVE", "HALT", "INITIALIZING"]


def test_what_may_change_live_are_facts():
    assert issubclass(PROTOCOL.world, World)
    names = {each.name for each in fields(Facts)}
    assert names >= PROTOCOL.world.LIVE
    assert names - PROTOCOL.world.LIVE == {"symbol", "price", "cash", "shares", "daily_pnl", "tick_every_s"}
