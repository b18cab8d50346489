"""What a test of connections finds, one thing after the other: printed as it is made, and kept as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson
from rich.console import Console
from rich.markup import escape

MARKS = {True: "[green]held  [/]", False: "[bold red]broken[/]", None: "[cyan]noted [/]"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what should be, whether it is, and what was seen.

    `holds` is None where nothing is demanded, or nothing could be told. `figures` are what was measured, by name, with
    the unit last in the name.
    """

    text: str
    holds: bool | None
    seen: str
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Findings:
    """All of a run. `verdict` sums them up in a sentence; `doubts` are what to know before believing the figures."""

    test: str
    protocol: str
    url: str
    findings: list[Finding]
    verdict: str
    doubts: list[str]

    @property
    def hold(self) -> bool:
        """Whether nothing is broken."""
        return all(finding.holds is not False for finding in self.findings)

    def write(self, path: Path) -> None:
        """Write it all as JSON. OSError when that cannot be done."""
        path.write_bytes(orjson.dumps({**asdict(self), "hold": self.hold}, option=orjson.OPT_INDENT_2) + b"\n")


def shown(findings: Iterable[Finding], console: Console) -> list[Finding]:
    """Print each finding as it comes; all of them."""
    kept = []
    for finding in findings:
        console.print(f"{MARKS[finding.holds]} {escape(finding.text)} [dim]({escape(finding.seen)})[/]")
        kept.append(finding)
    return kept


def conclude(findings: Findings, console: Console) -> None:
    """Print what it comes to."""
    for doubt in findings.doubts:
        console.print(escape(doubt), style="yellow")
    console.print(f"\n{escape(findings.verdict)}", style="bold green" if findings.hold else "bold red")
