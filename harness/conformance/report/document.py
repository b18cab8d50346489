"""The report as JSON, of which all other files are made.

Its schema, `schema.json` beside this file, is published: members are added, never taken away.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from harness import __version__
from harness.conformance.report import score
from harness.conformance.requirement import Requirement
from harness.conformance.verdict import Report, Verdict
from harness.core.message import rfc3339
from harness.wire.explain import problem_of

SCHEMA = Path(__file__).with_name("schema.json")
SCHEMA_VERSION = 1

Document = Mapping[str, Any]  # One report, as schema.json describes it.


class DocumentError(ValueError):
    """A file is no report. The text names file, place and expectation."""


def document(report: Report) -> dict[str, Any]:
    """The report as a JSON object."""
    verdicts = [_verdict(verdict) for verdict in report.verdicts]
    return {
        "schema": SCHEMA_VERSION,
        "version": __version__,
        "protocol": report.protocol,
        "target": report.target,
        "started_at": None if report.started_s is None else rfc3339(report.started_s, places=0),
        "seed": report.seed,
        "took_s": round(report.took_s, 3),
        "round_trip_s": round(report.round_trip_s, 6),
        "conversations": report.conversations,
        "exit_code": report.exit_code,
        "summary": score.counts(verdicts),
        "broken_checks": report.broken,
        "stale_expected_failures": report.stale,
        "verdicts": verdicts,
    }


def text(report: Document) -> str:
    """The report as it is written to a file."""
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def read(path: Path) -> Document:
    """The report in a file. Errors: DocumentError; OSError."""
    try:
        value = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"{path}: expected a report, as `check --json` writes it: {error}") from error
    problem = problem_of(_validator().iter_errors(value), value)
    if problem is not None:
        hint = f"; did you mean {problem.hint}?" if problem.hint else ""
        place = f"{problem.where}: " if problem.where else ""
        raise DocumentError(
            f"{path}: {place}expected {problem.expected}, found {problem.found}{hint}"
            " (a report is what `check --json` writes)"
        )
    return value  # type: ignore[no-any-return]  # The schema has just said what it is.


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def demanded(requirement: Requirement) -> dict[str, str]:
    """What a requirement demands: its members `id`, `level`, `side`, `section`, `text`."""
    return {name: getattr(requirement, name) for name in ("id", "level", "side", "section", "text")}


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        **demanded(verdict.requirement),
        "verdict": verdict.verdict,
        "observations": verdict.observations,
        "reason": verdict.reason,
        "expected_failure": verdict.expected_failure,
        "rerun": verdict.rerun,
        "failures": [
            {
                "check": f.check,
                "expected": f.expected,
                "found": f.found,
                "excerpt": list(f.excerpt),
                "conversation": f.conversation,
            }
            for f in verdict.failures
        ],
    }
