from harness.load.samples import Batch
from harness.load.timeline import Bin, Course, Timeline


def bin_of(*times_ms, process="a", connections=1, lag_ms=0.0, failures=0):
    batch = Batch(list(times_ms))
    batch.errors["lost"] = failures
    result = Bin({process: connections}, lag_ms)
    result.add("beat", batch)
    return result


def test_what_several_processes_did_in_one_second_is_one_bin():
    timeline = Timeline()
    timeline.merge(100, bin_of(10, 20, process="a", connections=3, lag_ms=1.0))
    timeline.merge(100, bin_of(30, 40, process="b", connections=4, lag_ms=5.0, failures=1))
    ((second, bin_),) = timeline
    course = bin_.rows["beat"]
    assert (second, sum(bin_.connections.values()), bin_.lag_ms) == (100, 7, 5.0)
    assert (course.count, course.failures) == (4, 1)
    assert [course.at(share) for share in (0.25, 0.5, 0.99)] == [10.0, 20.0, 40.0]


def test_a_course_without_times_has_no_percentile():
    assert Course(3, 3).at(0.5) is None


def test_a_long_run_has_wider_bins_and_loses_no_sample():
    timeline = Timeline(most=4)
    for second in range(1000, 1020):
        timeline.merge(second, bin_of(1.0, connections=second))
    bins = list(timeline)
    assert timeline.width_s == 8
    assert len(bins) <= 4
    assert sum(bin_.rows["beat"].count for _, bin_ in bins) == 20
    assert bins[-1][1].connections == {"a": 1019}


def test_another_process_can_be_told_all_of_it():
    here, there = Timeline(), Timeline()
    here.merge(7, bin_of(1.5, 2.5, lag_ms=2.0, failures=1))
    there.merge_packed(here.packed())
    assert list(there) == list(here)
