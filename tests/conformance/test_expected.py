import pytest

from harness.conformance.expected import ExpectedError, apply, read
from harness.conformance.requirement import Requirement
from harness.conformance.verdict import Report, Verdict

IDS = ["FAKE-A-01", "FAKE-A-02"]


def file_of(tmp_path, text):
    path = tmp_path / "expected.txt"
    path.write_text(text)
    return path


def report_of(**words):
    verdicts = [
        Verdict(Requirement(id_.replace("_", "-"), "MUST", "server", "Fakes", "Holds."), word)
        for id_, word in words.items()
    ]
    return Report("fake", "ws://fake/", verdicts)


def test_ids_and_reasons_are_read(tmp_path):
    path = file_of(tmp_path, "# known\n\nFAKE-A-01  # mended in May\nFAKE-A-02 #soon\n")
    assert read(path, IDS) == {"FAKE-A-01": "mended in May", "FAKE-A-02": "soon"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("FAKE-A-03 # x", "expected.txt:1: expected the id of a requirement, found 'FAKE-A-03'. Did you mean"),
        ("\nFAKE-A-01", "expected.txt:2: expected a reason after `#`"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(text, told, tmp_path):
    with pytest.raises(ExpectedError, match=told):
        read(file_of(tmp_path, text), IDS)


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(ExpectedError, match="cannot be read"):
        read(tmp_path / "nothing.txt", IDS)
    (tmp_path / "bytes.txt").write_bytes(b"\xff")
    with pytest.raises(ExpectedError, match="UTF-8"):
        read(tmp_path / "bytes.txt", IDS)


def test_an_expected_failure_does_not_fail_the_run():
    report = report_of(FAKE_A_01="failed", FAKE_A_02="passed")
    assert report.exit_code == 1
    apply({"FAKE-A-01": "mended in May"}, report)
    assert report["FAKE-A-01"].expected_failure == "mended in May"
    assert report.exit_code == 0


@pytest.mark.parametrize("word", ["passed", "not-observed", "excluded"])
def test_what_no_longer_fails_is_stale_and_fails_the_run(word):
    report = report_of(FAKE_A_01=word)
    apply({"FAKE-A-01": "mended in May"}, report)
    assert report.stale == [f"FAKE-A-01 ({word}): take it off the list"]
    assert report.exit_code == 1


def test_what_was_not_judged_is_not_stale():
    report = report_of(FAKE_A_02="passed")
    apply({"FAKE-A-01": "mended in May"}, report)
    assert report.exit_code == 0
