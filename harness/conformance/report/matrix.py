"""The matrix of requirements, checks and defects: as JSON, as one page of HTML, and in short on a terminal."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness import __version__
from harness.conformance.matrix import Cell, Matrix, Row
from harness.conformance.redact import cut
from harness.conformance.report import page, score
from harness.conformance.report.document import demanded
from harness.conformance.requirement import LEVELS
from harness.conformance.verdict import FOUND_WIDTH

# How a row is told, the worst first; the keys are those of `score.STATES`, so that pages count and colour alike.
STATES = {"failed": "Unproved", "passed": "Proved", "excluded": "Aside"}


def document(matrices: Sequence[Matrix]) -> dict[str, Any]:
    """The matrices as a JSON object: `suites`, of which each has `rows`, of which each has `checks` and `defects`."""
    return {
        "version": __version__,
        "whole": any(each.whole for each in matrices),
        "wrong": [words for each in matrices for words in each.wrong],
        "suites": [{"protocol": each.protocol, "rows": [_row(row) for row in each.rows]} for each in matrices],
    }


def json_text(matrices: Sequence[Matrix]) -> str:
    """The matrices as a JSON file."""
    return json.dumps(document(matrices), indent=2, ensure_ascii=False) + "\n"


def html_text(matrices: Sequence[Matrix]) -> str:
    """The page that shows the matrices."""
    whole = document(matrices)
    rows = [row for each in whole["suites"] for row in each["rows"]]
    suites = list(_suites(whole))
    return page.render(
        "matrix.html",
        states=STATES,
        whole=whole["whole"],
        wrong=whole["wrong"],
        suites=suites,
        counts=_counts(rows),
        defects=sum(len(row["defects"]) for row in rows),
        noticed=sum(cell["verdict"] == "failed" for row in rows for cell in row["defects"]),
        levels={level: level for level in LEVELS},
        level_counts=Counter(row["level"] for row in rows),
        choices=[(each["protocol"], [(of["place"], of["name"]) for of in each["sections"]]) for each in suites],
        suite_scores=[(each["protocol"], each["counts"], each["protocol"]) for each in suites],
    )


def show(matrices: Sequence[Matrix], console: Console) -> None:
    """Print how many defects were noticed, and whatever is not as it should be."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("Suite")
    for title in ("requirements", "checked", "checks", "defects", "noticed"):
        table.add_column(title, justify="right")
    for each in matrices:
        checked = sum(bool(row.checks) for row in each.rows)
        checks = sum(len(row.checks) for row in each.rows)
        noticed = sum(cell.verdict == "failed" for cell in each.cells)
        table.add_row(each.protocol, *map(str, (len(each.rows), checked, checks, len(each.cells), noticed)))
    console.print(table)
    wrong = [words for each in matrices for words in each.wrong]
    for words in wrong:
        console.print(Text(words, style="bold red"))
    console.print(Text("UNPROVED", style="bold red") if wrong else Text("PROVED", style="bold green"))


def _suites(whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for each in whole["suites"]:
        sections = [
            {"name": name, "place": f"{each['protocol']}-{number}", "counts": _counts(rows), "rows": rows}
            for number, (name, rows) in enumerate(score.grouped(each["rows"], "section"), start=1)
        ]
        yield {**each, "counts": _counts(each["rows"]), "sections": sections}


def _counts(rows: Sequence[Any]) -> dict[str, int]:
    found = Counter(row["state"] for row in rows)
    return {state: found[state] for state in score.STATES}


def _row(row: Row) -> dict[str, Any]:
    return {
        **demanded(row.requirement),
        "excluded": row.requirement.excluded,
        "state": _state(row),
        "checks": [name.replace("_", " ") for name in row.checks],
        "defects": [_cell(cell) for cell in row.cells],
    }


def _state(row: Row) -> str:
    if not row.is_proved or any(cell.strays for cell in row.cells):
        return "failed"
    return "passed" if row.cells else "excluded"


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "name": cell.defect,
        "text": cell.text,
        "verdict": cell.verdict,
        "check": cell.check.replace("_", " "),
        "found": cut(cell.found, FOUND_WIDTH),
        "others": list(cell.others),
        "strays": list(cell.strays),
    }
