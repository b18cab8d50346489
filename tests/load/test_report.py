import io
from dataclasses import replace

from rich.console import Console

from harness.load.report import Report, Run, progress, show
from harness.load.targets import Plan, Row, Target

ROWS = [
    Row("beat", 100, 2, 10.0, 110, 5.25, 12.0, 20.0, 1234.5, 1900.0, 2000.0),
    Row("chat", 0, 0, 0.0, 3, *[None] * 6),
]
RUN = Run("tea", "ws://host/[tea]", 2, 1_700_000_000.0, 60.0)
MEANINGS = {"beat": "there and back", "chat": "said", "quote": "late"}


def shown(*targets, errors=(), doubts=(), rows=ROWS):
    plan = Plan({}, targets)
    console = Console(width=140, record=True, file=io.StringIO())
    misses = plan.misses({row.name: row for row in rows})
    show(Report(RUN, rows, MEANINGS, plan, misses, errors, doubts), console)
    return console.export_text()


def test_each_figure_stands_beside_its_target():
    text = shown(Target("beat", "p99_ms", 2000), Target("beat", "error_rate", 0.05), Target("beat", "p95_ms", 20))
    assert "2% ≤5%" in text
    assert "1234 ≤2000" in text
    assert "20 ≤20" in text
    assert "9.8" in text  # Good answers a second.
    assert "All 3 targets met." in text


def test_what_was_missed_is_named_below():
    text = shown(Target("beat", "p99_ms", 1000), Target("chat", "throughput_share", 0.9))
    assert "2 of 2 targets missed:" in text
    assert "beat: p99_ms must be at most 1000, it was 1234" in text
    assert "chat: throughput_share must be at least 0.9, it was 0" in text
    assert "0% ≥90%" in text


def test_the_figures_of_one_user_stand_below_with_their_targets():
    rows = [replace(ROWS[0], bytes=5000, user_s=50.0), *ROWS[1:]]
    targets = (Target("beat", "user_bytes_per_s", 99), Target("beat", "user_throughput_per_s", 1.5))
    text = shown(*targets, Target("chat", "user_throughput_per_s", 1), rows=rows)
    assert "beat: user_bytes_per_s 100 ≤99" in text
    assert "beat: user_throughput_per_s 1.96 ≥1.5" in text
    assert "chat: user_throughput_per_s - ≥1" in text
    assert "beat: user_bytes_per_s must be at most 99, it was 100" in text


def test_what_was_not_measured_is_a_dash():
    line = next(line for line in shown().splitlines() if line.startswith("│ chat"))
    assert [cell.strip() for cell in line.strip("│").split("│")] == ["chat", "0", "-", "0.0", "0%", *["-"] * 6]


def test_doubts_about_the_figures_are_said():
    assert "The generator was the bottleneck" in shown(doubts=["The generator was the bottleneck"])


def test_the_commonest_errors_are_shown_with_their_reason():
    lines = shown(errors=[(number, "beat", f"[reason {number}]") for number in range(1, 20)]).splitlines()
    assert "19 x beat: [reason 19]" in lines
    assert "9 x beat: [reason 9]" not in lines


def test_progress_is_one_line():
    assert progress(12.4, 200, 713.2, 3).strip() == "12 s  200 users  713 samples/s  3 errors"
