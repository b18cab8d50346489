import pytest

from harness.core.message import epoch_s
from harness.protocols.skybit.policy import next_opening


@pytest.mark.parametrize(
    ("now", "opening"),
    [
        ("2024-01-15T10:30:00Z", "2024-01-15T14:30:00.000Z"),
        ("2024-01-15T14:30:00Z", "2024-01-16T14:30:00.000Z"),
        ("2024-01-19T20:00:00Z", "2024-01-22T14:30:00.000Z"),
        ("2024-01-21T12:00:00Z", "2024-01-22T14:30:00.000Z"),
    ],
)
def test_the_market_opens_on_the_next_working_day(now, opening):
    assert next_opening(epoch_s(now)) == opening
