import pytest

from harness.protocols.skybit.rules import Facts


@pytest.mark.parametrize(
    ("fact", "words"),
    [
        ({"market": "shut"}, "market: expected open or closed, found 'shut'"),
        ({"quotes_every_s": 0.0}, "quotes_every_s: expected a number above 0, found 0.0"),
        ({"liquidity": 0}, "liquidity: expected at least 1, found 0"),
        ({"buying_power": -1.0}, "buying_power: expected a number of at least 0, found -1.0"),
        ({"prices": {"AAPL": 0.0}}, "prices.AAPL: expected a price from 0.05 to 1000000, found 0.0"),
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
