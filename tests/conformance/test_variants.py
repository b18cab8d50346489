"""Lawful servers that read the specs otherwise than our mock: no check may fail one of them."""

import re
from functools import cache

import pytest

from harness import protocols
from harness.conformance import suite
from harness.conformance.rehearsal import rehearse
from harness.core.variant import variants_in

NAMES = protocols.having("lab")
VARIANTS = [
    pytest.param(name, variant, id=f"{name}-{variant.name}")
    for name in NAMES
    for variant in protocols.variants(name).values()
]

load = cache(suite.load)


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_a_lawful_server_fails_no_check(name, variant):
    report = rehearse(load(name), variant.apply(protocols.load(name)), lacks=variant.lacks)
    assert report.broken == []
    assert [(v.id, v.reason) for v in report.of("failed")] == []
    assert {v.id: v.reason for v in report.of("not-observed") if v.id not in variant.unseen} == {}
    assert {v.id for v in report.of("not-observed")} == set(variant.unseen)
    assert {v.requirement.needs for v in report.of("excluded")} >= set(variant.lacks)


@pytest.mark.parametrize("name", NAMES)
def test_each_variant_says_what_it_does_and_what_it_reads_otherwise(name):
    found = load(name)
    for variant in protocols.variants(name).values():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", variant.name)
        assert variant.reading, variant.name
        assert re.fullmatch(r"[A-Z][^\n]*\.", variant.text), variant.name
        assert set(variant.lacks) <= found.capabilities, variant.name
        assert set(variant.unseen) <= set(found.requirements), variant.name


def test_a_name_is_of_one_variant_and_of_no_defect():
    for name in NAMES:
        found = [*variants_in(f"harness.protocols.{name}.variants"), *variants_in("harness.core.habits")]
        assert len(protocols.variants(name)) == len(found)
        assert not set(protocols.variants(name)) & set(protocols.defects(name))


def test_there_are_many():
    assert len(VARIANTS) > 100
