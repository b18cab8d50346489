"""The figures as tables: one for each case, peers beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from bench.cases import Case

Figures = Mapping[str, float]

BUSY = 0.95  # A load side that uses so much of its core may have been what is measured.


def show(out: Console, cases: Sequence[Case], medians: Mapping[str, Figures], left_out: Mapping[str, str]) -> None:
    """Print a table for each case, and what was left out."""
    for case in cases:
        rows = {peer.name: medians[key] for peer in case.peers if (key := f"{case.name} / {peer.name}") in medians}
        if rows:
            out.print(_table(case, rows))
    for what, why in left_out.items():
        out.print(f"left out: {what}: {why}")


def _table(case: Case, rows: Mapping[str, Figures]) -> Table:
    table = Table("", "a second", "per CPU-second", "server CPU", "load CPU", "MiB", title=f"{case.name}: {case.title}")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, each in rows.items():
        busy = "!" if each["load_cpu"] > BUSY else ""
        table.add_row(
            name,
            f"{each['rate']:,.0f}",
            f"{each['per_cpu_s']:,.0f}",
            f"{each['server_cpu']:.0%}",
            f"{each['load_cpu']:.0%}{busy}",
            f"{each['memory_mib']:.0f}",
        )
    return table
