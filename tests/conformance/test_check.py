import pytest

from harness.conformance.check import Tally, Unobserved, Violation, check, expect, given, shown


def test_what_holds_is_counted_by_whoever_counts():
    expect(True, "nobody counts")
    with Tally() as outer:
        expect(True, "once")
        with Tally() as inner:
            expect(True, "twice")
        expect(True, "thrice")
    assert (outer.observations, inner.observations) == (2, 1)


def test_what_does_not_hold_is_a_violation_with_its_evidence():
    with pytest.raises(Violation, match=r'a Hello; found {"type": "Bye"}'):
        expect(False, "a Hello", {"type": "Bye"})
    assert str(Violation("a Hello")) == "a Hello"


def test_a_function_may_judge_several_requirements():
    @check("FAKE-A-02", lasts_s=9)
    @check("FAKE-A-01", alone=True)
    async def both(peer):
        pass

    assert [(c.id, c.exchange, c.alone, c.lasts_s) for c in both.checks] == [
        ("FAKE-A-01", True, True, 5.0),
        ("FAKE-A-02", True, False, 9),
    ]


def test_a_generator_function_is_an_invariant():
    @check("FAKE-A-01")
    def invariant(conversation):
        yield

    assert [(c.exchange, c.name) for c in invariant.checks] == [(False, "invariant")]


def test_a_violation_in_preparations_leaves_the_requirement_unobserved():
    with pytest.raises(Unobserved, match="could not set up an order: a Status"), given("an order"):
        expect(False, "a Status")
    with given("an order"):
        expect(True, "a Status")


def test_evidence_is_shown_on_one_line_and_cut_where_asked():
    assert shown({"ä": 1}) == '{"ä": 1}'
    assert shown("x" * 10, limit=8) == "xxxxx..."
    assert shown("x" * 1000, limit=None) == "x" * 1000
