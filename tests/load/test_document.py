import json
import re
from pathlib import Path

import pytest

from harness.load import document
from harness.load.report import Generator, Report, Run
from harness.load.targets import FIGURES, Plan, Row, Target

ROWS = [
    Row("beat", 100, 2, 10.0, 110, 5.25, 12.0, 20.0, 1234.5, 1900.0, 2000.0, bytes=5000, user_s=50.0),
    Row("chat", 0, 0, 0.0, 3, *[None] * 6),
]
TARGETS = (Target("beat", "p99_ms", 1000), Target("beat", "throughput_per_s", 9), Target("quote", "p50_ms", 5))


@pytest.fixture
def kept(tmp_path):
    plan = Plan({}, TARGETS)
    run = Run("tea", "ws://host/tea", 2, 1_700_000_000.0, 60.1234, 1)
    misses = plan.misses({row.name: row for row in ROWS})
    errors = [(1, "beat", "late"), (9, "chat", "„nein“")]
    meanings = {"beat": "there and back", "chat": "said"}
    report = Report(run, ROWS, meanings, plan, misses, errors, ["Slow."], Generator(0.5, 0.1, 2.0, 3.0))
    document.write(report, tmp_path / "report.json")
    return json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))


def test_it_tells_what_was_run_and_what_came_of_it(kept):
    assert {name: kept[name] for name in ("schema", "protocol", "target", "users", "exit_code")} == {
        "schema": 1,
        "protocol": "tea",
        "target": "ws://host/tea",
        "users": 2,
        "exit_code": 1,
    }
    assert (kept["started_at"], kept["took_s"]) == ("2023-11-14T22:13:20Z", 60.123)
    assert kept["errors"][0] == {"row": "chat", "reason": "„nein“", "count": 9}
    assert kept["generator"] == {"lag_p50_ms": 0.1, "lag_p99_ms": 2.0, "lag_max_ms": 3.0, "cpu": 0.5}
    assert kept["doubts"] == ["Slow."]


def test_each_row_has_every_figure(kept):
    beat, chat = kept["rows"]
    assert beat.keys() == chat.keys() == {"name", "meaning", "count", "failures", "intended", "bytes", *FIGURES}
    assert (beat["count"], beat["failures"], beat["error_rate"], beat["p99_ms"]) == (100, 2, 0.02, 1234.5)
    assert (beat["throughput_per_s"], beat["user_bytes_per_s"]) == (9.8, 100.0)
    assert (chat["intended"], chat["p50_ms"], chat["throughput_share"]) == (3, None, 0.0)


def test_each_target_has_a_verdict(kept):
    assert [(each["row"], each["bound"], each["measured"], each["verdict"]) for each in kept["targets"]] == [
        ("beat", "at most", 1234.5, "missed"),
        ("beat", "at least", 9.8, "met"),
        ("quote", "at most", None, "missed"),
    ]


def test_every_member_is_documented(kept):
    text = (Path(__file__).parents[2] / "docs" / "load.md").read_text(encoding="utf-8")
    part = re.search(r"^## The report as JSON\n(.*?)(?=^## )", text, re.DOTALL | re.MULTILINE)[1]
    names = {*kept, *kept["targets"][0], *kept["errors"][0], *kept["generator"], *kept["rows"][0]} - FIGURES.keys()
    assert {name for name in names if f"`{name}`" not in part} == set()
