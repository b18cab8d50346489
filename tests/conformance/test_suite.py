import sys
import types

import pytest

from harness.conformance import suite
from harness.conformance.check import check


def test_checks_are_found_where_they_are_defined_and_only_there(monkeypatch):
    module = types.ModuleType("some_checks")

    @check("FAKE-A-01")
    async def defined_here(peer):
        pass

    @check("FAKE-A-02")
    async def imported(peer):
        pass

    defined_here.__module__ = "some_checks"
    module.defined_here, module.imported, module.plain, module.number = defined_here, imported, lambda: 1, 5
    monkeypatch.setitem(sys.modules, "some_checks", module)
    assert [c.id for c in suite.checks_in("some_checks")] == ["FAKE-A-01"]


def test_an_unknown_protocol_is_told_with_the_nearest_one():
    with pytest.raises(LookupError, match="Did you mean 'skybit'"):
        suite.load("skybitt")


def test_a_suite_knows_the_capabilities_that_requirements_need(suite_of):
    from harness.conformance.requirement import Requirement

    needy = Requirement("FAKE-A-01", "MUST", "server", "Fakes", "Holds.", needs="deflate")
    assert suite_of(requirements=[needy]).capabilities == {"deflate"}


def test_a_demo_profile_never_draws_the_same_users_twice():
    import random

    found = suite.load("skybit")
    one, two = (found.demo_profile("ws://here/", random.Random(seed)) for seed in (1, 2))
    assert len(set(one.tokens)) == len(one.tokens) > len(found.checks) / 2
    assert set(one.tokens) & set(two.tokens) == set()
