"""The report on a terminal: progress while the run lasts, then failures with their conversations, then the score."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from harness.conformance.check import Check
from harness.conformance.verdict import (
    COULD_NOT_RUN,
    HEADLINES,
    KEPT,
    NOT_OBSERVED,
    VIOLATED,
    Failure,
    Kind,
    Outcome,
    Report,
    Verdict,
    Word,
)

STYLES: dict[Word, str] = {"passed": "green", "failed": "bold red", "not-observed": "yellow", "excluded": "dim"}
SUMMARY_STYLES = {
    KEPT: "bold green",
    VIOLATED: "bold red",
    COULD_NOT_RUN: "bold magenta",
    NOT_OBSERVED: "bold yellow",
}
NAMES_SHOWN = 44  # Characters of the names of what is running.


class Watch:
    """Shows how a run gets on. A context manager; on what is no terminal it shows nothing."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("[bold]exchanges"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[failed]}", style="red"),
            TextColumn("{task.fields[running]}", style="dim"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("", total=None, failed="", running="")
        self._planned = 0
        self._running: dict[str, None] = {}
        self._failed: set[str] = set()

    def __enter__(self) -> Watch:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def planned(self, exchanges: int) -> None:
        """So many more exchanges will be run."""
        self._planned += exchanges
        self._progress.update(self._task, total=self._planned)

    def started(self, check: Check) -> None:
        """An exchange begins."""
        self._running[check.name] = None
        self._show()

    def ended(self, check: Check, outcomes: Sequence[Outcome]) -> None:
        """An exchange is over."""
        self._running.pop(check.name, None)
        self._failed |= {o.id for o in outcomes if o.kind is Kind.VIOLATED}
        self._progress.advance(self._task)
        self._show()

    def _show(self) -> None:
        # The oldest is the one that is waited for.
        words = next(iter(self._running), "").replace("_", " ")
        words = words if len(words) <= NAMES_SHOWN else words[: NAMES_SHOWN - 3] + "..."
        failed = f"{len(self._failed)} failed" if self._failed else ""
        self._progress.update(self._task, failed=failed, running=words)


class Bar:
    """Shows how much of a piece of work is done. A context manager; on what is no terminal it shows nothing."""

    def __init__(self, console: Console, what: str) -> None:
        self._progress = Progress(
            TextColumn(f"[bold]{what}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("", total=None)

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, done: int, of: int) -> None:
        """So much is done."""
        self._progress.update(self._task, completed=done, total=of)


def show(report: Report, console: Console, quiet: bool = False) -> None:
    """Print the report; with `quiet`, only what it comes to."""
    if not quiet:
        for verdict in report.of("failed"):
            _show_failed(verdict, console)
        _show_list("Not observed", report.of("not-observed"), console)
        _show_score(report, console)
        took = f"{report.conversations} conversations in {report.took_s:.1f} s"
        distance = f"round trip {report.round_trip_s * 1000:.1f} ms, seed {report.seed}"
        console.print(Text(f"{report.protocol} at {report.target}: {took}, {distance}", style="dim"))
    for stale in report.stale:
        console.print(Text(f"Stale in the list of expected failures: {stale}", style="bold red"))
    for broken in report.broken:
        console.print(Text(f"A check has a bug: {broken}", style="bold magenta"))
    console.print(_summary(report))


def _show_failed(verdict: Verdict, console: Console) -> None:
    requirement = verdict.requirement
    head = Text.assemble(
        ("EXPECTED FAILURE " if verdict.expected_failure is not None else "FAILED ", STYLES["failed"]),
        (requirement.id, "bold"),
        f"  {requirement.level}  ",
        (requirement.section, "dim"),
    )
    console.print(head)
    console.print(Padding(Text(requirement.text), (0, 0, 0, 2), expand=False))
    if verdict.expected_failure is not None:
        console.print(Padding(Text(f"expected: {verdict.expected_failure}", style="dim"), (0, 0, 1, 2), expand=False))
        return
    for failure in verdict.failures[:1]:
        _show_failure(failure, console)
    more = len(verdict.failures) - 1
    facts = [("again", verdict.rerun)] + ([("more", f"{more} further violation(s) of it in this run")] if more else [])
    console.print(Padding(_facts(facts), (0, 0, 1, 2), expand=False))


def _show_failure(failure: Failure, console: Console) -> None:
    facts = [("expected", failure.expected), ("found", failure.found), ("check", failure.check)]
    console.print(Padding(_facts([fact for fact in facts if fact[1]]), (0, 0, 0, 2), expand=False))
    for line in failure.excerpt:
        text = Text(line, style="red" if line.startswith("!") else "dim", no_wrap=True, overflow="ellipsis")
        console.print(Padding(text, (0, 0, 0, 4), expand=False))


def _facts(facts: Sequence[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="cyan", no_wrap=True, min_width=8)
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(name, Text(value))
    return table


def _show_list(title: str, verdicts: Sequence[Verdict], console: Console) -> None:
    if not verdicts:
        return
    console.print(Text(title, style=STYLES["not-observed"]))
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for verdict in verdicts:
        table.add_row(verdict.id, verdict.requirement.level, Text(verdict.reason, style="dim"))
    console.print(Padding(table, (0, 0, 1, 2), expand=False))


def _show_score(report: Report, console: Console) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_footer=True)
    table.add_column("Section", footer="All")
    words: tuple[Word, ...] = ("passed", "failed", "not-observed", "excluded")
    for word in words:
        table.add_column(word, justify="right", footer=_count(len(report.of(word)), word))
    for section in dict.fromkeys(v.requirement.section for v in report.verdicts):
        here = [v for v in report.verdicts if v.requirement.section == section]
        table.add_row(section, *(_count(sum(v.verdict == word for v in here), word) for word in words))
    console.print(table)
    console.print()


def _count(count: int, word: Word) -> Text:
    return Text(str(count) if count else "·", style=STYLES[word] if count else "dim")


def _summary(report: Report) -> Text:
    unseen = report.of("not-observed")
    tolerated = sum(v.expected_failure is not None for v in report.of("failed"))
    parts = [
        (len(report.of("passed")), "kept"),
        (len(report.of("failed")) - tolerated, "violated"),
        (tolerated, "violated as expected"),
        (len(unseen), f"not observed ({sum(v.requirement.level == 'MUST' for v in unseen)} MUST)"),
        (len(report.of("excluded")), "excluded"),
    ]
    counted = ", ".join(f"{count} {words}" for count, words in parts if count)
    headline = HEADLINES[report.exit_code].upper(), SUMMARY_STYLES[report.exit_code]
    return Text.assemble(headline, f": {counted or 'no requirement was asked for'}.")
