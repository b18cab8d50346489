"""The files that a report can be written to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.conformance.report import document, html, junit, markdown
from harness.conformance.report.document import Document


class UnwritableError(OSError):
    """A report could not be written. The text names option, file and a way out."""


@dataclass(frozen=True)
class Files:
    """Where to write, by format. What is None is not written."""

    json: Path | None = None
    junit: Path | None = None
    markdown: Path | None = None
    html: Path | None = None

    def __iter__(self) -> Iterator[tuple[str, Path]]:
        """Option and file of each format that is wanted."""
        named = {"--json": self.json, "--junit": self.junit, "--markdown": self.markdown, "--html": self.html}
        return ((option, path) for option, path in named.items() if path is not None)

    def require_writable(self) -> None:
        """UnwritableError when one cannot be written: told before a run, since a run may take minutes."""
        for option, path in self:
            problem = _problem(path)
            if problem:
                raise UnwritableError(f"{option}: {path} cannot be written: {problem}")

    def write(self, *reports: Document) -> None:
        """Write the reports: one to every file, or several to those of Markdown and HTML. Errors: OSError."""
        if self.json is not None:
            _write(self.json, document.text(*reports))
        if self.junit is not None:
            _write(self.junit, junit.text(*reports))
        if self.markdown is not None:
            _write(self.markdown, markdown.text(reports))
        if self.html is not None:
            _write(self.html, html.text(reports))


def _problem(path: Path) -> str | None:
    folder = path.parent
    if not folder.exists():
        return f"there is no folder {folder}; create it first"
    if not folder.is_dir():
        return f"{folder} is no folder"
    if path.is_dir():
        return "it is a folder; expected a file in it"
    if not os.access(path if path.exists() else folder, os.W_OK):
        return "permission is denied"
    return None


def _write(path: Path, text: str) -> None:
    # A report holds what a server sent; whatever has no UTF-8 is told by its number.
    path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
