import re

import pytest

from harness.load import page
from harness.load.charts import chart
from harness.load.report import Report, Run
from harness.load.samples import Batch
from harness.load.targets import Plan, Row, Target
from harness.load.timeline import Bin, Timeline

ROWS = [
    Row("beat", 100, 2, 10.0, 110, 5.25, 12.0, 20.0, 1234.5, 1900.0, 2000.0),
    Row("chat", 0, 0, 0.0, 3, *[None] * 6),
]
MEANINGS = {"beat": "there and back", "chat": "said"}


def shown(*targets, errors=(), doubts=(), timeline=None):
    plan = Plan({}, targets)
    misses = plan.misses({row.name: row for row in ROWS})
    run = Run("tea", "ws://host/tea", 2, 1_700_000_000.0, 60.0)
    report = Report(run, ROWS, MEANINGS, plan, misses, errors, doubts, timeline=timeline or Timeline())
    return page.text(report)


def ran(seconds):
    timeline = Timeline()
    for second in range(seconds):
        bin_ = Bin({"a": second}, lag_ms=second, cpu=0.5)
        batch = Batch([float(second + 1)] * 10)
        batch.count_times()
        bin_.add("beat", batch)
        timeline.merge(1_700_000_000 + second, bin_)
    return timeline


def test_each_figure_stands_beside_its_target():
    text = shown(Target("beat", "p95_ms", 20), Target("beat", "p99_ms", 1000))
    assert "TARGETS MISSED" in text
    assert '<td class="kept">20<small>≤20</small></td>' in text
    assert '<td class="failed">1234<small>≤1000</small></td>' in text
    assert "beat: p99_ms must be at most 1000, it was 1234" in text


def test_the_figures_of_one_user_stand_below_with_their_targets():
    text = shown(Target("beat", "user_bytes_per_s", 99))
    assert "beat: user_bytes_per_s - ≤99" in text


def test_a_run_that_met_all_says_so():
    assert "All 1 targets met." in shown(Target("beat", "p95_ms", 20))
    assert "Nothing was demanded." in shown()


def test_there_are_lines_over_time_for_the_run_and_for_each_row():
    text = shown(timeline=ran(60))
    for title in ("Throughput", "Connections", "generator&#39;s CPU", "beat", "chat"):
        assert re.search(rf"<h3>[^<]*{title}</h3>", text), title
    assert text.count("<figure") == 4 + len(ROWS)
    assert "59 s" in text


def test_what_a_server_said_is_no_markup_and_nothing_is_loaded():
    text = shown(errors=[(3, "beat", "<script>alert(1)</script>")], doubts=["<b>"])
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert not re.search(r"(src|href)=\"(?!#|data:)", text)


def test_a_line_is_broken_where_there_is_no_value():
    of = chart("t", "ms", [0, 1, 2, 3], {"a": [10.0, None, 5.0, 0.0]})
    assert of.lines[0].path == "M0.0 0.0h2M400.0 60.0h2L600.0 120.0"
    assert (of.top, of.lasted_s, of.lines[0].most, of.lines[0].last) == (10.0, 3, 10.0, 0.0)


@pytest.mark.parametrize(
    ("most", "top"), [(0, 1), (0.03, 0.03), (0.9, 1), (1, 1), (1.2, 1.5), (3.1, 4), (99, 100), (101, 150), (2500, 3000)]
)
def test_the_scale_ends_at_a_round_number(most, top):
    assert chart("t", "ms", [0], {"a": [most]}).top == pytest.approx(top)
