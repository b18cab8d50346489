import random

from harness.load.samples import AT_ONCE, Samples, counted


def test_samples_come_out_once_and_by_user_and_row():
    samples = Samples()
    samples.add("Trader", "beat", 1.0, size=10)
    samples.add("Trader", "beat", 2.0, size=20, error="late")
    samples.add("Trader", "beat", None, error="lost")
    samples.add("Watcher", "beat", 3.0)
    batches = samples.drain()
    beat = batches["Trader", "beat"]
    assert beat.count == 3
    beat.count_times()
    assert (beat.total_ms, beat.min_ms, beat.max_ms) == (3.0, 1.0, 2.0)
    assert (beat.count, beat.failures, beat.size, beat.untimed) == (3, 2, 30, 1)
    assert beat.errors == {"late": 1, "lost": 1}
    assert beat.counts == {1000: 1, 2000: 1}
    assert batches["Watcher", "beat"].count == 1
    assert samples.drain() == {}


def test_times_are_kept_to_three_digits_so_that_there_are_few_of_them():
    times = [random.Random(number).uniform(0, 10_000) for number in range(20_000)]
    counts = counted(times)
    assert sum(counts.values()) == len(times)
    assert len(counts) < 5000
    for ms in times[:100]:
        nearest = min(counts, key=lambda us: abs(us - ms * 1000))
        assert abs(nearest - ms * 1000) <= max(1, ms)


def test_a_time_too_short_to_measure_is_a_microsecond():
    assert counted([0.0, 0.0001]) == {1: 2}


def test_times_are_counted_while_they_come_so_that_there_are_never_many_at_once():
    samples = Samples()
    for number in range(2 * AT_ONCE + 1):
        samples.add("Trader", "beat", float(number + 1))
    batch = samples.batches["Trader", "beat"]
    assert (len(batch.times_ms), batch.count, batch.max_ms) == (1, 2 * AT_ONCE + 1, 2 * AT_ONCE)
