"""The matrix: requirement x check x defect x verdict, made by letting the suite meet every defect that there is.

Protocols are judged in memory and in virtual time, the wire over loopback; the work is spread over processes.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace

from harness import protocols
from harness.conformance import suite
from harness.conformance.proof import Proof, prove
from harness.conformance.rehearsal import errors_only
from harness.conformance.requirement import Requirement
from harness.conformance.runner import Options, run
from harness.conformance.socket import SocketOpener
from harness.conformance.suite import Suite
from harness.conformance.verdict import Verdict, Word
from harness.conformance.wire.faults import FAULTS, Fault
from harness.conformance.wire.faulty import serving
from harness.core.defect import Defect, defects_in

SHARE = 12  # Defects that one process takes at a time.
WIRE_REPLY_S = 1.0  # Loopback is quick; a few faults leave a check waiting for as long.
WIRE_SIDE_BY_SIDE = 8


@dataclass(frozen=True, slots=True)
class Cell:
    """What the suite said of a server with one defect.

    `verdict` is that of the requirement which the defect breaks, `check` the one that noticed, `found` what it said.
    `others` failed beside it; `strays` are those among them that the defect does not declare. Both are empty where
    the rest of the suite was not run.
    """

    id: str
    defect: str
    text: str
    verdict: Word
    check: str = ""
    found: str = ""
    others: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One requirement: the names of its checks, and what came of each defect that breaks it."""

    requirement: Requirement
    checks: tuple[str, ...]
    cells: tuple[Cell, ...]

    @property
    def is_proved(self) -> bool:
        """Whether every defect was noticed, and there is one where there is a check of a server."""
        wanted = bool(self.checks) and self.requirement.side == "server"
        return all(cell.verdict == "failed" for cell in self.cells) and (bool(self.cells) or not wanted)


@dataclass(frozen=True, slots=True)
class Matrix:
    """All rows of one suite. `whole` tells whether the rest of the suite was run beside what each defect breaks."""

    protocol: str
    rows: tuple[Row, ...]
    whole: bool = False

    @property
    def cells(self) -> list[Cell]:
        """Those of all rows."""
        return [cell for row in self.rows for cell in row.cells]

    @property
    def wrong(self) -> list[str]:
        """What is not as it should be, in words."""
        return [*self._unproved(), *self._strays()]

    def _unproved(self) -> Iterator[str]:
        for row in self.rows:
            missed = [cell for cell in row.cells if cell.verdict != "failed"]
            yield from (f"{cell.id} is {cell.verdict} on a server with {cell.defect}" for cell in missed)
            if not row.is_proved and not missed:
                yield f"{row.requirement.id} is checked, and no defect breaks it"

    def _strays(self) -> Iterator[str]:
        for cell in self.cells:
            if cell.strays:
                yield f"{cell.defect} breaks {', '.join(cell.strays)}, too, and does not say so"


def build(
    names: Sequence[str] = (), *, whole: bool = False, jobs: int | None = None, told: Callable[[int, int], None]
) -> list[Matrix]:
    """The matrices of these suites (none: all). `told(done, of)` hears how many defects were met.

    With `whole`, all checks meet each defect, not only those of what it breaks: it takes minutes rather than seconds.
    Errors: LookupError when there is no such suite.
    """
    suites = [suite.load(name) for name in names or suite.names()]
    shares = [share for each in suites for share in _shares(each)]
    total, met = sum(len(share) for _, share in shares), 0
    cells: list[Cell] = []
    # Not forked: the processes shall not inherit loops and threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs or os.cpu_count() or 1, context, _end_with_parent) as pool:
        work = {pool.submit(meet, name, share, whole): len(share) for name, share in shares}
        for done in as_completed(work):
            cells += done.result()
            met += work[done]
            told(met, total)
    return [Matrix(each.protocol, tuple(_rows(each, cells)), whole) for each in suites]


def _end_with_parent() -> None:
    """Let this process end when the one that started it does, which may be killed: it would wait for work for ever."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def defects_of(name: str) -> list[Defect] | list[Fault]:
    """What proves the checks of this suite."""
    return list(FAULTS) if name == suite.WIRE else list(defects_in(f"harness.protocols.{name}.defects"))


def _shares(each: Suite) -> Iterator[tuple[str, list[str]]]:
    names = [defect.name for defect in defects_of(each.protocol)]
    # The wire waits more than it works, so that all of it goes to one process.
    size = len(names) if each.protocol == suite.WIRE else SHARE
    for start in range(0, len(names), size):
        yield each.protocol, names[start : start + size]


def _rows(each: Suite, cells: Iterable[Cell]) -> Iterator[Row]:
    by_id: dict[str, list[Cell]] = {}
    for cell in cells:
        by_id.setdefault(cell.id, []).append(cell)
    for requirement in each.requirements.values():
        checks = tuple(check.name for check in each.checks if check.id == requirement.id)
        # Whoever was first to finish, the matrix is the same.
        found = sorted(by_id.get(requirement.id, ()), key=lambda cell: cell.defect)
        yield Row(requirement, checks, tuple(found))


def meet(name: str, names: Sequence[str], whole: bool) -> list[Cell]:
    """Let the suite meet these defects; with `whole`, all of its checks. It runs in a process of its own."""
    if name == suite.WIRE:
        return asyncio.run(_meet_on_the_wire([fault for fault in FAULTS if fault.name in names]))
    found, protocol = suite.load(name), protocols.load(name)
    chosen = [d for d in defects_in(f"harness.protocols.{name}.defects") if d.name in names]
    with errors_only():
        return [_cell(prove(found, protocol, defect, whole=whole)) for defect in chosen]


def _cell(proof: Proof) -> Cell:
    defect = proof.defect
    strays = tuple(id_ for id_ in proof.others if id_ not in defect.also)
    return _judged(
        Cell(defect.breaks, defect.name, defect.text, "passed", others=proof.others, strays=strays), proof.verdict
    )


def _judged(cell: Cell, verdict: Verdict) -> Cell:
    """The cell with what the verdict says."""
    if not verdict.failures:
        return replace(cell, verdict=verdict.verdict, found=verdict.reason)
    (failure, *_) = verdict.failures
    found = failure.expected + (f"; found {failure.found}" if failure.found else "")
    return replace(cell, verdict=verdict.verdict, check=failure.check, found=found)


async def _meet_on_the_wire(faults: Sequence[Fault]) -> list[Cell]:
    wire = suite.load(suite.WIRE)
    turn = asyncio.Semaphore(WIRE_SIDE_BY_SIDE)

    async def one(fault: Fault) -> list[Cell]:
        async with turn, serving(fault.name) as url:
            return await _wire_cells(wire, fault, url)

    met = await asyncio.gather(*(one(fault) for fault in faults))
    return [cell for cells in met for cell in cells]


async def _wire_cells(wire: Suite, fault: Fault, url: str) -> list[Cell]:
    opener = SocketOpener()
    try:
        profile = replace(wire.demo_profile(url, random.Random(1)), reply_s=WIRE_REPLY_S)
        report = await run(wire, profile, opener, time.time, Options(only=fault.breaks))
    finally:
        await opener.close()
    return [_judged(Cell(id_, fault.name, fault.text, "passed"), report[id_]) for id_ in fault.breaks]
