"""Pages that stand alone: one file of HTML with its style and script, which asks no network for anything.

A template extends `base.html`. Its items are found by the script through `data-` attributes, which `page.js` lists.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from harness import __version__
from harness.conformance.report import score

TEMPLATES = Path(__file__).with_name("templates")


def render(template: str, **values: Any) -> str:
    """The page that a template makes of these values. All text in it is escaped."""
    return _environment().get_template(template).render(values) + "\n"


def prose(words: str) -> Markup:
    """Words in which what stands in backticks is code.

    >>> prose("`a<b` & c")
    Markup('<code>a&lt;b</code> &amp; c')
    """
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(words))))  # noqa: S704 - it is escaped


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = _ours("page.css"), _ours("page.js")
    environment.filters["prose"] = prose
    environment.globals |= {
        "style": style,
        "script": script,
        "policy": _policy(style, script),
        "version": __version__,
        "states": score.STATES,
        "states_in": score.states_in,
        "percent": score.percent,
    }
    return environment


def _ours(name: str) -> Markup:
    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))  # noqa: S704 - a file of ours, not a server's words


def _policy(style: str, script: str) -> str:
    """What the browser may do with the page: run this script, use this style, and nothing else.

    Should text of a server ever become markup after all, it would neither run nor load anything.
    """
    return f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; script-src '{_digest(script)}'"


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
