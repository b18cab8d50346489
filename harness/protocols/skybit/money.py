"""Money: exact inside the world, JSON numbers on the wire; and what a trade is charged."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
ZERO = Decimal(0)

COMMISSION = Decimal("1.00")  # For each order of which anything is executed. Preview: commission of the sample
SEC_RATE = Decimal("0.0000102")  # Of the value: 0.46 for the sample's 45020.00.
TAF_RATE = Decimal("0.00005")  # For each share: 0.01 for the sample's 200.


@dataclass(frozen=True, slots=True)
class Charges:
    """What a trade costs beside its value, in USD."""

    commission: Decimal = ZERO
    sec: Decimal = ZERO
    taf: Decimal = ZERO

    @property
    def fees(self) -> Decimal:
        """The fees without the commission."""
        return self.sec + self.taf

    @property
    def total(self) -> Decimal:
        """Commission and fees."""
        return self.commission + self.fees


def charges_of(value: Decimal, shares: int) -> Charges:
    """The charges on so many shares traded for so much; none on none."""
    if shares == 0:
        return Charges()
    return Charges(COMMISSION, cents(value * SEC_RATE), cents(shares * TAF_RATE))


def exact(amount: float | int) -> Decimal:
    """A JSON number as the decimal that its digits show.

    >>> exact(225.1)
    Decimal('225.1')
    """
    return Decimal(str(amount))


def cents(amount: Decimal) -> Decimal:
    """Rounded to the cent, half up."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def number(amount: Decimal) -> float:
    """An amount as a JSON number, in cents."""
    return float(cents(amount))


def shown(amount: Decimal) -> str:
    """A price or an amount for people: at least two decimals.

    >>> shown(Decimal("225.1")), shown(Decimal("0.0625"))
    ('225.10', '0.0625')
    """
    return f"{amount:.2f}" if amount == cents(amount) else f"{amount.normalize():f}"
