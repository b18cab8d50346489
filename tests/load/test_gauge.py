from harness.load.gauge import Gauge


def test_workers_tell_their_master_each_thing_once():
    worker, master = Gauge(), Gauge()
    for ms in (10.0, 20.0):
        worker.intend("beat")
        worker.figures.serve("Trader", ms / 4)
        worker.samples.add("Trader", "beat", ms, size=7)
        worker.samples.add("Trader", "chat", None, error="refused")
        worker.late(ms)
        worker.flush()
        worker.cpu = ms / 100
        master.merge(worker.report())
    beat, chat = master.figures.row("beat"), master.figures.row("chat")
    assert master.figures.intended == {"beat": 2}
    assert master.figures.served_s == {"Trader": 7.5}
    assert (beat.count, beat.failures, beat.size) == (2, 0, 14)
    assert (chat.count, chat.failures, chat.times.at(50)) == (2, 2, [None])
    assert 20 <= beat.times.at(100)[0] <= 20.02
    assert 20 <= master.lag.at(100)[0] <= 20.02
    assert master.cpu == 0.2
    assert sum(bin_.rows["beat"].count for _, bin_ in master.timeline) == 2


def test_the_figures_of_several_workers_are_those_of_all_samples():
    workers, master = [Gauge(), Gauge()], Gauge()
    for ms in range(1, 1001):
        workers[ms % 2].samples.add("Trader", "beat", float(ms))
    for worker in workers:
        worker.flush()
        master.merge(worker.report())
    times = master.figures.row("beat").times
    for percent in (50, 90, 99, 99.9):
        assert abs(times.at(percent)[0] - percent * 10) <= percent * 10 * 0.001


def test_samples_are_handed_over_in_aggregate():
    batches = []
    gauge = Gauge(lambda key, batch: batches.append((key, batch)))
    for ms in (1.0, 2.0):
        gauge.samples.add("Trader", "beat", ms)
    gauge.samples.add("Watcher", "beat", 3.0)
    gauge.flush()
    gauge.flush()
    assert [(key, batch.count) for key, batch in batches] == [(("Trader", "beat"), 2), (("Watcher", "beat"), 1)]


def test_a_generator_that_keeps_time_has_nothing_to_complain_of():
    gauge = Gauge()
    assert gauge.complaint() is None
    for ms in [1.0] * 98 + [500.0] * 2:
        gauge.late(ms)
    gauge.flush()
    gauge.cpu = 0.6
    assert "was the bottleneck" in gauge.complaint()
    assert "500 ms late (p99) and it used 60% of a core" in gauge.complaint()
    gauge.cpu = 0.2
    assert "held up, by other processes" in gauge.complaint()
    assert "500 ms late (p99) and it used 20% of a core" in gauge.complaint()


def test_a_generator_that_needs_a_whole_core_says_so():
    gauge = Gauge()
    gauge.cpu = 0.97
    assert "97% of a core" in gauge.complaint()


def test_watching_ends_with_all_samples_taken_out():
    gauge = Gauge()
    gauge.watch()
    gauge.samples.add("Trader", "beat", 1.0)
    gauge.stop()
    assert gauge.figures.row("beat").count == 1


def test_what_is_forgotten_does_not_count():
    gauge = Gauge()
    gauge.samples.add("Trader", "beat", 1.0)
    gauge.intend("beat")
    gauge.late(500.0)
    gauge.forget()
    gauge.serve("Trader", since_s=0.0)
    gauge.samples.add("Trader", "beat", 2.0)
    gauge.flush()
    assert gauge.figures.row("beat").count == 1
    assert gauge.figures.intended["beat"] == 0
    assert gauge.lag.at(100) == [None]
    assert gauge.figures.served_s["Trader"] < 10


def test_the_cpu_counts_from_when_all_was_forgotten(monkeypatch):
    clocks = [(0.0, 0.0)]  # What has passed, and the CPU time of it.
    monkeypatch.setattr(Gauge, "_clocks", staticmethod(lambda: clocks[0]))
    gauge = Gauge()
    gauge.watch()
    clocks[0] = (10.0, 9.0)
    gauge.flush()
    assert gauge.cpu == 0.9
    gauge.forget()
    clocks[0] = (20.0, 11.0)
    gauge.stop()
    assert gauge.cpu == 0.2
