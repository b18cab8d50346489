"""Lines over time, as paths of SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 600.0, 120.0
Values = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its name, the value at its end and at its highest, and its path."""

    name: str
    last: float | None
    most: float | None
    path: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines on one scale, from 0 to `top`, over the seconds of a run."""

    title: str
    unit: str
    top: float
    lasted_s: float
    lines: Sequence[Line]


def chart(title: str, unit: str, seconds: Sequence[float], series: Mapping[str, Values]) -> Chart:
    """The chart of values that were there at these seconds; where a value is None its line is broken."""
    most = max((value for values in series.values() for value in values if value is not None), default=0.0)
    top = _round_above(most)
    lasted_s = max(seconds, default=0.0) or 1.0
    lines = [
        Line(
            name,
            next((value for value in reversed(values) if value is not None), None),
            max((value for value in values if value is not None), default=None),
            _path([WIDTH * second / lasted_s for second in seconds], [_scaled(value, top) for value in values]),
        )
        for name, values in series.items()
    ]
    return Chart(title, unit, top, lasted_s, lines)


def _scaled(value: float | None, top: float) -> float | None:
    return None if value is None else HEIGHT * (1 - value / top)


def _path(xs: Sequence[float], ys: Values) -> str:
    words = []
    pen = "M"
    for x, y in zip(xs, ys, strict=True):
        if y is None:
            pen = "M"
            continue
        words.append(f"{pen}{x:.1f} {y:.1f}" + ("h2" if pen == "M" else ""))  # So that even a lone point is seen.
        pen = "L"
    return "".join(words)


def _round_above(value: float) -> float:
    """The next round number, so that the scale is easy to read and mostly used."""
    if value <= 0:
        return 1.0
    step = 10.0 ** (len(f"{value:.0f}") - 1) if value >= 1 else 10.0 ** -len(f"{1 / value:.0f}")
    return next(step * factor for factor in (1, 1.5, 2, 3, 4, 5, 6, 8, 10, 100) if step * factor >= value)
