from harness.load.shared import MOST_MOMENTS, Shared


def test_the_first_moment_counts():
    shared = Shared()
    assert [shared.first("event 1", at_s) for at_s in (3.0, 4.0)] == [3.0, 3.0]
    assert shared.moment("event 1") == 3.0
    assert shared.moment("event 2") is None


def test_old_moments_are_forgotten():
    shared = Shared()
    for number in range(MOST_MOMENTS + 5):
        shared.first(number, 0.0)
    assert shared.moment(4) is None
    assert shared.moment(5) == 0.0


def test_names_are_of_one_process_and_numbers_of_one_user():
    one, another = Shared(), Shared()
    assert one.name != another.name
    assert [one.number(), one.number()] == [0, 1]
