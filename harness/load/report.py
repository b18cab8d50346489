"""The table at the end of a load test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.load.targets import Miss, Plan, Row, Target
from harness.load.timeline import Timeline

MAX_ERRORS = 10  # The commonest ones.
TIMES = ("p50_ms", "p90_ms", "p95_ms", "p99_ms", "p999_ms", "max_ms")


@dataclass(frozen=True, slots=True)
class Run:
    """What was run: so many users at most, for so long, on the server at `url`, which holds no secrets here."""

    protocol: str
    url: str
    users: int
    started_s: float  # Of the epoch.
    took_s: float
    exit_code: int = 0

    @property
    def title(self) -> str:
        """In words."""
        return f"{self.users} users for {self.took_s:.0f} s, {self.url}"


@dataclass(frozen=True, slots=True)
class Generator:
    """How well the generator itself kept time.

    `cpu` is the share of a core that its busiest process used; how late it was, is None when it had nothing to do.
    """

    cpu: float = 0.0
    lag_p50_ms: float | None = None
    lag_p99_ms: float | None = None
    lag_max_ms: float | None = None


@dataclass(frozen=True)
class Report:
    """All that is known at the end: the rows and what they mean, the plan and what of it was missed, and the doubts."""

    run: Run
    rows: Sequence[Row]
    meanings: Mapping[str, str]
    plan: Plan
    misses: Sequence[Miss]
    errors: Sequence[tuple[int, str, str]]  # How often, of which row, and why.
    doubts: Sequence[str]  # What to know before believing the figures.
    generator: Generator = Generator()
    timeline: Timeline = field(default_factory=Timeline)


def show(report: Report, console: Console | None = None) -> None:
    """Print the rows beside their targets, the errors by reason, and what was missed."""
    out = console or Console(highlight=False)
    if console is None and not out.is_terminal:
        out.width = 120
    out.print(_table(report))
    missed = {miss.target for miss in report.misses}
    for target, measured in of_one_user(report):
        colour = "red" if target in missed else "green"
        out.print(f"  [bold]{target.row}[/]: {target.figure} [{colour}]{measured}[/] [dim]{bound(target)}[/]")
    for row in report.rows:
        out.print(f"  [bold]{row.name}[/]: {report.meanings[row.name]}", style="dim")
    out.print("  Times in ms from the intended moment of sending: a server that stalls cannot hide it.", style="dim")
    out.print("  done: good answers, of those intended.", style="dim")
    for count, name, reason in sorted(report.errors, reverse=True)[:MAX_ERRORS]:
        out.print(f"{count} x {name}: {escape(reason)}", style="red")
    for doubt in report.doubts:
        out.print(doubt, style="yellow")
    if report.misses:
        out.print(f"\n{len(report.misses)} of {len(report.plan.targets)} targets missed:", style="bold red")
        for miss in report.misses:
            out.print(f"  {miss}", style="red")
    else:
        out.print(f"\nAll {len(report.plan.targets)} targets met.", style="bold green")


def progress(passed_s: float, users: int, per_s: float, errors: int) -> str:
    """One line about a run that goes on."""
    return f"{passed_s:4.0f} s  {users} users  {per_s:.0f} samples/s  {errors} errors  "


def _table(report: Report) -> Table:
    missed = {(m.target.row, m.target.figure) for m in report.misses}
    targets = {(t.row, t.figure): t for t in report.plan.targets}
    table = Table(title=escape(report.run.title), title_justify="left")
    table.add_column("request", no_wrap=True)
    table.add_column("count", justify="right", no_wrap=True)
    for heading in ("errors", "ok/s", "done", "p50", "p90", "p95", "p99", "p99.9", "max"):
        table.add_column(heading, justify="right")

    def cell(row: Row, figure: str, text: str) -> str:
        target = targets.get((row.name, figure))
        if target is None:
            return text
        colour = "red" if (row.name, figure) in missed else "green"
        return f"[{colour}]{text}[/] [dim]{bound(target)}[/]"

    for row in report.rows:
        table.add_row(
            row.name,
            str(row.count),
            cell(row, "error_rate", in_percent(row.error_rate)),
            cell(row, "throughput_per_s", f"{row.throughput_per_s:.1f}"),
            cell(row, "throughput_share", in_percent(row.throughput_share)),
            *(cell(row, figure, in_ms(getattr(row, figure))) for figure in TIMES),
        )
    return table


def of_one_user(report: Report) -> Iterator[tuple[Target, str]]:
    """The targets for figures of one user, with what was measured; few rows have any, so they have no column."""
    rows = {row.name: row for row in report.rows}
    for target in report.plan.targets:
        if target.figure.startswith("user_") and target.row in rows:
            measured = getattr(rows[target.row], target.figure)
            yield target, "-" if measured is None else f"{measured:.4g}"


def bound(target: Target) -> str:
    """What a target demands, such as "≤250"."""
    value = in_percent(target.value) if target.figure in ("error_rate", "throughput_share") else f"{target.value:g}"
    return ("≤" if target.at_most else "≥") + value


def in_percent(share: float | None) -> str:
    """A share to three digits; a dash for none."""
    return "-" if share is None else f"{share * 100:.3g}%"


def in_ms(ms: float | None) -> str:
    """A time to three digits; a dash for none."""
    return "-" if ms is None else f"{ms:.3g}" if ms < 100 else f"{ms:.0f}"
