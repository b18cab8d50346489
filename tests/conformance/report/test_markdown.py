"""The report as Markdown for GitHub."""

import re

import pytest

from harness.conformance.report import markdown


def outside_of_code(text):
    """What GitHub reads as Markdown: the text without blocks and lines of code."""
    text = re.sub(r"^(`{3,})\w*\n.*?\n\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"(?<!`)(?<!\\)(`+)(?!`).*?(?<!`)\1(?!`)", "", text)


def test_failures_come_first_with_all_that_is_known_of_them(told):
    text = markdown.text([told])
    assert text.startswith(
        "## VIOLATED: fake at `ws://fake/`\n\n**1 failed**, 1 failed as expected, 1 not observed, 1 "
    )
    assert "Exit code 1: violated" in text
    failure = text[text.index("### FAKE-BAD-01") : text.index("<details><summary>Failed as expected (1)")]
    assert "MUST, fake, Fakes: FAKE-BAD-01 holds." in failure
    assert "- **Expected:** " in failure
    assert "- **Found:** " in failure
    assert re.search(r'^! +0\.00\d s << {"type":"Hello"', failure, re.MULTILINE)
    assert "```sh\nws-harness check fake ws://fake/ --only FAKE-BAD-01\n```" in failure


def test_the_rest_is_folded_away(told):
    text = markdown.text([told])
    assert "- Stale in the list of expected failures: FAKE-GOOD-01 (passed): take it off the list" in text
    assert "- `FAKE-KNOWN-01` MUST, Fakes: mended in May" in text
    assert "- `FAKE-NONE-01` MUST, Fakes: nothing that it speaks of was seen" in text
    assert "- `FAKE-OUT-01` MAY, Other \\| things: it cannot be seen" in text
    assert "\n| fake | Fakes |  | 1 | 1 | 1 | 1 |  |\n" in text
    assert "\n| fake | all | MUST | 1 | 1 | 1 | 1 |  |\n" in text
    assert text.count("<details>") == text.count("</details>") == 4


def test_a_bug_in_a_check_is_in_the_headline(told):
    told |= {"exit_code": 2, "broken_checks": ["FAKE-BUG-01: has_a_bug"]}
    text = markdown.text([told])
    assert text.startswith("## A CHECK HAS A BUG: fake")
    assert "- A check has a bug: FAKE-BUG-01: has\\_a\\_bug\n" in text


def test_nothing_that_a_server_says_becomes_markup(told, evil, token):
    for verdict in told["verdicts"]:
        verdict |= {"text": evil, "section": evil} | ({"reason": evil} if verdict["reason"] else {})
    told["stale_expected_failures"] = told["broken_checks"] = [evil]
    text = markdown.text([told])
    prose = outside_of_code(text)
    assert "<script>" in text
    assert "<script>" not in prose
    assert re.findall(r"<(\w+)", prose.replace("<sub>", "")) == ["details", "summary"] * 4
    assert "@someone" not in prose
    assert "#1" not in prose
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {9}
    assert token not in text


@pytest.mark.parametrize("words", ["a", "`", "``` x ```", "``````", " ` `` "])
def test_code_stays_code_whatever_its_backticks(words):
    fence, text, again = re.fullmatch(r"(`+) ?(.*?) ?(`+)", markdown.code(words)).groups()
    assert fence == again
    assert fence not in text
    block = markdown.fenced([words, words], "text").splitlines()
    assert (block[0].removesuffix("text"), block[-1]) == (block[-1], block[-1])
    assert block[-1] not in words


def test_it_is_cut_in_a_told_way_to_what_github_takes(told):
    failed, missing = told["verdicts"][1], told["verdicts"][3]
    told["verdicts"] += [failed] * 100 + [missing] * 2000
    text = markdown.text([told])
    assert len(text) <= len(text.encode()) < 65_536
    shown = text.count("### FAKE-BAD-01")
    assert shown > 10
    assert f"... and {101 - shown} more failures." in text
    assert re.search(r"\.\.\. and \d+ more requirements\.\n\n\n</details>", text)
    assert text.rstrip().endswith("</sub>") or "more reports." in text


def test_several_reports_are_one_text(told):
    kept = {
        **told,
        "protocol": "other",
        "exit_code": 0,
        "verdicts": told["verdicts"][:1],
        "stale_expected_failures": [],
    }
    text = markdown.text([told, kept])
    assert text.startswith(
        "## VIOLATED: 1 of 2 reports\n\n**1 failed**, 1 failed as expected, 1 not observed, 2 passed"
    )
    assert "| **other** | **all** |  |  |  |  | 1 |  |" in text
    assert text.count("<sub>") == 2


def test_an_empty_report_is_told(told):
    told |= {"verdicts": [], "exit_code": 0, "stale_expected_failures": []}
    assert markdown.text([told]).startswith(
        "## KEPT: fake at `ws://fake/`\n\nNo requirement was asked for. Exit code 0: "
    )
