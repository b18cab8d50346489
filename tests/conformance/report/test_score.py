import pytest

from harness.conformance.report import score


def verdict(word, expected=None, **more):
    return {"verdict": word, "expected_failure": expected, **more}


def test_a_failure_that_was_expected_is_a_state_of_its_own():
    counts = score.counts([verdict("failed"), verdict("failed", "known"), verdict("failed", ""), verdict("passed")])
    assert counts == {"failed": 1, "expected-failure": 2, "not-observed": 0, "passed": 1, "excluded": 0}
    assert score.states_in([counts]) == ["failed", "expected-failure", "passed"]


@pytest.mark.parametrize(
    ("passed", "failed", "excluded", "percent"),
    [(0, 0, 3, None), (999, 1, 0, 99), (1, 0, 9, 100), (0, 1, 0, 0)],
)
def test_only_what_is_whole_is_100_percent(passed, failed, excluded, percent):
    verdicts = [verdict("passed")] * passed + [verdict("failed")] * failed + [verdict("excluded")] * excluded
    assert score.percent(score.counts(verdicts)) == percent


def test_levels_are_told_from_must_down_and_sections_as_they_appear():
    verdicts = [verdict("passed", level="MAY", section="b"), verdict("passed", level="MUST", section="a")]
    assert [name for name, _ in score.grouped(verdicts, "level")] == ["MUST", "MAY"]
    assert [name for name, _ in score.grouped(verdicts, "section")] == ["b", "a"]


@pytest.mark.parametrize(("codes", "worst"), [([0, 3], 3), ([3, 1, 0], 1), ([1, 2], 2), ([0], 0), ([], 0)])
def test_the_worst_exit_code_tells_most(codes, worst):
    assert score.worst([{"exit_code": code} for code in codes]) == worst
