"""The commands as a user meets them: options in, words and an exit code out."""

import json
import random
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli import app
from harness.conformance import command, suite
from harness.core.defect import defects_in
from harness.core.message import epoch_s

OWN = ["check", "skybit", "--self"]
DEFECT = next(iter(defects_in("harness.protocols.skybit.defects")))


@pytest.fixture
def ws_harness():
    """Runs the command line; gives exit code, output and errors."""

    def run(*words):
        result = CliRunner().invoke(app, [str(word) for word in words])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.stdout, result.stderr

    return run


def test_our_own_mock_keeps_its_contract(ws_harness):
    code, out, _ = ws_harness(*OWN, "--only", "SKY-AUTH")
    assert code == 0
    assert "KEPT: " in out
    assert "\nAuth " in out


def test_a_broken_mock_is_found_out_with_the_command_that_shows_it_again(ws_harness):
    code, out, _ = ws_harness(*OWN, "--only", DEFECT.breaks, "--defect", DEFECT.name)
    assert code == 1
    assert f"FAILED {DEFECT.breaks}" in out
    assert f"ws-harness check skybit --self --seed 1 --defect {DEFECT.name} --only {DEFECT.breaks}" in out


def files_in(folder):
    """The options that ask for every file there is."""
    return [word for name in ("json", "junit", "markdown", "html") for word in (f"--{name}", folder / f"r.{name}")]


def test_a_variant_is_judged_by_what_it_has_and_named_in_the_command_that_shows_it_again(ws_harness):
    code, out, _ = ws_harness("check", "eventbus", "--self", "--variant", "legacy", "--only", "EVB-ENV-1")
    assert code == 0
    assert "KEPT: 5 excluded" in out  # One of them for every server.
    request = command.Request("eventbus", own_mock=True, variant="legacy")
    again = command.again(request, "EVB-ENV-10", command.Report("eventbus", "ws://mock/", [], seed=7))
    assert again == "ws-harness check eventbus --self --seed 7 --variant legacy --only EVB-ENV-10"


def test_reports_are_written(ws_harness, tmp_path):
    assert ws_harness(*OWN, "--only", "SKY-HB-01", "--quiet", *files_in(tmp_path))[0] == 0
    written = json.loads((tmp_path / "r.json").read_text())
    assert [v["id"] for v in written["verdicts"]] == ["SKY-HB-01"]
    # Not the virtual time of the rehearsal: the real time, which only the command knows.
    assert abs(epoch_s(written["started_at"]) - time.time()) < 60
    assert (tmp_path / "r.junit").read_text().startswith("<?xml")
    assert (tmp_path / "r.markdown").read_text().startswith("## KEPT: skybit")
    assert "<title>Kept: skybit" in (tmp_path / "r.html").read_text()


def test_reports_of_several_runs_are_joined(ws_harness, tmp_path):
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    ws_harness(*OWN, "--only", DEFECT.breaks, "--defect", DEFECT.name, "--json", one)
    ws_harness("check", "sigmax", "--self", "--only", "SIG-AUTH", "--json", other)
    page, text = tmp_path / "page.html", tmp_path / "text.md"
    code, out, _ = ws_harness("report", one, other, "--html", page, "--markdown", text)
    assert (code, out) == (0, f"2 report(s) in {text}\n2 report(s) in {page}\n")
    assert 'id="SIG-AUTH-01"' in page.read_text()
    assert f'id="{DEFECT.breaks}"' in page.read_text()
    assert text.read_text().startswith("## VIOLATED: 1 of 2 reports")


def test_what_is_no_report_is_not_joined(ws_harness, tmp_path):
    foreign = tmp_path / "foreign.json"
    foreign.write_text('{"log": {}}')
    code, out, errors = ws_harness("report", foreign, "--html", tmp_path / "page.html")
    assert (code, out) == (2, "")
    assert f"{foreign}: protocol: expected a value, found nothing" in errors
    assert not (tmp_path / "page.html").exists()


def test_an_expected_failure_is_kept_and_a_stale_one_is_not(ws_harness, tmp_path):
    known = tmp_path / "expected.txt"
    known.write_text(f"{DEFECT.breaks}  # mended in May\n")
    only = ["--only", DEFECT.breaks, "--expected-failures", known]
    assert ws_harness(*OWN, *only, "--defect", DEFECT.name)[0] == 0
    code, out, _ = ws_harness(*OWN, *only)
    assert code == 1
    assert "Stale" in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["check", "skybitt", "--self"], "unknown protocol 'skybitt'"),
        (["check", "skybit"], "expected the URL of a server"),
        (["check", "skybit", "127.0.0.1:8000"], "expected a URL such as ws://"),
        (["check", "skybit", "ws://127.0.0.1:"], "expected a URL such as ws://"),
        (["check", "skybit", "ws://[oops"], "expected a URL such as ws://"),
        (
            ["check", "skybit", "ws://127.0.0.1:1/"],
            "ws://127.0.0.1:1/artifact/v1 cannot be reached: Connect call failed",
        ),
        ([*OWN, "--only", "SKY-AUHT-01"], "no requirement begins with 'SKY-AUHT-01'. Did you mean 'SKY-AUTH-01'?"),
        ([*OWN, "--level", "SHALL"], "expected one of MUST, SHOULD, MAY, found 'SHALL'"),
        ([*OWN, "--expected-failures", "nothing.txt"], "nothing.txt: cannot be read"),
        ([*OWN, "--defect", "no-such-thing"], "there is none called 'no-such-thing'"),
        ([*OWN, "--variant", "american-cancel"], "Did you mean 'american-cancels'?"),
        ([*OWN, "--variant", "no-such-thing"], "--list-variants"),
        ([*OWN, "--variant", "a", "--defect", "b"], "--defect and --variant: expected one of them"),
        (["check", "skybit", "ws://127.0.0.1:1/", "--variant", "x"], "--variant is for our own mock: expected --self"),
        ([*OWN, "ws://127.0.0.1:1/"], "expected neither a URL nor a --profile"),
        (["check", "skybit", "ws://127.0.0.1:1/", "--defect", "x"], "expected --self beside it"),
        (["check", "skybit", "--profile", "nothing.toml"], "nothing.toml: cannot be read"),
        (["explain", "SKY-AUHT-01"], "Did you mean 'SKY-AUTH-01'?"),
        (["requirements", "skybitt"], "unknown protocol"),
        (["judge", "skybit", "nothing.jsonl"], "nothing.jsonl"),
        (["report", "nothing.json"], "expected --html FILE or --markdown FILE, or both"),
        (["report", "nothing.json", "--html", "page.html"], "nothing.json"),
    ],
)
def test_a_mistake_is_told_in_words_and_ends_in_code_2(words, told, ws_harness):
    code, out, errors = ws_harness(*words)
    assert code == 2
    assert told in errors
    assert out == ""


@pytest.mark.parametrize("command", [[*OWN, "--only", "SKY-HB-01"], ["judge", "skybit", "a.jsonl"]], ids=" ".join)
def test_a_report_that_cannot_be_written_is_told_before_the_run(ws_harness, tmp_path, command):
    code, out, errors = ws_harness(*command, "--html", tmp_path / "no" / "r.html")
    assert (code, out) == (2, "")
    assert f"r.html cannot be written: there is no folder {tmp_path / 'no'}; create it first" in " ".join(
        errors.split()
    )


def test_a_profile_without_an_address_is_told(ws_harness, tmp_path):
    (tmp_path / "p.toml").write_text('tokens = ["a"]')
    code, _, errors = ws_harness("check", "skybit", "--profile", tmp_path / "p.toml")
    assert code == 2
    assert "url: expected the URL of the server" in errors


def test_requirements_are_listed(ws_harness):
    code, out, _ = ws_harness("requirements", "skybit", "--level", "MUST")
    assert code == 0
    assert "  SKY-AUTH-01  MUST" in out
    assert "  SHOULD" not in out
    listed = json.loads(ws_harness("requirements", "--json")[1])
    assert len(listed["skybit"]) == len(suite.load("skybit").requirements)
    assert {"id", "level", "side", "section", "text"} <= listed["skybit"][0].keys()


def test_a_requirement_is_explained_with_its_checks_and_defects(ws_harness):
    code, out, _ = ws_harness("explain", DEFECT.breaks.lower())
    assert code == 0
    assert out.startswith(DEFECT.breaks)
    assert f"defect    {DEFECT.name}" in out
    assert "exchange " in out or "invariant" in out


def test_what_is_of_the_wire_is_explained_with_its_section_and_its_fault(ws_harness):
    code, out, _ = ws_harness("explain", "RFC-HAND-16")
    assert code == 0
    assert "4.2.1: HTTP comes over TCP, which knows no messages." in out
    assert "defect    head in one read: It takes what the first read brings for the whole handshake." in out


def test_a_recording_is_judged(ws_harness, tmp_path):
    (tmp_path / "a.jsonl").write_text('{"conversation": {"protocol": "skybit"}}\n')
    code, out, _ = ws_harness("judge", "skybit", tmp_path / "a.jsonl", *files_in(tmp_path))
    assert code == 3
    assert "1 conversations" in out
    verdict = json.loads((tmp_path / "r.json").read_text())["verdicts"][0]
    assert verdict["rerun"] == f"ws-harness judge skybit {tmp_path / 'a.jsonl'}"
    assert (tmp_path / "r.markdown").read_text().startswith("## NOT OBSERVED: skybit at ")
    assert "<title>Not observed: skybit" in (tmp_path / "r.html").read_text()


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("ws://here", "ws://here/a/v1"),
        ("https://here/", "wss://here/a/v1"),
        ("wss://here:9/b?c=1", "wss://here:9/b?c=1"),
    ],
)
def test_an_address_gets_what_it_lacks(given, meant):
    assert command.address(given, ("/a/v1",)) == meant


def test_without_a_profile_the_demo_credentials_are_tried():
    suites = suite.layers("skybit")
    chosen = command.profile_of(suites, "ws://here", None, 1)
    assert chosen == suites[0].demo_profile("ws://here/artifact/v1", random.Random(1))


def test_a_failure_against_a_profile_names_the_profile_in_its_command(tmp_path):
    report = command.Report("skybit", "ws://here/?key=***", [])
    request = command.Request("skybit", "ws://here/?key=secret", profile=Path("my profile.toml"))
    line = command.again(request, "SKY-HB-01", report)
    assert line == "ws-harness check skybit 'ws://here/?key=***' --profile 'my profile.toml' --only SKY-HB-01"
