"""A lawful server that is slow, busy, or behind a proxy is judged as it is when it is quick."""

import random
import time

import pytest

from harness import protocols
from harness.conformance import suite
from harness.conformance.conditions import Conditions
from harness.conformance.proof import prove
from harness.conformance.rehearsal import rehearse
from harness.conformance.runner import Options, run
from harness.conformance.socket import SocketOpener
from harness.core.defect import defects_in

pytestmark = pytest.mark.no_cover  # As in test_variants.py.

NAMES = protocols.having("lab")
SLOW = {"latency_s": 0.2, "jitter_s": 0.1}
BUSY = {"freeze_s": 0.3}
# Name -> conditions and the seed of their chance.
BAD = {"slow": (SLOW, 1), "busy": (BUSY, 2), "slow and busy": (SLOW | BUSY, 3)}
# Slow line or not, an order may be filled before a Cancel gets there: there is nothing to notice then.
A_MATTER_OF_LUCK = {"cancelled-for-nothing"}
SAMPLE = [
    pytest.param(name, defect, list(BAD.values())[number % 3], id=f"{name}-{defect.name}-{list(BAD)[number % 3]}")
    for name in NAMES
    for number, defect in enumerate(list(defects_in(f"harness.protocols.{name}.defects"))[::20])
    if defect.name not in A_MATTER_OF_LUCK
]


def conditions(settings, seed):
    return Conditions(**settings, chance=random.Random(seed))


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
@pytest.mark.parametrize("name", NAMES)
def test_no_verdict_flips_in_bad_conditions(name, bad):
    report = rehearse(suite.load(name), protocols.load(name), conditions=conditions(*bad))
    assert [(v.id, v.reason) for each in ("failed", "not-observed") for v in report.of(each)] == []
    assert report.broken == []
    assert report.exit_code == 0


@pytest.mark.parametrize(("name", "defect", "bad"), SAMPLE)
def test_a_defect_is_noticed_in_bad_conditions_too(name, defect, bad):
    proof = prove(suite.load(name), protocols.load(name), defect, conditions=conditions(*bad))
    assert proof.holds, f"{proof.verdict.id} is {proof.verdict.verdict}: {proof.verdict.reason}"


# Short exchanges of each suite; all of them, through the same proxy with 200 ms of latency, take ten minutes.
SHORT = {
    "brainstream": ("BRA-CONN-09", "BRA-CMD-01", "BRA-SEC-03"),
    "eventbus": ("EVB-CONN-12",),
    "megabot": ("MEG-AUTH-02", "MEG-CHAT-01", "MEG-RATE-03"),
    "sigmax": ("SIG-SUB-01", "SIG-REQ-01", "SIG-SUB-02"),
    "skybit": ("SKY-AUTH-01", "SKY-IDEM-04", "SKY-CHAT-01"),
    suite.WIRE: ("RFC-",),
}


@pytest.mark.socket
@pytest.mark.parametrize("name", SHORT)
async def test_no_verdict_flips_behind_a_proxy_that_splits_and_merges(name, serve, behind):
    found = suite.load(name)
    url = serve(protocols.load("skybit" if name == suite.WIRE else name))
    opener = SocketOpener()
    async with behind(url) as there:
        try:
            profile = found.demo_profile(there, random.Random(1))
            report = await run(found, profile, opener, time.time, Options(SHORT[name]))
        finally:
            await opener.close()
    assert [(v.id, v.reason) for each in ("failed", "not-observed") for v in report.of(each)] == []
    assert report.of("passed")
