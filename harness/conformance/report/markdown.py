"""Reports as GitHub Flavored Markdown, for a comment on a pull request: failures first, the rest folded away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.conformance.redact import cut
from harness.conformance.report import score
from harness.conformance.report.document import Document
from harness.conformance.requirement import LEVELS
from harness.conformance.verdict import HEADLINES, MEANINGS

# GitHub takes 65,536 characters in a comment. Bytes are counted here, which are never fewer.
LIMIT_BYTES = 65_000
MORE_BYTES = 100  # What it takes to tell that some were left out.
NAME_WIDTH = 200  # Of an address or another name in a line of ours.

_SPECIAL = re.compile(r"([\\`*_\[\]|~$!])")
_MENTION = re.compile(r"([@#])(?=\w)")
_CODE = re.compile("`([^`|]+)`")  # A bar would end a cell of a table even here.
_BACKTICKS = re.compile("`+")


@dataclass(frozen=True)
class _Part:
    """Blocks of text between a head and a foot. Those that do not fit in are counted, and called `kind`."""

    head: str
    blocks: Sequence[str]
    kind: str
    foot: str = ""


def text(reports: Sequence[Document], limit_bytes: int = LIMIT_BYTES) -> str:
    """The reports, in one text of at most so many bytes."""
    pairs = [(report, verdict) for report in reports for verdict in report["verdicts"]]
    within: dict[str, list[tuple[Document, Mapping[str, Any]]]] = {each: [] for each in score.STATES}
    for report, verdict in pairs:
        within[score.state(verdict)].append((report, verdict))
    failed = sorted(within["failed"], key=lambda pair: LEVELS.index(pair[1]["level"]))
    parts = [
        _Part(_head(reports), list(_troubles(reports)), "troubles", "\n"),
        _scores(reports),
        _Part("", [_failure(report, verdict) for report, verdict in failed], "failures"),
        _folded("Failed as expected", [_line(v, v["expected_failure"]) for _, v in within["expected-failure"]]),
        _folded("Not observed", [_line(v, v["reason"]) for _, v in within["not-observed"]]),
        _folded("Excluded", [_line(v, v["reason"]) for _, v in within["excluded"]]),
        _Part("", [_facts(report) for report in reports], "reports"),
    ]
    return "".join(_fitting(parts, limit_bytes)).rstrip() + "\n"


def plain(words: str) -> str:
    r"""Words as Markdown shows them: without HTML, mentions of people, links to issues, or markup but code.

    >>> plain("a <b> `c*` |*d*| ` @someone")
    'a &lt;b&gt; `c*` \\|\\*d\\*\\| \\` @&#8203;someone'
    """
    pieces = _CODE.split(" ".join(words.split()))
    return "".join(code(piece) if place % 2 else _escaped(piece) for place, piece in enumerate(pieces))


def _escaped(words: str) -> str:
    words = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MENTION.sub(r"\1&#8203;", _SPECIAL.sub(r"\\\1", words))


def code(words: str) -> str:
    """Words in a line of code.

    >>> code("a"), code("`a` ``b``")
    ('`a`', '``` `a` ``b`` ```')
    """
    words = " ".join(words.split())
    fence = "`" * (_longest(words) + 1)
    space = " " if "`" in words else ""
    return f"{fence}{space}{words}{space}{fence}" if words else ""


def fenced(lines: Iterable[str], language: str) -> str:
    """Lines as a block of code, whatever they hold."""
    block = "\n".join(lines)
    fence = "`" * max(3, _longest(block) + 1)
    return f"{fence}{language}\n{block}\n{fence}\n"


def _longest(words: str) -> int:
    return max((len(run) for run in _BACKTICKS.findall(words)), default=0)


def _fitting(parts: Sequence[_Part], limit_bytes: int) -> Iterator[str]:
    """The parts, the first ones first served; each says how many of its blocks are left out."""
    left = limit_bytes - sum(_size(part.head + part.foot) + MORE_BYTES for part in parts)
    for part in parts:
        if not part.blocks and not part.head:
            continue
        yield part.head
        shown = 0
        for block in part.blocks:
            if _size(block) > left:
                break
            left -= _size(block)
            shown += 1
            yield block
        if shown < len(part.blocks):
            yield f"\n... and {len(part.blocks) - shown} more {part.kind}.\n\n"
        yield part.foot


def _size(words: str) -> int:
    return len(words.encode(errors="backslashreplace"))


def _head(reports: Sequence[Document]) -> str:
    worst = score.worst(reports)
    if len(reports) == 1:
        what = f"{plain(reports[0]['protocol'])} at {code(cut(reports[0]['target'], NAME_WIDTH))}"
    else:
        what = f"{sum(r['exit_code'] == worst for r in reports)} of {len(reports)} reports"
    counts = score.counts(verdict for report in reports for verdict in report["verdicts"])
    told = [f"**{n} {score.STATES[s].lower()}**" if s == "failed" else f"{n} {score.STATES[s].lower()}"
            for s, n in counts.items() if n]  # fmt: skip
    meaning = f"Exit code {worst}: {MEANINGS[worst]}."
    return (
        f"## {HEADLINES[worst].upper()}: {what}\n\n{', '.join(told) or 'No requirement was asked for'}. {meaning}\n\n"
    )


def _troubles(reports: Sequence[Document]) -> Iterator[str]:
    for report in reports:
        for broken in report["broken_checks"]:
            yield f"- A check has a bug: {plain(broken)}\n"
        for stale in report["stale_expected_failures"]:
            yield f"- Stale in the list of expected failures: {plain(stale)}\n"


def _scores(reports: Sequence[Document]) -> _Part:
    titles = " | ".join(score.STATES.values())
    head = (
        "<details><summary>Score by section</summary>\n\n"
        f"| Protocol | Section | Level | {titles} |\n|---|---|---|{'--:|' * len(score.STATES)}\n"
    )
    rows = []
    for report in reports:
        name = plain(report["protocol"])
        rows.append(_row(f"**{name}**", "**all**", "", report["verdicts"]))
        rows += [_row(name, "all", level, of) for level, of in score.grouped(report["verdicts"], "level")]
        rows += [_row(name, plain(section), "", of) for section, of in score.grouped(report["verdicts"], "section")]
    return _Part(head, rows, "rows", "\n</details>\n\n")


def _row(protocol: str, section: str, level: str, verdicts: Sequence[Mapping[str, Any]]) -> str:
    cells = [str(count or "") for count in score.counts(verdicts).values()]
    return f"| {' | '.join([protocol, section, level, *cells])} |\n"


def _failure(report: Document, verdict: Mapping[str, Any]) -> str:
    lines = [
        f"### {verdict['id']}: failed\n\n",
        f"{verdict['level']}, {plain(report['protocol'])}, {plain(verdict['section'])}: {plain(verdict['text'])}\n\n",
    ]
    first = verdict["failures"][0] if verdict["failures"] else None
    if first is None:
        lines.append(f"- **Found:** {code(verdict['reason'])}\n\n")
    else:
        lines.append(f"- **Expected:** {code(first['expected'])}\n")
        lines.append(f"- **Found:** {code(first['found'])}\n\n" if first["found"] else "\n")
        # In the colours of a difference, `!` begins a line that stands out.
        lines.append(fenced(first["excerpt"], "diff") if first["excerpt"] else "")
        more = len(verdict["failures"]) - 1
        lines.append(f"{more} further violation(s) of it in this run.\n" if more else "")
    return "".join([*lines, "\nAgain:\n", fenced([verdict["rerun"]], "sh") if verdict["rerun"] else "", "\n"])


def _folded(title: str, lines: Sequence[str]) -> _Part:
    if not lines:
        return _Part("", [], "")
    head = f"<details><summary>{title} ({len(lines)})</summary>\n\n"
    return _Part(head, lines, "requirements", "\n</details>\n\n")


def _line(verdict: Mapping[str, Any], reason: str) -> str:
    return f"- `{verdict['id']}` {verdict['level']}, {plain(verdict['section'])}: {plain(reason)}\n"


def _facts(report: Document) -> str:
    facts = [
        f"{plain(report['protocol'])} at {code(cut(report['target'], NAME_WIDTH))}",
        report.get("started_at"),
        f"{report['conversations']} conversations in {report['took_s']:.1f} s",
        f"seed {report['seed']}",
        f"ws-harness {plain(report['version'])}" if report.get("version") else None,
    ]
    return f"<sub>{', '.join(filter(None, facts))}</sub>  \n"
