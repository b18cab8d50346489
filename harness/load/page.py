"""The report of a load test as one page of HTML that stands alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment

from harness import pages
from harness.load.charts import Chart, chart
from harness.load.report import MAX_ERRORS, TIMES, Report, bound, in_ms, in_percent, of_one_user
from harness.load.timeline import Bin, Course

TEMPLATES = Path(__file__).with_name("templates")
SHARES = {"p50": 0.5, "p99": 0.99}  # What the charts of latency show.
NOTHING = Course()


def text(report: Report) -> str:
    """The page."""
    bins = list(report.timeline)
    began = bins[0][0] if bins else 0
    seconds = [float(second - began) for second, _ in bins]
    pieces = [bin_ for _, bin_ in bins]
    page = _environment().get_template("load.html")
    return (
        page.render(
            report=report,
            missed={(miss.target.row, miss.target.figure) for miss in report.misses},
            targets={(target.row, target.figure): target for target in report.plan.targets},
            of_one_user=of_one_user(report),
            errors=sorted(report.errors, reverse=True)[:MAX_ERRORS],
            charts=_of_all(seconds, pieces, report.timeline.width_s),
            latencies=[_latency(row.name, seconds, pieces) for row in report.rows],
        )
        + "\n"
    )


def write(report: Report, path: Path) -> None:
    """Write it as a file. OSError when that cannot be done."""
    path.write_text(text(report), encoding="utf-8")


def _of_all(seconds: Sequence[float], bins: Sequence[Bin], width_s: int) -> list[Chart]:
    """What does not belong to one row."""
    courses = [list(bin_.rows.values()) for bin_ in bins]
    failed = [sum(course.failures for course in of) / width_s for of in courses]
    done = [sum(course.count - course.failures for course in of) / width_s for of in courses]
    connections = [float(sum(bin_.connections.values())) for bin_ in bins]
    return [
        chart("Throughput", "a second", seconds, {"answers": done, "errors": failed}),
        chart("Connections", "open", seconds, {"connections": connections}),
        chart("The generator's own delay", "ms", seconds, {"p99": [bin_.lag_ms for bin_ in bins]}),
        chart("The generator's CPU", "% of a core", seconds, {"busiest process": [100 * bin_.cpu for bin_ in bins]}),
    ]


def _latency(row: str, seconds: Sequence[float], bins: Sequence[Bin]) -> Chart:
    courses = [bin_.rows.get(row, NOTHING) for bin_ in bins]
    return chart(row, "ms", seconds, {name: [of.at(share) for of in courses] for name, share in SHARES.items()})


@cache
def _environment() -> Environment:
    result = pages.environment(TEMPLATES, "load.css", times=TIMES)
    result.filters |= {"bound": bound, "in_ms": in_ms, "in_percent": in_percent}
    return result
