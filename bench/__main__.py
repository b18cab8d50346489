"""`make bench`: every case with every peer, in rounds that take turns; a table, and the figures as JSON."""

from __future__ import annotations

import json
import statistics
import sys
import time
from dataclasses import replace
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


SPARE_FILES = 100  # That a server has open beside its connections.


def main(
    rounds: Annotated[int, typer.Option(help="How often each is measured; the median counts.", min=1)] = 3,
    quick: Annotated[bool, typer.Option("--quick", help="One round, and a third of the time for each.")] = False,
    case: Annotated[list[str] | None, typer.Option(help="Only this case; repeatable.")] = None,
    peer: Annotated[list[str] | None, typer.Option(help="Only this peer; repeatable.")] = None,
    connections: Annotated[int | None, typer.Option(help="At most so many clients.")] = None,
    keep: Annotated[Path, typer.Option(help="The folder for the figures, as JSON.")] = RESULTS,
) -> None:
    """Measure, and fail nothing: what cannot be measured is named."""
    if machine.without_gcc():
        out.print("The load is a C program, and gcc is not here: nothing is measured.")
        return
    began = time.monotonic()
    most = min(machine.most_open_files() - SPARE_FILES, connections or sys.maxsize)
    chosen = [_adjusted(each, most, quick) for each in CASES if not case or each.name in case]
    for each, asked in zip(chosen, [each for each in CASES if not case or each.name in case], strict=True):
        if each.connections < asked.connections and not connections:
            out.print(f"{each.name}: {each.connections} clients, since no more files may be open (`ulimit -n`)")
    trials, left_out = _measured(chosen, peer, 1 if quick else rounds)
    medians = {f"{c} / {p}": _median(each) for (c, p), each in trials.items()}
    table.show(out, chosen, medians, left_out)
    _store({"machine": machine.described(), "medians": medians, "left_out": left_out}, keep)
    out.print(f"{time.monotonic() - began:.0f} s in all")


def _adjusted(case: Case, most: int, quick: bool) -> Case:
    """The case with no more clients than this; shorter where there is no time, unless it is about delays."""
    seconds = case.seconds / 3 if quick and "--stamps" not in case.load else case.seconds
    return replace(case, connections=min(case.connections, most), seconds=seconds)


def _measured(cases: list[Case], only: list[str] | None, rounds: int) -> tuple[Trials, dict[str, str]]:
    payload = telemetry()
    trials: Trials = {}
    left_out: dict[str, str] = {}
    for number in range(rounds):
        for case in cases:
            for peer in case.peers:
                if not only or peer.name in only:
                    _try(case, peer, payload, trials, left_out)
        out.print(f"round {number + 1} of {rounds} is done")
    return trials, left_out


def _try(case: Case, peer: Peer, payload: Path, trials: Trials, left_out: dict[str, str]) -> None:
    """Measure once, or say why that was not possible."""
    try:
        if why := peer.missing():
            raise Failed(why)
        out.print(f"{case.name} / {peer.name} ...", style="dim")
        trials.setdefault((case.name, peer.name), []).append(measure(case, peer, payload))
    except Failed as error:
        left_out[f"{case.name} / {peer.name}"] = str(error)


def _median(trials: list[dict[str, Any]]) -> dict[str, float]:
    medians = {name: statistics.median(each[name] for each in trials) for name in trials[0]}
    return {**medians, "rounds": len(trials)}


def _store(report: dict[str, Any], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    out.print(f"stored as {path}")


if __name__ == "__main__":
    typer.run(main)
