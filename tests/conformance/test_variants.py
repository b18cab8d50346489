"""Lawful servers that read the specs otherwise than our mock: no check may fail one of them."""

import re
from dataclasses import replace
from functools import cache
from zlib import crc32

import pytest

from harness import protocols
from harness.conformance import suite
from harness.conformance.rehearsal import rehearse
from harness.conformance.runner import Options
from harness.core.variant import variants_in

NAMES = protocols.having("lab")
VARIANTS = [
    pytest.param(name, variant, id=f"{name}-{variant.name}")
    for name in NAMES
    for variant in protocols.variants(name).values()
]

# What these do otherwise, no exchange provokes, or no frame shows: tests/protocols/ looks at most of them.
UNPROVOKED = {
    "brainstream": {
        *("engine-alone", "front-end-alone", "no-deflate", "ten-connections", "ten-connections-by-http"),
        "own-close-codes",  # As in EventBus: it never closes.
    },
    "eventbus": {"no-deflate", "own-close-codes"},
    "megabot": {
        *("token-names-the-user", "closes-at-expiry", "wants-more-than-blanks", "counts-what-is-in-a-batch"),
        *("a-million-bytes", "no-deflate"),
    },
    "sigmax": {
        *("serves-the-keyless", "nothing-but-pongs-counts", "no-deflate", "unlimited-commands"),
        *("knows-no-prefix", "takes-lower-case"),
    },
    "skybit": {
        *("forgets-sessions", "nothing-but-heartbeats-counts", "subscribe-replaces", "subscribes-to-what-it-knows"),
        *("counts-by-users", "all-orders-of-the-connection", "averages-of-three-decimals"),
    },
}

# So few exchanges are enough to provoke nearly all that variants do.
FEW = {
    "brainstream": ["BRA-CONN-01", "BRA-CMD-09", "BRA-MANY-05", "BRA-STREAM-04"],
    "eventbus": ["EVB-ENV-07", "EVB-CONN-14", "EVB-CONN-06"],
    "megabot": [
        *("MEG-AUTH-13", "MEG-BATCH-02", "MEG-RATE-05", "MEG-TOOL-09", "MEG-VAL-07", "MEG-VAL-04", "MEG-RATE-02"),
        *("MEG-AUTH-18", "MEG-AUTH-19", "MEG-AUTH-21", "MEG-ERR-05"),
    ],
    "sigmax": ["SIG-SUB-32", "SIG-ERR-12", "SIG-REQ-08", "SIG-AUTH-02", "SIG-LIM-01"],
    "skybit": [
        *("SKY-CANC-10", "SKY-AUTH-15", "SKY-ERR-09", "SKY-APPR-16", "SKY-CONN-12", "SKY-APPR-06", "SKY-CHAT-11"),
        *("SKY-AUTH-18", "SKY-CONN-11", "SKY-RATE-10", "SKY-ERR-14", "SKY-IDEM-08", "SKY-CHAT-08"),
    ],
}

load = cache(suite.load)


class Overheard:
    """A protocol, and a sum over all that its server sends and refuses."""

    def __init__(self, protocol):
        self.sum, self.admit = 0, protocol.admit
        filters = (*protocol.frame_filters, self.note)
        self.protocol = replace(protocol, frame_filters=filters, admit=self.asked if protocol.admit else None)

    def note(self, frame, session, now):
        self.sum = crc32(b"%d %d " % (frame.opcode, frame.code) + frame.data, self.sum)
        return (frame,)

    def asked(self, *knock):
        reply = self.admit(*knock)
        self.sum += reply is not None
        return reply


@cache
def sum_of_the_mock(name):
    mock = Overheard(protocols.load(name))
    report = rehearse(load(name), mock.protocol)
    assert {v.verdict for v in report.verdicts} == {"passed", "excluded"}
    return mock.sum


@pytest.mark.no_cover  # Measuring makes it three times slower, and it is long; the test below reaches the same lines.
@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_a_lawful_server_fails_no_check(name, variant):
    server = Overheard(variant.apply(protocols.load(name)))
    report = rehearse(load(name), server.protocol, lacks=variant.lacks)
    assert server.sum != sum_of_the_mock(name) or variant.name in UNPROVOKED[name]
    assert report.broken == []
    assert [(v.id, v.reason) for v in report.of("failed")] == []
    assert {v.id: v.reason for v in report.of("not-observed") if v.id not in variant.unseen} == {}
    assert {v.id for v in report.of("not-observed")} == set(variant.unseen)
    assert {v.requirement.needs for v in report.of("excluded")} >= set(variant.lacks)


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_a_few_exchanges_with_it_fail_nothing(name, variant):
    report = rehearse(
        load(name), variant.apply(protocols.load(name)), Options(only=tuple(FEW[name])), lacks=variant.lacks
    )
    assert report.broken == []
    assert report.of("failed") == []
    assert report.of("passed")


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
