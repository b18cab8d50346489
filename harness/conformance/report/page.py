"""The pages of reports on requirements."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment

from harness import pages
from harness.conformance.report import score

TEMPLATES = Path(__file__).with_name("templates")


def render(template: str, **values: Any) -> str:
    """The page that a template makes of these values. All text in it is escaped."""
    return _environment().get_template(template).render(values) + "\n"


@cache
def _environment() -> Environment:
    return pages.environment(TEMPLATES, states=score.STATES, states_in=score.states_in, percent=score.percent)
