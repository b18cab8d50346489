"""Each defect must be noticed by the checks of the requirement that it breaks."""

from collections import Counter
from functools import cache

import pytest

from harness import protocols
from harness.conformance import suite
from harness.conformance.proof import prove
from harness.core.defect import defects_in

DEFECTS = [
    pytest.param(name, defect, id=f"{name}-{defect.name}")
    for name in protocols.having("lab")
    for defect in defects_in(f"harness.protocols.{name}.defects")
]
SAMPLE = DEFECTS[::40]

load = cache(suite.load)


@pytest.mark.parametrize(("name", "defect"), DEFECTS)
def test_a_defect_is_noticed_by_the_checks_of_what_it_breaks(name, defect):
    proof = prove(load(name), protocols.load(name), defect)
    assert proof.holds, f"{proof.verdict.id} is {proof.verdict.verdict}: {proof.verdict.reason}"
    (failure, *_) = proof.verdict.failures
    assert failure.expected


@pytest.mark.no_cover
@pytest.mark.parametrize(("name", "defect"), SAMPLE)
def test_a_defect_breaks_nothing_but_what_it_says(name, defect):
    proof = prove(load(name), protocols.load(name), defect, whole=True)
    assert proof.holds
    assert set(proof.others) <= set(defect.also)


@pytest.mark.parametrize("name", protocols.having("lab"))
def test_names_of_defects_are_unique_and_each_says_what_it_does(name):
    defects = list(defects_in(f"harness.protocols.{name}.defects"))
    assert [name for name, count in Counter(d.name for d in defects).items() if count > 1] == []
    assert [d.name for d in defects if not d.text] == []
    known = load(name).requirements
    assert [d.name for d in defects if {d.breaks, *d.also} - set(known)] == []
