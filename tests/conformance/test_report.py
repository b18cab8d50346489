"""The three forms of a report, made of the same verdicts."""

import json
import re
from xml.etree import ElementTree

import jsonschema
import pytest
from rich.console import Console

from harness.conformance.check import check, expect
from harness.conformance.expected import apply
from harness.conformance.report import document, junit, terminal
from harness.conformance.requirement import Requirement


@check("FAKE-GOOD-01")
async def what_is_sent_comes_back(peer):
    sent = await peer.send({"type": "Hello"})
    expect(await peer.receive() == sent, "the same message")


@check("FAKE-BAD-01")
async def hello_is_answered_by_bye(peer):
    await peer.send({"type": "Hello", "text": "\x00 [bold] <&> " + "x" * 200})
    reply = await peer.receive()
    expect(reply["type"] == "Bye", "a Bye", reply)


@check("FAKE-KNOWN-01")
async def the_impossible_happens(peer):
    expect(False, "the impossible")


@check("FAKE-NONE-01")
async def nothing_is_looked_at(peer):
    pass


@pytest.fixture
def report(suite_of, judged, echo):
    out = Requirement("FAKE-OUT-01", "MAY", "server", "Other", "Nobody can tell.", excluded="it cannot be seen")
    checks = (what_is_sent_comes_back, hello_is_answered_by_bye, the_impossible_happens, nothing_is_looked_at)
    result = judged(suite_of(*checks, requirements=[out]), echo)
    apply({"FAKE-KNOWN-01": "mended in May", "FAKE-GOOD-01": "also in May"}, result)
    for verdict in result.verdicts:
        verdict.rerun = f"ws-harness check fake ws://fake/ --only {verdict.id}"
    return result


def printed(report, quiet=False):
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    terminal.show(report, console, quiet)
    return console.export_text()


def test_the_terminal_shows_failures_with_expectation_conversation_and_command(report):
    text = printed(report)
    failed = text[text.index("FAILED FAKE-BAD-01") : text.index("EXPECTED FAILURE")]
    assert "FAKE-BAD-01 holds." in failed
    assert "expected  a Bye" in failed
    assert "again     ws-harness check fake ws://fake/ --only FAKE-BAD-01" in failed
    assert re.search(r'! +0\.00\d s << {"type":"Hello"', failed)
    assert "[bold] <&>" in failed


def test_the_terminal_shows_the_rest_and_the_score(report):
    text = printed(report)
    assert "expected: mended in May" in text
    assert "FAKE-NONE-01  MUST  nothing that it speaks of was seen" in text
    assert "Stale in the list of expected failures: FAKE-GOOD-01 (passed)" in text
    assert "VIOLATED: 1 kept, 1 violated, 1 violated as expected, 1 not observed (1 MUST), 1 excluded." in text
    (row,) = [line.split() for line in text.splitlines() if line.startswith("Fakes")]
    assert row == ["Fakes", "1", "2", "1", "·"]


def test_the_terminal_stays_within_its_width(report):
    assert max(len(line) for line in printed(report).splitlines()) <= 100


def test_quiet_says_only_what_it_comes_to(report):
    assert len(printed(report, quiet=True).splitlines()) == 2


def test_a_bug_in_a_check_is_the_last_word(report):
    report.broken.append("FAKE-BUG-01: has_a_bug")
    assert "A check has a bug: FAKE-BUG-01: has_a_bug\nA CHECK HAS A BUG: " in printed(report)


def test_progress_is_shown_on_a_terminal_only(suite_of, judged, echo):
    for is_terminal in (True, False):
        console = Console(width=100, force_terminal=is_terminal, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
        with terminal.Watch(console) as watch:
            judged(suite_of(what_is_sent_comes_back, the_impossible_happens), echo, watcher=watch)
        text = console.export_text()
        assert ("2/2" in text) is is_terminal
        assert ("1 failed" in text) is is_terminal


def test_json_follows_its_published_schema(report, tmp_path):
    document.write(report, tmp_path / "report.json")
    written = json.loads((tmp_path / "report.json").read_text())
    schema = json.loads(document.SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(written)
    assert {v["id"]: v["verdict"] for v in written["verdicts"]} == {
        "FAKE-GOOD-01": "passed",
        "FAKE-BAD-01": "failed",
        "FAKE-KNOWN-01": "failed",
        "FAKE-NONE-01": "not-observed",
        "FAKE-OUT-01": "excluded",
    }
    assert (written["protocol"], written["target"], written["exit_code"]) == ("fake", "ws://fake/", 1)
    assert written.keys() == schema["properties"].keys()


def test_the_schema_refuses_passed_on_zero_observations(report):
    written = document.document(report)
    validator = jsonschema.Draft202012Validator(json.loads(document.SCHEMA.read_text()))
    written["verdicts"][0]["observations"] = 0
    assert not validator.is_valid(written)


def test_junit_has_one_case_for_each_requirement(report, tmp_path):
    junit.write(report, tmp_path / "report.xml")
    root = ElementTree.parse(tmp_path / "report.xml").getroot()
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("5", "1", "3")
    cases = {case.get("name"): [child.tag for child in case] for case in root.iter("testcase")}
    assert cases == {
        "FAKE-GOOD-01": [],
        "FAKE-BAD-01": ["failure"],
        "FAKE-KNOWN-01": ["skipped"],
        "FAKE-NONE-01": ["skipped"],
        "FAKE-OUT-01": ["skipped"],
    }
    assert "--only FAKE-BAD-01" in root.find(".//failure").text


def test_junit_is_well_formed_whatever_a_server_says(report, tmp_path):
    report["FAKE-BAD-01"].reason = "\x00\x0b\ud800\ufffe<&>"
    junit.write(report, tmp_path / "report.xml")
    root = ElementTree.parse(tmp_path / "report.xml").getroot()
    assert root.find(".//failure").get("message") == "\ufffd" * 4 + "<&>"
