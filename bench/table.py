"""The figures as tables: one for each case with the peers beside each other, and one of the goals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.table import Table

from bench.cases import Case
from bench.goals import Figures, Medians, judged

BUSY = 0.95  # A load side that uses so much of its core may have been what is measured.

Column = tuple[str, Callable[[Figures], str]]

RATES: tuple[Column, ...] = (
    ("a second", lambda f: f"{f['rate']:,.0f}"),
    ("per CPU-second", lambda f: f"{f['per_cpu_s']:,.0f}"),
    ("server CPU", lambda f: f"{f['server_cpu']:.0%}"),
    ("load CPU", lambda f: f"{f['load_cpu']:.0%}{' !' if f['load_cpu'] > BUSY else ''}"),
    ("MiB", lambda f: f"{f['memory_mib']:.0f}"),
)
RESTING: tuple[Column, ...] = (
    ("accepted a second", lambda f: f"{f['accepted_per_s']:,.0f}"),
    ("load CPU", lambda f: f"{f['accepting_load_cpu']:.0%}"),
    ("KiB each", lambda f: f"{f['kib_per_connection']:.1f}"),
)
DELAYS: tuple[Column, ...] = (
    *RATES,
    ("p50 ms", lambda f: f"{f['p50_ms']:.1f}"),
    ("p99 ms", lambda f: f"{f['p99_ms']:.1f}"),
    ("most ms", lambda f: f"{f['max_ms']:.1f}"),
)
SLOW: tuple[Column, ...] = (
    ("cut", lambda f: f"{f['slow_cut']:.0f}"),
    ("told", lambda f: f"{f['slow_told']:.0f} ({f['slow_code']:.0f})"),
)


def show(out: Console, cases: Sequence[Case], medians: Medians, left_out: Mapping[str, str]) -> None:
    """Print a table for each case, the goals, and what was left out."""
    for case in cases:
        rows = {peer.name: medians[key] for peer in case.peers if (key := f"{case.name} / {peer.name}") in medians}
        if rows:
            out.print(_table(case, rows))
    out.print(_goals(medians))
    for what, why in left_out.items():
        out.print(f"left out: {what}: {why}", style="yellow")


def _columns(case: Case) -> tuple[Column, ...]:
    if not case.load:
        return RESTING
    return (*(DELAYS if "--stamps" in case.load else RATES), *(SLOW if "--slow" in case.load else ()))


def _table(case: Case, rows: Mapping[str, Figures]) -> Table:
    columns = _columns(case)
    table = Table("", title=f"{case.name}: {case.title}", title_justify="left")
    for heading, _ in columns:
        table.add_column(heading, justify="right")
    for name, each in rows.items():
        table.add_row(name, *(shown(each) for _, shown in columns))
    return table


def _goals(medians: Medians) -> Table:
    table = Table("the mock's goals", "goal", "measured", "", title_justify="left")
    for goal, value in judged(medians):
        met = "[green]met[/green]" if goal.is_met(value) else "[red]missed[/red]"
        table.add_row(goal.words, goal.bound(), f"{value:,.3g}" if value < 1000 else f"{value:,.0f}", met)
    return table
