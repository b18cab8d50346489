"""A report with every verdict there is, of a server that says what a page must not take for its own."""

import pytest

from harness.conformance.check import check, expect
from harness.conformance.expected import apply
from harness.conformance.profile import Profile
from harness.conformance.report.document import document
from harness.conformance.requirement import Requirement

EVIL = "</code></pre><script>document.title = 'taken'</script>\x00 [bold] <&> \u202e ```` | @someone #1 $x$"
TOKEN = "s3cr3t-t0ken"


@check("FAKE-GOOD-01")
async def what_is_sent_comes_back(peer):
    sent = await peer.send({"type": "Hello"})
    expect(await peer.receive() == sent, "the same message")


@check("FAKE-BAD-01")
async def hello_is_answered_by_bye(peer):
    await peer.send({"type": "Hello", "text": EVIL + "x" * 200, "token": TOKEN})
    reply = await peer.receive()
    expect(reply["type"] == "Bye", f"a Bye, not {EVIL}", reply)


@check("FAKE-KNOWN-01")
async def the_impossible_happens(peer):
    expect(False, "the impossible")


@check("FAKE-NONE-01")
async def nothing_is_looked_at(peer):
    pass


CHECKS = (what_is_sent_comes_back, hello_is_answered_by_bye, the_impossible_happens, nothing_is_looked_at)


@pytest.fixture
def report(suite_of, judged, echo):
    out = Requirement(
        "FAKE-OUT-01", "MAY", "server", "Other | things", "Nobody can tell.", excluded="it cannot be seen"
    )
    result = judged(suite_of(*CHECKS, requirements=[out]), echo, Profile("ws://fake/", tokens=(TOKEN,)))
    apply({"FAKE-KNOWN-01": "mended in May", "FAKE-GOOD-01": "also in May"}, result)
    result.started_s = 1705314600.0
    for verdict in result.verdicts:
        verdict.rerun = f"ws-harness check fake ws://fake/ --only {verdict.id}"
    return result


@pytest.fixture
def told(report):
    """The report as JSON."""
    return document(report)


@pytest.fixture
def evil():
    """What the server says."""
    return EVIL


@pytest.fixture
def token():
    """What no report may tell."""
    return TOKEN
