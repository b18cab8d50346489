"""The list of expected failures: what a team knows to be broken and has not mended yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from harness.conformance.verdict import Report
from harness.conformance.words import nearest


class ExpectedError(ValueError):
    """The list is not what it should be. The text names file, line and expectation."""


def read(path: Path, ids: Collection[str]) -> dict[str, str]:
    """Id -> reason, from lines such as `SKY-STAT-04  # fractions of a cent, mended in May`. Errors: ExpectedError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ExpectedError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ExpectedError(f"{path}: expected text in UTF-8") from error
    result = {}
    for number, line in enumerate(lines, start=1):
        id_, _, reason = (part.strip() for part in line.partition("#"))
        if not id_:
            continue
        if id_ not in ids:
            raise ExpectedError(f"{path}:{number}: expected the id of a requirement, found {id_!r}.{nearest(id_, ids)}")
        if not reason:
            raise ExpectedError(f"{path}:{number}: expected a reason after `#`, such as `{id_}  # mended in May`")
        result[id_] = reason
    return result


def apply(expected: Mapping[str, str], report: Report) -> None:
    """Mark the failures that were expected, and note as stale what was expected to fail and did not."""
    for verdict in report.verdicts:
        if verdict.id not in expected:
            continue
        if verdict.verdict == "failed":
            verdict.expected_failure = expected[verdict.id]
        else:
            report.stale.append(f"{verdict.id} ({verdict.verdict}): take it off the list")
