import asyncio

import pytest

from harness.conformance import runner
from harness.conformance.check import Unobserved, check, expect, given
from harness.conformance.lab import Lab
from harness.conformance.peer import Answer
from harness.conformance.profile import Profile
from harness.conformance.requirement import Requirement
from harness.conformance.runner import Unreachable
from harness.core.message import Frame, Opcode, Problem


@check("FAKE-ECHO-01")
async def what_is_sent_comes_back(peer):
    sent = await peer.send({"type": "Hello"})
    expect(await peer.receive() == sent, "the same message")


@check("FAKE-ECHO-02")
def every_message_has_a_type(conversation):
    for message in conversation.received():
        yield expect("type" in message, "a type", message)


def test_a_kept_requirement_is_passed_with_its_observations(suite_of, judged, echo):
    report = judged(suite_of(what_is_sent_comes_back), echo)
    assert (report["FAKE-ECHO-01"].verdict, report["FAKE-ECHO-01"].observations) == ("passed", 1)
    assert report.exit_code == 0


def test_an_invariant_is_judged_on_the_conversations_of_exchanges(suite_of, judged, echo):
    report = judged(suite_of(what_is_sent_comes_back, every_message_has_a_type), echo)
    assert (report["FAKE-ECHO-02"].verdict, report["FAKE-ECHO-02"].observations) == ("passed", 1)


def test_an_invariant_asked_for_alone_still_gets_conversations(suite_of, judged, echo):
    report = judged(suite_of(what_is_sent_comes_back, every_message_has_a_type), echo, only=("FAKE-ECHO-02",))
    assert [v.id for v in report.verdicts] == ["FAKE-ECHO-02"]
    assert report["FAKE-ECHO-02"].verdict == "passed"


def test_a_violation_shows_expectation_evidence_and_conversation(suite_of, judged, fake_server):
    @check("FAKE-ECHO-03")
    async def hello_is_answered_by_hello(peer):
        await peer.send({"type": "Hello"})
        reply = await peer.receive()
        expect(reply["type"] == "Hello", "a Hello", reply)

    server = fake_server(lambda frame: [Frame(Opcode.TEXT, b'{"type":"Bye"}')])
    report = judged(suite_of(hello_is_answered_by_hello), server)
    verdict = report["FAKE-ECHO-03"]
    assert verdict.verdict == "failed"
    assert verdict.reason == 'a Hello; found {"type": "Bye"}'
    (failure,) = verdict.failures
    assert failure.excerpt[0].endswith('>> {"type":"Hello"}')
    assert failure.excerpt[1].startswith("! ")
    assert report.exit_code == 1


def test_nothing_seen_is_never_passed(suite_of, judged, fake_server):
    @check("FAKE-NONE-01")
    async def looks_at_nothing(peer):
        pass

    report = judged(suite_of(looks_at_nothing, every_message_has_a_type), fake_server())
    assert {v.verdict for v in report.verdicts} == {"not-observed"}
    assert all(v.reason for v in report.verdicts)
    assert report.exit_code == 3


def test_one_failed_check_of_a_requirement_outweighs_one_that_held(suite_of, judged, echo):
    @check("FAKE-ECHO-01")
    async def also_demands_the_impossible(peer):
        expect(False, "the impossible")

    report = judged(suite_of(what_is_sent_comes_back, also_demands_the_impossible), echo)
    assert report["FAKE-ECHO-01"].verdict == "failed"
    assert report["FAKE-ECHO-01"].observations == 1


def test_what_cannot_be_set_up_is_not_observed(suite_of, judged, fake_server):
    class Hermit(Lab):
        async def friend(self):
            peer = await self.peer()
            await peer.send({"type": "Hello"})
            return await peer.receive(within_s=1)

    @check("FAKE-GIVEN-01")
    async def a_friend_is_kind(friend):
        expect(False, "kindness")

    @check("FAKE-GIVEN-02")
    async def a_gift_is_returned(peer):
        with given("a gift"):
            expect(False, "a gift")

    report = judged(suite_of(a_friend_is_kind, a_gift_is_returned, lab=Hermit), fake_server())
    assert report["FAKE-GIVEN-01"].verdict == "not-observed"
    assert "could not set up the friend" in report["FAKE-GIVEN-01"].reason
    assert report["FAKE-GIVEN-02"].reason == "could not set up a gift: a gift"


def test_a_check_may_say_that_it_cannot_decide(suite_of, judged, echo):
    @check("FAKE-MAYBE-01")
    async def cannot_decide(peer):
        raise Unobserved("the market is closed")

    assert judged(suite_of(cannot_decide), echo)["FAKE-MAYBE-01"].reason == "the market is closed"


def test_a_bug_in_a_check_is_named_and_ends_in_code_2(suite_of, judged, echo):
    @check("FAKE-BUG-01")
    async def has_a_bug(peer):
        return {}["nothing"]

    report = judged(suite_of(has_a_bug, what_is_sent_comes_back), echo)
    assert report.exit_code == 2
    assert "FAKE-BUG-01: has_a_bug: KeyError" in report.broken[0]
    assert report["FAKE-ECHO-01"].verdict == "passed"


def test_a_check_that_stumbles_over_a_malformed_message_blames_the_server(suite_of, judged, echo):
    @check("FAKE-SHAPE-01")
    async def trusts_the_shape(peer):
        await peer.send({"type": "Hello"})
        expect((await peer.receive())["data"]["text"], "a text")

    problem = Problem("shape", "data", "an object", "nothing")
    report = judged(suite_of(trusts_the_shape, problem=lambda message: problem), echo)
    assert report["FAKE-SHAPE-01"].verdict == "failed"
    assert report["FAKE-SHAPE-01"].reason.startswith("data: an object; found")
    assert report.broken == []


def test_a_check_that_never_ends_is_stopped(suite_of, judged, echo):
    @check("FAKE-SLOW-01")
    async def waits_for_ever(peer):
        await asyncio.sleep(1e9)

    report = judged(suite_of(waits_for_ever), echo)
    assert report["FAKE-SLOW-01"].reason == "waits_for_ever did not come to an end"


def test_a_connection_that_cannot_be_opened_is_a_reason(suite_of, judged, echo):
    @check("FAKE-GONE-01")
    async def connects_to_a_server_that_is_gone(lab):
        raise ConnectionRefusedError("nobody is there")

    report = judged(suite_of(connects_to_a_server_that_is_gone), echo)
    assert "nobody is there" in report["FAKE-GONE-01"].reason
    assert report.broken == []


def test_requirements_of_clients_are_not_judged_on_our_own_peers(suite_of, judged, echo):
    client = Requirement("FAKE-ECHO-02", "MUST", "client", "Fakes", "Clients send types.")
    suite = suite_of(what_is_sent_comes_back, every_message_has_a_type, requirements=[client])
    verdict = judged(suite, echo)["FAKE-ECHO-02"]
    assert verdict.verdict == "excluded"
    assert "ws-harness judge fake FILE" in verdict.reason


def test_catalogue_and_profile_exclude_with_a_reason(suite_of, judged, echo):
    rules = [
        Requirement("FAKE-OUT-01", "MUST", "server", "Fakes", "Nobody can tell.", excluded="it cannot be seen"),
        Requirement("FAKE-ECHO-01", "MUST", "server", "Fakes", "It echoes.", needs="echo"),
    ]
    profile = Profile("ws://fake/", capabilities={"echo": False})
    report = judged(suite_of(what_is_sent_comes_back, requirements=rules), echo, profile)
    assert report["FAKE-OUT-01"].reason == "it cannot be seen"
    assert report["FAKE-ECHO-01"].verdict == "excluded"
    assert "'echo'" in report["FAKE-ECHO-01"].reason
    assert report.exit_code == 0


def test_only_and_levels_narrow_what_is_judged(suite_of, judged, echo):
    may = Requirement("FAKE-MAY-01", "MAY", "server", "Fakes", "Whatever.")
    suite = suite_of(what_is_sent_comes_back, every_message_has_a_type, requirements=[may])
    assert [v.id for v in judged(suite, echo, levels=("MUST",)).verdicts] == ["FAKE-ECHO-01", "FAKE-ECHO-02"]
    assert [v.id for v in judged(suite, echo, only=("FAKE-M",)).verdicts] == ["FAKE-MAY-01"]


def test_exchanges_run_side_by_side_and_alone_ones_after_them(suite_of, judged, echo):
    at_work, seen = set(), []

    def worker(id_, **options):
        @check(id_, **options)
        async def works(lab):
            at_work.add(id_)
            await asyncio.sleep(1)
            seen.append((id_, len(at_work)))
            at_work.remove(id_)
            expect(True, "to work")

        return works

    suite = suite_of(
        worker("FAKE-A-01"), worker("FAKE-B-01", alone=True), worker("FAKE-C-01", lasts_s=60), worker("FAKE-D-01")
    )
    judged(suite, echo, Profile("ws://fake/", side_by_side=2))
    # The longest first, two at a time; the last of them and the lonely one are by themselves.
    assert seen == [("FAKE-C-01", 2), ("FAKE-A-01", 1), ("FAKE-D-01", 1), ("FAKE-B-01", 1)]


def test_a_lab_bounds_how_many_exchanges_run_at_once(suite_of, judged, echo):
    class Narrow(Lab):
        SIDE_BY_SIDE = 1

    at_work, seen = set(), []

    def worker(id_):
        @check(id_)
        async def works(lab):
            at_work.add(id_)
            await asyncio.sleep(1)
            seen.append(len(at_work))
            at_work.remove(id_)
            expect(True, "to work")

        return works

    judged(suite_of(worker("FAKE-A-01"), worker("FAKE-B-01"), lab=Narrow), echo, Profile("ws://fake/"))
    assert seen == [1, 1]


def test_evidence_is_found_beside_a_message_that_is_nested_deep(suite_of, judged, echo):
    deep = '{"type":"Deep","data":' + "[" * 900 + "]" * 900 + "}"

    @check("FAKE-DEEP-01")
    async def hello_is_answered_by_bye(peer):
        await peer.send_text(deep)
        await peer.send({"type": "Hello", "data": [{"id": 7}]})
        reply = await peer.receive("Hello")
        expect(False, "a Bye", {**reply["data"][0]})

    [failure] = judged(suite_of(hello_is_answered_by_bye), echo)["FAKE-DEEP-01"].failures
    assert any('"Hello"' in line for line in failure.excerpt)


def test_long_exchanges_serve_others_invariants_only_when_short_ones_do_not(suite_of, judged, echo):
    ran = []

    def exchange(id_, lasts_s, says):
        @check(id_, lasts_s=lasts_s)
        async def talks(peer):
            ran.append(id_)
            if says:
                await peer.send({"type": "Hello"})
                await peer.receive()

        return talks

    short_and_long = [exchange("FAKE-A-01", 5, True), exchange("FAKE-B-01", 60, True)]
    judged(suite_of(*short_and_long, every_message_has_a_type), echo, only=("FAKE-ECHO",))
    assert ran == ["FAKE-A-01"]
    ran.clear()
    mute_and_long = [exchange("FAKE-A-01", 5, False), exchange("FAKE-B-01", 60, True)]
    report = judged(suite_of(*mute_and_long, every_message_has_a_type), echo, only=("FAKE-ECHO",))
    assert ran == ["FAKE-A-01", "FAKE-B-01"]
    assert report["FAKE-ECHO-02"].verdict == "passed"


def test_a_run_until_failure_ends_at_the_first_one(suite_of, judged, echo):
    @check("FAKE-NOW-01")
    async def fails_at_once(peer):
        expect(False, "the impossible")

    @check("FAKE-LATE-01")
    async def takes_an_hour(peer):
        await asyncio.sleep(200)

    report = judged(suite_of(fails_at_once, takes_an_hour), echo, until_failure=True)
    assert report["FAKE-NOW-01"].verdict == "failed"
    assert report.took_s < 1


def test_a_run_until_failure_takes_one_after_the_other_the_shortest_first(suite_of, judged, echo):
    ran = []

    def exchange(id_, lasts_s):
        @check(id_, lasts_s=lasts_s)
        async def waits():
            ran.append(id_)
            await asyncio.sleep(1)
            ran.append(id_)

        return waits

    judged(suite_of(exchange("FAKE-A-01", 60), exchange("FAKE-B-01", 5)), echo, until_failure=True)
    assert ran == ["FAKE-B-01", "FAKE-B-01", "FAKE-A-01", "FAKE-A-01"]


def test_a_run_until_failure_begins_with_the_chapter_that_it_is_about(suite_of, judged, echo):
    ran = []

    def exchange(id_, lasts_s):
        @check(id_, lasts_s=lasts_s)
        async def talks(peer):
            ran.append(id_)

        return talks

    @check("FAKE-B-02")
    def invariant(conversation):
        yield expect(len(ran) < 2, "one conversation at most")

    found = suite_of(exchange("FAKE-A-01", 1), exchange("FAKE-B-01", 9), exchange("FAKE-B-03", 8), invariant)
    assert judged(found, echo, only=("FAKE-B-02",), until_failure=True)["FAKE-B-02"].verdict == "failed"
    assert ran == ["FAKE-B-03", "FAKE-B-01"]


def test_every_exchange_has_chance_of_its_own_that_the_seed_decides(suite_of, judged, echo):
    drawn = []

    @check("FAKE-A-01")
    async def draws(lab):
        drawn.append(lab.chance.random())

    @check("FAKE-B-01")
    async def draws_too(lab):
        drawn.append(lab.chance.random())

    for seed in (1, 1, 2):
        judged(suite_of(draws, draws_too), echo, seed=seed)
    assert drawn[:2] == drawn[2:4]
    assert len(set(drawn)) == 4


def test_tolerances_grow_with_the_round_trip(suite_of, judged, echo):
    seen = []

    @check("FAKE-A-01")
    async def looks(lab):
        seen.append(lab.profile)

    report = judged(suite_of(looks), echo, Profile("ws://fake/", reply_s=2.0, quiet_s=0.5))
    assert report.round_trip_s == pytest.approx(0.001)
    assert seen[0].reply_s == pytest.approx(2.004)
    assert seen[0].quiet_s == pytest.approx(0.502)


def test_a_server_without_pongs_is_measured_by_its_handshake(suite_of, judged, fake_server):
    report = judged(suite_of(), fake_server(pongs=False))
    assert report.round_trip_s == pytest.approx(0.001)


def test_a_refused_handshake_is_unreachable(suite_of, judged, fake_server):
    with pytest.raises(Unreachable, match="status 404"):
        judged(suite_of(), fake_server(status=404))


def test_no_answer_to_the_handshake_is_unreachable(suite_of, judged):
    class Hole:
        async def open(self, offer, peer):
            await asyncio.sleep(1e6)

    with pytest.raises(Unreachable, match="does not answer the opening handshake"):
        judged(suite_of(), Hole())


def test_nobody_there_is_unreachable(suite_of, judged):
    class Nowhere:
        async def open(self, offer, peer):
            raise ConnectionRefusedError("connection refused")

    with pytest.raises(Unreachable, match="connection refused"):
        judged(suite_of(), Nowhere())


def test_secrets_stay_out_of_the_report(suite_of, judged, echo):
    @check("FAKE-SECRET-01")
    async def says_the_secret(peer):
        sent = await peer.send({"type": "Auth", "token": "s3cr3t-token"})
        expect(False, "nothing to do with s3cr3t-token", sent)

    profile = Profile("ws://user:hunter22@fake/?key=k3y-value", tokens=("s3cr3t-token",))
    report = judged(suite_of(says_the_secret), echo, profile)
    told = repr(report)
    assert not any(secret in told for secret in ("s3cr3t-token", "hunter22", "k3y-value"))
    assert "***" in report["FAKE-SECRET-01"].reason


def test_a_watcher_is_told(suite_of, judged, echo):
    told = []

    class Watcher:
        def planned(self, exchanges):
            told.append(exchanges)

        def started(self, check):
            told.append(check.name)

        def ended(self, check, outcomes):
            told.append([o.kind.value for o in outcomes])

    judged(suite_of(what_is_sent_comes_back, every_message_has_a_type), echo, watcher=Watcher())
    assert told == [1, "what_is_sent_comes_back", ["held", "held"]]


def test_a_run_out_of_time_ends_with_verdicts(suite_of, judged, echo):
    @check("FAKE-LONG-01", lasts_s=50)
    async def waits(peer):
        await peer.pause(50)
        expect(True, "patience")

    @check("FAKE-NEXT-01")
    async def comes_too_late(peer):
        expect(True, "a turn")

    report = judged(suite_of(waits, comes_too_late), echo, Profile("ws://fake/", side_by_side=1), limit_s=10.0)
    assert [(v.verdict, v.reason) for v in report.verdicts] == [
        ("not-observed", "the run was out of time, after 10 s")
    ] * 2
    assert report.took_s < 10.1
    assert report.conversations == 1


def test_a_run_has_a_bound_of_its_own(suite_of, judged, echo):
    @check("FAKE-HANG-01")
    async def hangs(lab):
        lab.limit.reschedule(None)
        await asyncio.sleep(1e6)

    report = judged(suite_of(hangs), echo)
    assert report["FAKE-HANG-01"].reason == "the run was out of time, after 310 s"


def test_what_was_cut_off_by_us_is_no_violation(suite_of, judged, echo):
    @check("FAKE-FLOOD-01")
    async def drowns(peer):
        peer.cut_off("the server sends more than the suite records")
        await peer.receive("Hello")

    verdict = judged(suite_of(drowns), echo)["FAKE-FLOOD-01"]
    assert (verdict.verdict, verdict.reason) == (
        "not-observed",
        "the connection was cut off: the server sends more than the suite records",
    )


def test_a_handshake_that_breaks_the_rfc_is_told_as_that():
    assert "breaks RFC 6455 (Invalid challenge)" in runner._refusal(Answer(101, body="Invalid challenge"))
    assert "status 301 to /there" in runner._refusal(Answer(301, {"Location": "/there"}))
