"""Pages that stand alone: one file of HTML with its style and script, which asks no network for anything.

A template of some folder extends `base.html`, which is here. Its items are found by the script through `data-`
attributes, which `page.js` lists.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from harness import __version__

TEMPLATES = Path(__file__).with_name("templates")


def environment(folder: Path, style: str | None = None, **values: Any) -> Environment:
    """What renders the templates in `folder`, which all know these values; all text in them is escaped.

    `style` names a file of the folder with CSS beyond that of all pages.
    """
    result = Environment(
        loader=FileSystemLoader([folder, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = _ours(TEMPLATES / "page.css") + (_ours(folder / style) if style else "")
    script = _ours(TEMPLATES / "page.js")
    result.filters["prose"] = prose
    result.globals |= {
        "style": css,
        "script": script,
        "policy": _policy(css, script),
        "version": __version__,
        **values,
    }
    return result


def prose(words: str) -> Markup:
    """Words in which what stands in backticks is code.

    >>> prose("`a<b` & c")
    Markup('<code>a&lt;b</code> &amp; c')
    """
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(words))))  # noqa: S704 - it is escaped


def _ours(path: Path) -> Markup:
    return Markup(path.read_text(encoding="utf-8"))  # noqa: S704 - a file of ours, not a server's words


def _policy(style: str, script: str) -> str:
    """What the browser may do with the page: run this script, use this style, and nothing else.

    Should text of a server ever become markup after all, it would neither run nor load anything.
    """
    return f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; script-src '{_digest(script)}'"


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
