"""The report as JUnit XML: one test case for each requirement, in one suite for each section."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree import ElementTree as Xml

from harness.conformance.report import score
from harness.conformance.report.document import Document
from harness.conformance.verdict import MEANINGS

# What XML 1.0, 2.2 does not allow in a document, however it is written.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(report: Document) -> str:
    """The report as it is written to a file."""
    return f'<?xml version="1.0" encoding="utf-8"?>\n{Xml.tostring(tree(report), encoding="unicode")}\n'


def tree(report: Document) -> Xml.Element:
    """The report as an element `testsuites`."""
    name = f"{report['protocol']} at {report['target']}"
    root = Xml.Element("testsuites", name=_clean(name), time=f"{report['took_s']:.3f}")
    root.append(_run(report))
    sections: dict[str, list[Mapping[str, Any]]] = {}
    for verdict in report["verdicts"]:
        sections.setdefault(verdict["section"], []).append(verdict)
    for section, verdicts in sections.items():
        suite = Xml.SubElement(root, "testsuite", name=_clean(section))
        suite.extend(_case(report, verdict) for verdict in verdicts)
    _count(root, list(root))
    Xml.indent(root)
    return root


def _run(report: Document) -> Xml.Element:
    """What concerns the run as a whole: its facts, checks with a bug, stale entries among the expected failures."""
    suite = Xml.Element("testsuite", name="The run")
    facts = {name: report.get(name) for name in ("target", "seed", "version", "started_at")}
    facts["exit_code"] = f"{report['exit_code']} ({MEANINGS[report['exit_code']]})"
    properties = Xml.SubElement(suite, "properties")
    for name, value in facts.items():
        if value is not None:
            Xml.SubElement(properties, "property", name=name, value=_clean(str(value)))
    for broken in report["broken_checks"]:
        case = Xml.SubElement(suite, "testcase", classname=f"{report['protocol']}.broken_check", name=_clean(broken))
        Xml.SubElement(case, "error", message="A check has a bug", type="broken")
    for stale in report["stale_expected_failures"]:
        case = Xml.SubElement(suite, "testcase", classname=f"{report['protocol']}.expected_failure", name=_clean(stale))
        Xml.SubElement(case, "failure", message="Stale in the list of expected failures", type="stale")
    return suite


def _case(report: Document, verdict: Mapping[str, Any]) -> Xml.Element:
    section = re.sub(r"\W+", "_", verdict["section"])
    case = Xml.Element("testcase", classname=_clean(f"{report['protocol']}.{section}"), name=verdict["id"])
    match score.state(verdict):
        case "passed":
            pass
        case "failed":
            failure = Xml.SubElement(case, "failure", message=_clean(verdict["reason"]), type=verdict["level"])
            excerpts = (line for each in verdict["failures"] for line in each["excerpt"])
            failure.text = _clean("\n".join([verdict["text"], *excerpts, verdict["rerun"]]))
        case "expected-failure":
            Xml.SubElement(case, "skipped", message=_clean(f"expected failure: {verdict['expected_failure']}"))
        case _:
            Xml.SubElement(case, "skipped", message=_clean(f"{verdict['verdict']}: {verdict['reason']}"))
    return case


def _count(root: Xml.Element, suites: Iterable[Xml.Element]) -> None:
    for each in (root, *suites):
        each.set("tests", str(len(list(each.iter("testcase")))))
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            each.set(name, str(len(list(each.iter(tag)))))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
