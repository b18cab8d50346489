"""Makes of a finding what a report shows of it: a server that floods leaves hundreds of them, each a long record."""

from __future__ import annotations

from dataclasses import replace

from harness.conformance.budget import is_long
from harness.conformance.check import Violation, shown
from harness.conformance.verdict import Finding
from harness.core.conversation import Conversation, Entry
from harness.core.message import Frame, Opcode

AROUND = 20  # Frames kept before and after the one in question, of a record that is too long.
MAX_FRAME_BYTES = 2048  # And so much of each.
MAX_EVIDENCE = 10_000  # Characters.


def slim(finding: Finding) -> Finding:
    """The finding without what its exception holds on to, and without most of a record that is too long."""
    violation = Violation(finding.violation.expected, finding.violation.evidence)  # It has no traceback.
    record = finding.conversation
    if record is None or not is_long(record):
        return replace(finding, violation=violation)
    told = Violation(violation.expected, _brief(violation.evidence))
    kept, marked = _around(record, finding.entry)
    return replace(finding, violation=told, conversation=kept, marked=marked)


def _brief(evidence: object) -> object:
    return shown(evidence, MAX_EVIDENCE) if isinstance(evidence, dict | list | str) else evidence


def _around(record: Conversation, entry: Entry | None) -> tuple[Conversation, Entry | None]:
    entries = list(record.entries)
    at = next((n for n, each in enumerate(entries) if each is entry), len(entries) - 1)
    first, last = max(0, at - AROUND), at + AROUND + 1
    kept = Conversation(dict(record.about), dropped=record.dropped + first)
    kept.entries.extend(_cut(each) for each in entries[first:last])
    return kept, kept.entries[at - first] if entries else None


def _cut(entry: Entry) -> Entry:
    frame = entry.frame
    if frame.opcode is Opcode.CLOSE or len(frame.data) <= MAX_FRAME_BYTES:
        return Entry(entry.at_s, entry.sender, frame)
    return Entry(entry.at_s, entry.sender, Frame(frame.opcode, frame.data[:MAX_FRAME_BYTES] + b"..."))
