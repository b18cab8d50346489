"""A protocol is judged together with the wire beneath it: one run, one report."""

import pytest

from harness import protocols
from harness.conformance import suite
from harness.conformance.check import check, expect
from harness.conformance.command import Request, judged, silent_console
from harness.conformance.lab import Lab
from harness.conformance.profile import Profile
from harness.conformance.requirement import Requirement
from harness.conformance.runner import Options, Unreachable, run_layers
from harness.core.clock import run_virtual

NAMES = protocols.having("lab")


class TwoDoors(Lab):
    """A lab with a door in front of the one that is there."""

    @classmethod
    def doors(cls, profile):
        return ("ws://fake/front", "ws://fake/back")


@check("TOP-A-01")
async def the_top_answers(peer):
    await peer.send({"type": "Hello"})
    expect(await peer.receive(), "an answer")


@check("LOW-A-01")
async def the_layer_beneath_answers(peer):
    await peer.send({"type": "Hello"})
    expect(await peer.receive(), "an answer")


def run(suites, server, **options):
    return run_virtual(run_layers(suites, Profile("ws://fake/"), server, lambda: 0.0, Options(**options)))


@pytest.fixture
def two(suite_of):
    aside = Requirement("LOW-A-02", "MAY", "server", "Fakes", "It is left.", excluded="nobody looks at it here")
    return suite_of(the_top_answers), suite_of(the_layer_beneath_answers, requirements=[aside])


def test_one_report_tells_of_both_layers(two, echo):
    report = run(two, echo)
    assert [(v.id, v.verdict) for v in report.verdicts] == [
        ("TOP-A-01", "passed"),
        ("LOW-A-01", "passed"),
        ("LOW-A-02", "excluded"),
    ]
    assert report.conversations == 2


@pytest.mark.parametrize("layer", ["TOP", "LOW"])
def test_a_layer_of_which_nothing_is_asked_is_not_run(layer, two, echo):
    report = run(two, echo, only=(f"{layer}-A-01",))
    assert [v.id for v in report.verdicts] == [f"{layer}-A-01"]
    assert report.target == "ws://fake/"
    assert report.conversations == 1


def test_the_layer_beneath_is_judged_at_a_door_that_opens(suite_of, two, fake_server):
    class BackDoor(fake_server):
        async def open(self, offer, peer):
            self.status = 101 if offer.url == "ws://fake/back" else 404
            return await super().open(offer, peer)

    server = BackDoor(lambda frame: [frame])
    report = run((suite_of(lab=TwoDoors), two[1]), server)
    assert report["LOW-A-01"].verdict == "passed"
    assert server.offers[-1].url == "ws://fake/back"


def test_a_server_that_is_gone_meanwhile_leaves_what_was_found_so_far(two, fake_server):
    class OneRun(fake_server):
        async def open(self, offer, peer):
            if len(self.offers) == 2:  # The probe of the round trip, and the exchange.
                raise OSError("it is gone")
            return await super().open(offer, peer)

    report = run(two, OneRun(lambda frame: [frame]))
    assert [(v.id, v.verdict) for v in report.verdicts] == [
        ("TOP-A-01", "passed"),
        ("LOW-A-01", "not-observed"),
        ("LOW-A-02", "excluded"),
    ]
    assert "it is gone" in report["LOW-A-01"].reason


def test_a_limit_of_time_is_that_of_all_layers(suite_of, two, fake_server):
    @check("TOP-A-02", lasts_s=0.5)
    async def the_top_takes_its_time(peer):
        await peer.pause(2.0)
        expect(True, "time")

    report = run((suite_of(the_top_takes_its_time), two[1]), fake_server(lambda frame: [frame]), limit_s=1.0)
    assert report["TOP-A-02"].reason == "the run was out of time, after 1 s"
    assert "the run was out of time" in report["LOW-A-01"].reason


def test_a_server_that_is_not_there_is_unreachable(two, fake_server):
    with pytest.raises(Unreachable):
        run(two, fake_server(status=404))


def test_the_wire_is_beneath_every_protocol_and_nothing_is_beneath_the_wire():
    assert [[s.protocol for s in suite.layers(name)] for name in suite.names()] == [
        *([name, suite.WIRE] for name in NAMES),
        [suite.WIRE],
    ]


@pytest.mark.socket
@pytest.mark.parametrize("name", NAMES)
def test_the_mock_of_each_protocol_keeps_the_wire(name, serve):
    """Over a socket, by way of a run of its own protocol."""
    url = serve(protocols.load(name))
    request = Request(name, url, only=("RFC",))
    report = judged(suite.layers(name), request, (), silent_console())
    assert [(v.id, v.reason) for word in ("failed", "not-observed") for v in report.of(word)] == []
    assert len(report.of("passed")) >= 60
