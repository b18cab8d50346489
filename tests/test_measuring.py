"""What is marked `no_cover` is not measured, even by the workers of xdist: else it takes three times as long."""

import sys

import pytest


@pytest.mark.no_cover
def test_nothing_watches_a_test_that_is_not_to_be_measured():
    assert sys.gettrace() is None
