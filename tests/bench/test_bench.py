"""`make bench` stays runnable, and its goals are computed as their words say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench import goals
from bench.cases import CASES

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "bench.md").read_text(encoding="utf-8")


@pytest.mark.socket
@pytest.mark.gcc
def test_a_short_run_measures_the_mock_beside_the_physical_limit(tmp_path):
    words = ["--quick", "--case", "broadcast", "--connections", "20", "--peer", "mock", "--peer", "C loop"]
    run = subprocess.run(
        [sys.executable, "-m", "bench", *words, "--keep", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert re.search(r"broadcast, of the C loop .*(met|missed)", run.stdout)
    [stored] = tmp_path.iterdir()
    report = json.loads(stored.read_text(encoding="utf-8"))
    assert report["left_out"] == {}
    assert set(report["medians"]) == {"broadcast / mock", "broadcast / C loop"}
    for each in report["medians"].values():
        assert each["rate"] > 1000
        assert each["lost"] == 0
        assert 0 < each["load_cpu"] <= 1.1
    assert {"cpu", "cores", "open_files", "python", "aiohttp", "gcc"} <= set(report["machine"])


def test_goals_are_ratios_within_one_run():
    medians = {
        "broadcast / mock": {"rate": 800.0, "memory_mib": 100.0},
        "broadcast / C loop": {"rate": 1000.0},
        "stalled / mock": {"rate": 640.0, "memory_mib": 120.0},
    }
    judged = {goal.words: (round(value, 3), goal.is_met(value)) for goal, value in goals.judged(medians)}
    assert judged == {
        "broadcast, of the C loop": (0.8, True),
        "a tenth stalled: deliveries, of those without": (0.8, False),
        "a tenth stalled: memory, of that without": (1.2, False),
    }


def test_every_case_is_documented():
    assert [case.name for case in CASES if f"| `{case.name}` |" not in TEXT] == []
