"""Reports as one page of HTML: what came of each requirement, with the conversations in which it failed."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from harness.conformance.excerpt import content_first
from harness.conformance.redact import cut
from harness.conformance.report import page, score
from harness.conformance.report.document import Document
from harness.conformance.requirement import LEVELS
from harness.conformance.verdict import FOUND_WIDTH, HEADLINES, MEANINGS

GIST_WIDTH = 300  # Characters of a message on one line.
SHORT_WIDTH = 60  # What is no message and no longer than this needs no unfolding.
INDENTED_WIDTH = 20_000  # What is nested so deep that it grows beyond this is shown as it came.

_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*|\b(?:true|false|null)\b)')


def text(reports: Sequence[Document]) -> str:
    """The page that shows these reports."""
    verdicts = [verdict for report in reports for verdict in report["verdicts"]]
    worst = score.worst(reports)
    views = list(_views(reports))
    return page.render(
        "report.html",
        reports=views,
        headline=HEADLINES[worst],
        meaning=MEANINGS[worst],
        exit_code=worst,
        counts=score.counts(verdicts),
        choices=[(v["place"], [(f"{v['place']}/{of['name']}", of["name"]) for of in v["sections"]]) for v in views],
        levels={level: level for level in LEVELS},
        level_counts=Counter(verdict["level"] for verdict in verdicts),
        protocol_scores=[(view["protocol"], view["counts"], view["place"]) for view in views],
    )


def _views(reports: Sequence[Document]) -> Iterator[dict[str, Any]]:
    """The reports with what a page needs beside: scores, and a place that a link can name, for each thing once."""
    taken = {"main", "requirements"}  # The page's own.
    for report in reports:
        place = _place(taken, _slug(report["protocol"]))
        verdicts = [_verdict(verdict, taken, place) for verdict in report["verdicts"]]
        sections = [
            {"name": name, "place": _place(taken, f"{place}-{_slug(name)}"), "counts": score.counts(of), "of": of}
            for name, of in score.grouped(verdicts, "section")
        ]
        yield {
            "version": None,  # Older reports do not tell it, nor when the run began.
            "started_at": None,
            **report,
            "place": place,
            "headline": HEADLINES[report["exit_code"]],
            "counts": score.counts(verdicts),
            "sections": sections,
            "section_scores": [(each["name"], each["counts"], each["place"]) for each in sections],
            "level_scores": [(level, score.counts(of), None) for level, of in score.grouped(verdicts, "level")],
            "failed": [verdict for verdict in verdicts if verdict["state"] == "failed"],
        }


def _place(taken: set[str], wanted: str, other: str = "") -> str:
    """A name that no other place in the page has: this one, or this one for `other`, or a numbered one."""
    names = [wanted, f"{wanted}-{other}"] if other else [wanted]
    names += (f"{names[-1]}-{number}" for number in range(2, len(taken) + 3))
    place = next(name for name in names if name not in taken)
    taken.add(place)
    return place


def _slug(name: str) -> str:
    return re.sub(r"\W+", "-", name).strip("-").lower() or "report"


def _verdict(verdict: Mapping[str, Any], taken: set[str], report: str) -> dict[str, Any]:
    return {
        **verdict,
        "state": score.state(verdict),
        "place": _place(taken, verdict["id"], report),
        "failures": [_failure(failure) for failure in verdict["failures"]],
    }


def _failure(failure: Mapping[str, Any]) -> dict[str, Any]:
    conversation = failure.get("conversation")
    frames = [_frame(frame) for frame in conversation["frames"]] if conversation else []
    return {
        **failure,
        "conversation": {**conversation, "frames": frames} if conversation else None,
        # A message that is marked below need not be told twice.
        "is_marked": any(frame["marked"] and frame["line"] == failure["found"] for frame in frames),
    }


def _frame(frame: Mapping[str, Any]) -> dict[str, Any]:
    """A frame with its `kind` (a message's type, or the opcode), all of it as `whole`, and its `gist` in a line.

    `whole` is empty where the gist is all of it. `line` is how a failure tells of it as found.
    """
    message = None if frame["cut"] else _message(frame["text"])
    if message is None:
        words = frame["text"]
        whole = words if len(words) > SHORT_WIDTH or frame["cut"] else ""
        return {**frame, "kind": frame["opcode"], "gist": cut(words, GIST_WIDTH), "whole": whole, "line": words}
    kind = message.get("type")
    message_line = json.dumps(content_first(message), ensure_ascii=False)
    rest = {name: value for name, value in content_first(message).items() if name != "type"}
    return {
        **frame,
        "kind": cut(kind, 40) if isinstance(kind, str) else frame["opcode"],
        "gist": cut(json.dumps(rest, ensure_ascii=False), GIST_WIDTH),
        "whole": coloured(_indented(message, frame["text"])),
        "line": cut(message_line, FOUND_WIDTH),
    }


def _message(words: str) -> dict[str, Any] | None:
    try:
        value = json.loads(words)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _indented(message: Mapping[str, Any], as_it_came: str) -> str:
    words = json.dumps(message, indent=2, ensure_ascii=False)
    return words if len(words) <= INDENTED_WIDTH else as_it_came


def coloured(words: str) -> Markup:
    """JSON as HTML, in which names, strings and other values can be told apart."""
    return Markup("").join(_pieces(words))


def _pieces(words: str) -> Iterator[Markup]:
    at = 0
    for match in _TOKEN.finditer(words):
        yield escape(words[at : match.start()])
        at = match.end()
        string, colon, other = match.groups()
        if string is None:
            yield Markup("<i class=value>{}</i>").format(other)
        elif colon:
            yield Markup("<i class=name>{}</i>{}").format(string, colon)
        else:
            yield Markup("<i class=string>{}</i>").format(string)
    yield escape(words[at:])
