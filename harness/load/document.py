"""The report of a load test as JSON, for programs: members are added in later versions, never taken away."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness import __version__
from harness.core.message import rfc3339
from harness.load.report import Report
from harness.load.targets import FIGURES, Row

SCHEMA_VERSION = 1


def document(report: Report) -> dict[str, Any]:
    """The report as a JSON object; docs/load.md tells what its members mean."""
    run, missed = report.run, {miss.target for miss in report.misses}
    rows = {row.name: row for row in report.rows}
    return {
        "schema": SCHEMA_VERSION,
        "version": __version__,
        "protocol": run.protocol,
        "target": run.url,
        "started_at": rfc3339(run.started_s, places=0),
        "took_s": round(run.took_s, 3),
        "users": run.users,
        "exit_code": run.exit_code,
        "rows": [_row(row, report.meanings[row.name]) for row in report.rows],
        "targets": [
            {
                "row": target.row,
                "figure": target.figure,
                "bound": "at most" if target.at_most else "at least",
                "value": target.value,
                "measured": getattr(rows[target.row], target.figure) if target.row in rows else None,
                "verdict": "missed" if target in missed else "met",
            }
            for target in report.plan.targets
        ],
        "errors": [{"row": row, "reason": why, "count": count} for count, row, why in sorted(report.errors)[::-1]],
        "generator": asdict(report.generator),
        "doubts": list(report.doubts),
    }


def write(report: Report, path: Path) -> None:
    """Write it as a file. OSError when that cannot be done."""
    path.write_text(json.dumps(document(report), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _row(row: Row, meaning: str) -> dict[str, Any]:
    counts = {name: getattr(row, name) for name in ("name", "count", "failures", "intended", "bytes")}
    return {**counts, **{figure: getattr(row, figure) for figure in FIGURES}, "meaning": meaning}
