"""The report as JSON. Its schema, `schema.json` beside this file, is published: members are added, never taken away."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.conformance.verdict import Report, Verdict

SCHEMA = Path(__file__).with_name("schema.json")


def document(report: Report) -> dict[str, Any]:
    """The report as a JSON object."""
    return {
        "protocol": report.protocol,
        "target": report.target,
        "seed": report.seed,
        "took_s": round(report.took_s, 3),
        "round_trip_s": round(report.round_trip_s, 6),
        "conversations": report.conversations,
        "exit_code": report.exit_code,
        "broken_checks": report.broken,
        "stale_expected_failures": report.stale,
        "verdicts": [_verdict(verdict) for verdict in report.verdicts],
    }


def write(report: Report, path: Path) -> None:
    """Write the report to a file."""
    path.write_text(json.dumps(document(report), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _verdict(verdict: Verdict) -> dict[str, Any]:
    requirement = verdict.requirement
    return {
        "id": requirement.id,
        "level": requirement.level,
        "side": requirement.side,
        "section": requirement.section,
        "text": requirement.text,
        "verdict": verdict.verdict,
        "observations": verdict.observations,
        "reason": verdict.reason,
        "expected_failure": verdict.expected_failure,
        "rerun": verdict.rerun,
        "failures": [
            {"check": f.check, "expected": f.expected, "found": f.found, "excerpt": list(f.excerpt)}
            for f in verdict.failures
        ],
    }
