"""`make bench`: every case with every peer, in rounds that take turns; a table, and the figures as JSON."""

from __future__ import annotations

import json
import statistics
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bench import machine, table
from bench.cases import CASES, Case
from bench.payload import telemetry
from bench.peers import Peer
from bench.trial import Failed, measure

out = Console(width=120, highlight=False)
RESULTS = machine.ROOT / "reports" / "bench"

Trials = dict[tuple[str, str], list[dict[str, Any]]]  # By case and peer.


def main(
    rounds: Annotated[int, typer.Option(help="How often each is measured; the median counts.", min=1)] = 3,
    quick: Annotated[bool, typer.Option("--quick", help="One round of a second each.")] = False,
    case: Annotated[list[str] | None, typer.Option(help="Only this case; repeatable.")] = None,
    peer: Annotated[list[str] | None, typer.Option(help="Only this peer; repeatable.")] = None,
    connections: Annotated[int | None, typer.Option(help="Fewer clients, for a try.")] = None,
    keep: Annotated[Path, typer.Option(help="Where the figures go, as JSON.")] = RESULTS,
) -> None:
    """Measure, and fail nothing: what cannot be measured is named."""
    if machine.without_gcc():
        out.print("gcc is not here, and the load is a C program: nothing can be measured.")
        return
    chosen = [each for each in CASES if not case or each.name in case]
    began = time.monotonic()
    trials, left_out = _measured(chosen, peer, 1 if quick else rounds, 1.0 if quick else None, connections)
    medians = {f"{c} / {p}": _median(each) for (c, p), each in trials.items()}
    table.show(out, chosen, medians, left_out)
    report = {"machine": machine.described(), "medians": medians, "left_out": left_out}
    _store(report, keep)
    out.print(f"{time.monotonic() - began:.0f} s in all")


def _measured(
    cases: list[Case], only: list[str] | None, rounds: int, seconds: float | None, connections: int | None
) -> tuple[Trials, dict[str, str]]:
    payload = telemetry()
    trials: Trials = {}
    left_out: dict[str, str] = {}
    for number in range(rounds):
        for case in cases:
            for peer in case.peers:
                if only and peer.name not in only:
                    continue
                why = peer.missing() or _tried(case, peer, payload, seconds, trials)
                if why:
                    left_out[f"{case.name} / {peer.name}"] = why
        out.print(f"round {number + 1} of {rounds} is done")
    return trials, left_out


def _tried(case: Case, peer: Peer, payload: Path, seconds: float | None, trials: Trials) -> str:
    """Measure once; why that failed is given back, "" when it did not."""
    try:
        figures = measure(case, peer, payload, seconds or case.seconds)
    except Failed as error:
        return str(error)
    trials.setdefault((case.name, peer.name), []).append(figures)
    return ""


def _median(trials: list[dict[str, Any]]) -> dict[str, float]:
    return {name: statistics.median(each[name] for each in trials) for name in trials[0]}


def _store(report: dict[str, Any], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    out.print(f"stored as {path}")


if __name__ == "__main__":
    typer.run(main)
