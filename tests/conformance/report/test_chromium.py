"""A report as its reader meets it: from a file, in Chromium; wide, narrow, light, dark, with script and without."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import protocols
from harness.conformance import suite
from harness.conformance.rehearsal import rehearse
from harness.conformance.report import html
from harness.conformance.report.document import document
from harness.conformance.runner import Options
from harness.core.defect import defects_in

ROOT = Path(__file__).parents[3]
DEFECTS = ("status-of-another-symbol", "status-of-another-side")
ID = "SKY-APPR-02"
PAPER, NIGHT = "rgb(250, 249, 246)", "rgb(21, 23, 26)"

pytestmark = [pytest.mark.node, pytest.mark.chromium]


@pytest.fixture(scope="module")
def broken():
    """The report on a mock with several defects, as JSON."""
    protocol = protocols.load("skybit")
    for defect in defects_in("harness.protocols.skybit.defects"):
        if defect.name in DEFECTS:
            protocol = defect.apply(protocol)
    report = document(rehearse(suite.load("skybit"), protocol, Options(only=("SKY-APPR", "SKY-STAT", "SKY-CLIENT"))))
    for verdict in report["verdicts"]:
        verdict["rerun"] = f"ws-harness check skybit --self --only {verdict['id']}"
    return report


@pytest.fixture
def seen(broken, told, tmp_path):
    """What a reader sees of it, and of the report on a server that says nasty things."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    (tmp_path / "page.html").write_text(html.text([broken, told]), encoding="utf-8")
    words = ["node", "tests/node/report_chromium.mjs", browser, str(tmp_path / "page.html"), ID]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def ids(*reports, **wanted):
    return [
        verdict["id"]
        for report in reports
        for verdict in report["verdicts"]
        if all(verdict[name] in values for name, values in wanted.items())
    ]


def test_a_reader_finds_what_failed_wherever_the_page_is_opened(seen, broken, told):
    everything = ids(broken, told)
    assert len(ids(broken, verdict=["failed"])) > 1
    # It asks nobody for anything, and complains of nothing.
    assert seen["logged"] == []
    assert seen["requests"] == [seen["url"]]
    assert seen["title"].startswith("Violated: 2 reports")

    assert {name: each["overflow"] for name, each in seen["looks"].items()} == {
        "desktop light": [0, 0],
        "desktop dark": [0, 0],
        "phone light": [0, 0],
        "phone dark": [0, 0],
    }
    assert [each["colours"][0] for each in seen["looks"].values()] == [PAPER, NIGHT] * 2
    assert seen["theme"] == [["auto", PAPER], ["light", PAPER], ["dark", NIGHT], ["light", PAPER]]

    look = {name: each["shown"] for name, each in seen["filters"].items() if name != "none"}
    failed = [*ids(broken, verdict=["failed"]), "FAKE-BAD-01"]  # The other one was expected to fail.
    assert look["all"] == look["cleared"] == look["escaped"] == everything
    assert look["failed"] == failed
    assert sorted(look["failed or excluded"]) == sorted(failed + ids(broken, told, verdict=["excluded"]))
    assert look["failed or excluded, SHOULD"] == ids(broken, told, verdict=["failed", "excluded"], level=["SHOULD"])
    assert look["protocol"] == ids(told)
    assert look["protocol and section"] == ids(told, section=["Fakes"])
    assert look["search"] == [ID]
    assert (look["nothing"], seen["filters"]["none"]) == ([], True)
    assert look["by keyboard"] == ids(broken, told, verdict=["passed"])
    assert seen["filters"]["search"]["count"] == f"1 of {len(everything)}"

    assert seen["link"]["below"] <= seen["link"]["y"] < 400
    assert seen["copy"] in ("Copied", "Selected")

    bare = seen["withoutScript"]
    assert (bare["ids"], bare["filters"], bare["note"], bare["opened"]) == (len(everything), False, True, True)
    assert "symbol of the order to be AAPL" in bare["text"]
    assert '"symbol": "MSFT"' in bare["text"]
    assert f"--only {ID}" in bare["text"]
    paper = seen["onPaper"]
    assert (paper["colours"][0], paper["filters"], paper["more"]) == (PAPER, False, True)
