"""The report on a terminal."""

import io
import re

from rich.console import Console

from harness.conformance.check import check, expect
from harness.conformance.report import terminal


@check("FAKE-GOOD-01")
async def all_is_well(peer):
    expect(True, "truth")


@check("FAKE-KNOWN-01")
async def the_impossible_happens(peer):
    expect(False, "the impossible")


def printed(report, quiet=False):
    console = Console(width=100, record=True, file=io.StringIO())
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
        console = Console(width=100, force_terminal=is_terminal, record=True, file=io.StringIO())
        with terminal.Watch(console) as watch:
            judged(suite_of(all_is_well, the_impossible_happens), echo, watcher=watch)
        text = console.export_text()
        assert ("2/2" in text) is is_terminal
        assert ("1 failed" in text) is is_terminal
