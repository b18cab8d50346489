"""The report as JUnit XML: one test case for each requirement, in one suite for each section."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as Xml

from harness.conformance.verdict import Report, Verdict

# What XML 1.0, 2.2 does not allow in a document, however it is written.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(report: Report, path: Path) -> None:
    """Write the report to a file."""
    Xml.ElementTree(tree(report)).write(path, encoding="utf-8", xml_declaration=True)


def tree(report: Report) -> Xml.Element:
    """The report as an element `testsuites`."""
    root = Xml.Element(
        "testsuites", {"name": _clean(f"{report.protocol} at {report.target}"), **_counts(report.verdicts)}
    )
    root.set("time", f"{report.took_s:.3f}")
    for section in dict.fromkeys(v.requirement.section for v in report.verdicts):
        verdicts = [v for v in report.verdicts if v.requirement.section == section]
        suite = Xml.SubElement(root, "testsuite", {"name": _clean(section), **_counts(verdicts)})
        for verdict in verdicts:
            _case(suite, report, verdict)
    Xml.indent(root)
    return root


def _case(suite: Xml.Element, report: Report, verdict: Verdict) -> None:
    section = re.sub(r"\W+", "_", verdict.requirement.section)
    case = Xml.SubElement(suite, "testcase", classname=_clean(f"{report.protocol}.{section}"), name=verdict.id)
    if verdict.verdict == "failed" and verdict.expected_failure is None:
        failure = Xml.SubElement(case, "failure", message=_clean(verdict.reason), type=verdict.requirement.level)
        lines = [verdict.requirement.text, *(line for f in verdict.failures for line in f.excerpt), verdict.rerun]
        failure.text = _clean("\n".join(lines))
    elif verdict.verdict == "failed":
        Xml.SubElement(case, "skipped", message=_clean(f"expected failure: {verdict.expected_failure}"))
    elif verdict.verdict != "passed":
        Xml.SubElement(case, "skipped", message=_clean(f"{verdict.verdict}: {verdict.reason}"))


def _counts(verdicts: list[Verdict]) -> dict[str, str]:
    failed = sum(v.verdict == "failed" and v.expected_failure is None for v in verdicts)
    passed = sum(v.verdict == "passed" for v in verdicts)
    counts = {"tests": len(verdicts), "failures": failed, "errors": 0, "skipped": len(verdicts) - failed - passed}
    return {name: str(count) for name, count in counts.items()}


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
