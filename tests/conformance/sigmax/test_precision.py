"""Defects spoil nothing but what they say."""

import pytest

from harness import protocols
from harness.conformance import suite
from harness.conformance.proof import prove
from harness.core.defect import defects_in

SIGMAX = suite.load("sigmax")
DEFECTS = {d.name: d for d in defects_in("harness.protocols.sigmax.defects")}
DECLARED = [
    "confirms-with-ok",
    "greets-the-nameless",
    "lists-the-last-request",
    "lists-what-it-refuses",
    "misnames-broken-json",
    "no-entry-price",
    "serves-those-it-refused",
    "takes-any-shape",
    "takes-every-key",
    "tells-all-of-errors",
    "tells-of-health-with-analyses",
    "time-in-seconds",
    "total-as-string",
    "wants-data-in-pings",
]


@pytest.mark.parametrize("name", DECLARED)
def test_a_defect_breaks_nothing_else(name):
    defect = DEFECTS[name]
    proof = prove(SIGMAX, protocols.load("sigmax"), defect, whole=True)
    assert proof.holds
    assert set(proof.others) <= set(defect.also)
