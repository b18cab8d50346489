"""The matrix: every defect is met by the suite, and what is not as it should be is told."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import psutil
import pytest

from harness.conformance import matrix, suite
from harness.conformance.matrix import Cell, Matrix, Row
from harness.conformance.requirement import Requirement

REQUIREMENT = Requirement("SKY-HB-01", "MUST", "server", "Heartbeat", "A Heartbeat is answered.")
NOTICED = Cell("SKY-HB-01", "has-no-heart", "Never answers.", "failed", "heartbeats_are_answered", "a Heartbeat")
ROW = Row(REQUIREMENT, ("heartbeats_are_answered",), (NOTICED,))


def test_each_defect_of_a_suite_is_met_and_noticed():
    told = []
    matrices = matrix.build(["wire", "brainstream"], told=lambda done, of: told.append((done, of)))
    assert [each.protocol for each in matrices] == ["wire", "brainstream"]
    for each in matrices:
        assert [row.requirement.id for row in each.rows] == list(suite.load(each.protocol).requirements)
        assert {cell.defect for cell in each.cells} == {defect.name for defect in matrix.defects_of(each.protocol)}
        assert each.wrong == []
        assert {cell.verdict for cell in each.cells} == {"failed"}
        assert [cell.defect for cell in each.cells if not (cell.check and cell.found)] == []
    assert told[-1][0] == told[-1][1] == sum(len(matrix.defects_of(each.protocol)) for each in matrices)


@pytest.mark.socket
def test_its_processes_end_when_it_is_killed():
    code = """
from harness.conformance import matrix
if __name__ == "__main__":
    matrix.build(["skybit"], jobs=2, told=lambda done, of: print(done, flush=True))
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as run:
        assert run.stdout.readline()  # So its processes are at work.
        workers = psutil.Process(run.pid).children(recursive=True)
        run.kill()
        _, left = psutil.wait_procs(workers, timeout=20)
    assert len(workers) >= 2
    assert left == []


def test_a_suite_that_is_not_there_is_told():
    with pytest.raises(LookupError, match="Did you mean 'skybit'"):
        matrix.build(["skybitt"], told=lambda done, of: None)


def test_the_rest_of_the_suite_meets_a_defect_where_that_is_asked_for():
    name = "two-objects-in-lines"
    [alone] = matrix.meet("brainstream", [name], whole=False)
    [whole] = matrix.meet("brainstream", [name], whole=True)
    assert alone.others == ()
    assert "BRA-CMD-01" in whole.others
    assert whole.strays == ()
    assert replace(whole, others=()) == alone


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        (ROW, []),
        (
            replace(ROW, cells=(replace(NOTICED, verdict="passed"),)),
            ["SKY-HB-01 is passed on a server with has-no-heart"],
        ),
        (
            replace(ROW, cells=(NOTICED, replace(NOTICED, defect="deaf", verdict="not-observed"))),
            ["SKY-HB-01 is not-observed on a server with deaf"],
        ),
        (replace(ROW, cells=()), ["SKY-HB-01 is checked, and no defect breaks it"]),
        (replace(ROW, cells=(), requirement=replace(REQUIREMENT, side="client")), []),
        (replace(ROW, cells=(), checks=()), []),
        (
            replace(ROW, cells=(replace(NOTICED, others=("SKY-A-01", "SKY-B-01"), strays=("SKY-B-01",)),)),
            ["has-no-heart breaks SKY-B-01, too, and does not say so"],
        ),
    ],
)
def test_what_is_not_as_it_should_be_is_told(row, wrong):
    assert Matrix("skybit", (row,)).wrong == wrong
