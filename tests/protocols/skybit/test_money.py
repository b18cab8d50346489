import doctest
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from harness.protocols.skybit import money
from harness.protocols.skybit.money import Charges, charges_of

values = st.decimals(0, 10**9, places=2)


def test_the_sample_is_charged_as_in_the_spec():
    charges = charges_of(Decimal("45020.00"), 200)
    assert charges == Charges(Decimal("1.00"), Decimal("0.46"), Decimal("0.01"))
    assert charges.fees == Decimal("0.47")
    assert charges.total == Decimal("1.47")


def test_nothing_is_charged_on_nothing():
    assert charges_of(Decimal(0), 0).total == 0


@given(values, values, st.integers(1, 10**6), st.integers(0, 10**6))
def test_more_is_never_charged_less(value, more_value, shares, more_shares):
    assert charges_of(value + more_value, shares + more_shares).total >= charges_of(value, shares).total


def test_prices_are_shown_with_two_decimals_or_as_many_as_they_have():
    assert money.shown(Decimal("1E+2")) == "100.00"
    assert money.shown(Decimal("225.095")) == "225.095"
    assert doctest.testmod(money).failed == 0
