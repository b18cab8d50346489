"""`python bench/generator.py` stays runnable, and keeps what it measured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

GENERATOR = Path(__file__).parents[2] / "bench" / "generator.py"


@pytest.mark.socket
@pytest.mark.slow
def test_a_quick_run_measures_all_engines_and_what_users_see(tmp_path):
    pytest.importorskip("picows")
    run = subprocess.run(
        [sys.executable, str(GENERATOR), "--quick"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "Traceback" not in run.stderr
    kept = json.loads((tmp_path / "reports/bench/generator.json").read_text(encoding="utf-8"))
    assert len(kept["trips_per_cpu_s"]) == 4
    assert min(kept["trips_per_cpu_s"].values()) > 500
    [truth] = kept["truth"]
    for seen in (truth["seen"], kept["frozen"]["seen"]):
        assert (seen["connections"], seen["failures"]) == (20, 0)
        assert 0 < seen["cpu"] < 1.1
    # A message is held for 4.6 ms at least, and whoever asks of a frozen server may wait for half a second.
    assert truth["known"]["p50_ms"] >= 4.6
    assert truth["seen"]["p99_ms"] >= truth["seen"]["p50_ms"] >= 4.6
    assert kept["frozen"]["theory"]["p90_ms"] == 300
    assert 150 < kept["frozen"]["seen"]["p90_ms"] < 600
    assert 0.8 < kept["frozen"]["sent"] < 1.1


def test_an_option_that_is_not_there_is_told():
    run = subprocess.run(
        [sys.executable, str(GENERATOR), "--quik"], capture_output=True, text=True, timeout=30, check=False
    )
    assert run.returncode == 1
    assert run.stderr == "expected nothing or --quick, found --quik\n"
