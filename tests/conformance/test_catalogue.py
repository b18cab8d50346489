"""What holds of the catalogue of every protocol, and of the suite on a mock that is as it should be."""

from collections import Counter
from pathlib import Path

import pytest

from harness import protocols
from harness.conformance import suite
from harness.conformance.rehearsal import rehearse
from harness.conformance.requirement import ID
from harness.conformance.runner import Options
from harness.core.defect import defects_in

FROZEN = Path(__file__).with_name("frozen_ids")
NAMES = suite.names()
PROTOCOLS = protocols.having("lab")


@pytest.mark.parametrize("name", NAMES)
def test_every_requirement_is_checked_or_says_why_not(name):
    found = suite.load(name)
    checked = {c.id for c in found.checks}
    assert [r.id for r in found.requirements.values() if r.id not in checked and not r.excluded] == []
    assert [r.id for r in found.requirements.values() if r.id in checked and r.excluded] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_check_names_a_requirement(name):
    found = suite.load(name)
    assert {c.id for c in found.checks} - set(found.requirements) == set()


@pytest.mark.parametrize("name", NAMES)
def test_checks_that_judge_clients_are_invariants(name):
    found = suite.load(name)
    assert [c.name for c in found.checks if c.exchange and found.requirements[c.id].side == "client"] == []


@pytest.mark.parametrize("name", NAMES)
def test_checks_of_one_requirement_have_different_names(name):
    checks = suite.load(name).checks
    assert [each for each, count in Counter((c.id, c.name) for c in checks).items() if count > 1] == []


@pytest.mark.parametrize("name", NAMES)
def test_texts_are_sentences(name):
    for requirement in suite.load(name).requirements.values():
        assert ID.fullmatch(requirement.id)
        assert requirement.text.endswith("."), requirement.id
        assert requirement.excluded is None or len(requirement.excluded) > 20, requirement.id


@pytest.mark.parametrize("name", NAMES)
def test_ids_never_change_and_are_never_taken_away(name):
    path = FROZEN / f"{name}.txt"
    frozen, there = path.read_text().split(), suite.load(name).requirements
    assert len(frozen) == len(set(frozen))
    assert set(frozen) - set(there) == set(), "an id was taken away: reports and lists of users name it"
    assert set(there) - set(frozen) == set(), f"a new id: add it to {FROZEN.name}/{path.name}, and it is there for good"


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_checked_requirement_of_the_server_has_a_defect_that_breaks_it(name):
    found = suite.load(name)
    broken = {d.breaks for d in defects_in(f"harness.protocols.{name}.defects")}
    checked = {c.id for c in found.checks}
    assert [r.id for r in found.requirements.values() if r.id in checked - broken and r.side == "server"] == []


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_mock_keeps_its_own_contract(name, seed):
    report = rehearse(suite.load(name), protocols.load(name), Options(seed=seed))
    assert [(v.id, v.reason) for v in report.of("failed")] == []
    assert [(v.id, v.reason) for v in report.of("not-observed")] == []
    assert report.broken == []
    assert report.exit_code == 0


@pytest.mark.parametrize("name", NAMES)
def test_every_capability_is_documented(name):
    text = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text(encoding="utf-8")
    assert {each for each in suite.load(name).capabilities if f"`{each}`" not in text} == set()
