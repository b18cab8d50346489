"""Broken servers that come near to breaking other requirements, too: nothing but what they break may fail."""

import pytest

from harness import protocols
from harness.conformance import suite
from harness.conformance.proof import prove
from harness.conformance.rehearsal import rehearse
from harness.conformance.runner import Options
from harness.protocols.brainstream.defects.connection import BeginsLate
from harness.protocols.brainstream.defects.malformed import PassesPacketsOn, wants_json
from harness.protocols.brainstream.defects.many import KeepsPlaces, a_world_for_each
from harness.protocols.brainstream.defects.stream import sends_pairs, tells_old_news
from harness.protocols.brainstream.defects.welcome import WelcomesLate

BRAINSTREAM = suite.load("brainstream")
MOCK = protocols.load("brainstream")
NEAR = [BeginsLate, KeepsPlaces, PassesPacketsOn, a_world_for_each, sends_pairs, tells_old_news, WelcomesLate]


@pytest.mark.no_cover  # It is long; the test below reaches all that the defect does.
@pytest.mark.parametrize("defect", NEAR, ids=lambda defect: defect.name)
def test_a_defect_breaks_nothing_but_what_it_says(defect):
    proof = prove(BRAINSTREAM, MOCK, defect, whole=True)
    assert proof.holds
    assert set(proof.others) == set(defect.also)


@pytest.mark.parametrize("defect", NEAR, ids=lambda defect: defect.name)
def test_the_chapter_that_a_defect_breaks_notices_it(defect):
    chapter = defect.breaks.rpartition("-")[0]
    report = rehearse(BRAINSTREAM, defect.apply(MOCK), Options(only=(chapter,)))
    assert report.broken == []
    assert report.of("failed")


def test_a_server_that_cuts_off_who_sends_nonsense_disturbs_nobody_else():
    report = rehearse(BRAINSTREAM, wants_json.apply(MOCK), Options(only=("BRA-MAL-12",)))
    assert report["BRA-MAL-12"].verdict == "passed"
