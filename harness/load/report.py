"""The table at the end of a load test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from harness.load.targets import Miss, Plan, Row, Target

TIMES = ("p50_ms", "p95_ms", "p99_ms", "max_ms")


def show(
    rows: Sequence[Row],
    meanings: Mapping[str, str],
    plan: Plan,
    misses: Sequence[Miss],
    complaint: str | None,
    one_clock: bool,
    console: Console | None = None,
) -> None:
    """Print the rows beside their targets, then what was missed, then what to know about the figures."""
    out = console or Console()
    if console is None and not out.is_terminal:
        out.width = 120
    out.print(_table(rows, plan, {(m.target.row, m.target.figure) for m in misses}))
    for row in rows:
        out.print(f"  [bold]{row.name}[/]: {meanings[row.name]}", highlight=False, style="dim")
    out.print(
        "  Latency counts from the intended moment of sending, so a server that stalls cannot hide it.", style="dim"
    )
    if not one_clock and "quote" in meanings:
        out.print("  The server is on another machine: two clocks cannot tell how late a quote is.", style="dim")
    if complaint:
        out.print(complaint, style="yellow")
    if misses:
        out.print(f"\n{len(misses)} of {len(plan.targets)} targets missed:", style="bold red")
        for miss in misses:
            out.print(f"  {miss}", style="red", highlight=False)
    else:
        out.print(f"\nAll {len(plan.targets)} targets met.", style="bold green")


def _table(rows: Sequence[Row], plan: Plan, missed: set[tuple[str, str]]) -> Table:
    table = Table(title="Latency in ms, beside its target; done: good answers, of those intended", title_justify="left")
    table.add_column("request", no_wrap=True)
    for heading in ("count", "errors", "ok/s", "done", "p50", "p95", "p99", "max"):
        table.add_column(heading, justify="right", no_wrap=True)
    targets = {(t.row, t.figure): t for t in plan.targets}

    def cell(row: Row, figure: str, text: str) -> str:
        target = targets.get((row.name, figure))
        if target is None:
            return text
        colour = "red" if (row.name, figure) in missed else "green"
        return f"[{colour}]{text}[/] [dim]{_bound(target)}[/]"

    for row in rows:
        table.add_row(
            row.name,
            str(row.count),
            cell(row, "error_rate", _share(row.error_rate)),
            cell(row, "throughput_per_s", f"{row.throughput_per_s:.1f}"),
            cell(row, "throughput_share", _share(row.throughput_share)),
            *(cell(row, figure, _ms(getattr(row, figure))) for figure in TIMES),
        )
    return table


def _bound(target: Target) -> str:
    value = _share(target.value) if target.figure in ("error_rate", "throughput_share") else f"{target.value:g}"
    return ("≤" if target.at_most else "≥") + value


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share * 100:.3g}%"


def _ms(ms: float | None) -> str:
    return "-" if ms is None else f"{ms:.3g}" if ms < 100 else f"{ms:.0f}"
