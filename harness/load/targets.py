"""The load file of a protocol: how fast its users act, and the figures that the server must reach."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of one kind of request. Times in milliseconds; None when none was taken.

    `intended` is how many the schedule wanted; `count` how many ended, well or as one of `failures`; `bytes` what came
    with them. `user_s` is for how many seconds the users that measure this row were connected, all added up.
    """

    name: str
    count: int
    failures: int
    per_s: float
    intended: int
    p50_ms: float | None
    p90_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    p999_ms: float | None
    max_ms: float | None
    bytes: int = field(default=0, kw_only=True)
    user_s: float = field(default=0.0, kw_only=True)

    @property
    def error_rate(self) -> float | None:
        """The share that failed."""
        return self.failures / self.count if self.count else None

    @property
    def throughput_per_s(self) -> float:
        """How many ended well, per second of the run."""
        return self.per_s * (1 - (self.error_rate or 0.0))

    @property
    def throughput_share(self) -> float | None:
        """How many ended well, as a share of the intended ones."""
        return min(1.0, (self.count - self.failures) / self.intended) if self.intended else None

    @property
    def user_throughput_per_s(self) -> float | None:
        """How many ended well, per second of one user's connection."""
        return (self.count - self.failures) / self.user_s if self.user_s else None

    @property
    def user_bytes_per_s(self) -> float | None:
        """The bytes that came, per second of one user's connection."""
        return self.bytes / self.user_s if self.user_s else None


# Figure -> whether it may be at most (else at least) the target's value, and the largest value that makes sense.
FIGURES: Mapping[str, tuple[bool, float]] = {
    "p50_ms": (True, float("inf")),
    "p90_ms": (True, float("inf")),
    "p95_ms": (True, float("inf")),
    "p99_ms": (True, float("inf")),
    "p999_ms": (True, float("inf")),
    "max_ms": (True, float("inf")),
    "error_rate": (True, 1.0),
    "throughput_per_s": (False, float("inf")),
    "throughput_share": (False, 1.0),
    "user_throughput_per_s": (False, float("inf")),
    "user_bytes_per_s": (True, float("inf")),
}


@dataclass(frozen=True, slots=True)
class Target:
    """One demand: `figure` of the row `row` is at most, or at least, `value`."""

    row: str
    figure: str
    value: float

    @property
    def at_most(self) -> bool:
        """Whether `value` is the highest that is good, not the lowest."""
        return FIGURES[self.figure][0]

    def is_met(self, row: Row) -> bool:
        """Whether this row reaches the target. What was not measured does not."""
        measured = getattr(row, self.figure)
        if measured is None:
            return False
        return bool(measured <= self.value if self.at_most else measured >= self.value)


@dataclass(frozen=True, slots=True)
class Pace:
    """The time between two actions of one user: what is usual, and the least that the protocol's limits allow.

    Where a protocol has none, the least is what keeps one user from being a crowd.
    """

    usual_s: float
    least_s: float


@dataclass(frozen=True, slots=True)
class Miss:
    """A target that was not met, and what was measured instead."""

    target: Target
    measured: float | None

    def __str__(self) -> str:
        bound = "at most" if self.target.at_most else "at least"
        found = "nothing was measured" if self.measured is None else f"it was {self.measured:.4g}"
        return f"{self.target.row}: {self.target.figure} must be {bound} {self.target.value:g}, {found}"


@dataclass(frozen=True, slots=True)
class Plan:
    """A load file, read: seconds between the actions of one user, by action, and the targets."""

    paces: Mapping[str, float]
    targets: tuple[Target, ...]

    def without(self, rows: Collection[str]) -> Plan:
        """The plan that demands nothing of these rows."""
        return Plan(self.paces, tuple(t for t in self.targets if t.row not in rows))

    def misses(self, rows: Mapping[str, Row]) -> list[Miss]:
        """The targets that these rows, by name, do not meet."""
        missed = []
        for target in self.targets:
            row = rows.get(target.row)
            if row is None or not target.is_met(row):
                missed.append(Miss(target, getattr(row, target.figure) if row else None))
        return missed


class PlanError(ValueError):
    """A load file says something that cannot be meant. The text names the file, the key and what was expected."""


def read(path: Path, paces: Mapping[str, Pace], rows: Sequence[str]) -> Plan:
    """The load file at `path`, for users with these paces and rows. Errors: PlanError."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PlanError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlanError(f"{path}: expected TOML, found an error: {error}") from error
    return _Reader(path, data).plan(paces, rows)


class _Reader:
    def __init__(self, path: Path, data: dict[str, Any]) -> None:
        self._path = path
        self._data = data

    def plan(self, paces: Mapping[str, Pace], rows: Sequence[str]) -> Plan:
        self._known("", self._data, ("pace", "targets"))
        pace_table = self._table("pace")
        self._known("pace.", pace_table, paces)
        targets = self._table("targets")
        self._known("targets.", targets, rows)
        return Plan(
            {name: self._pace(name, pace_table.get(name, pace.usual_s), pace) for name, pace in paces.items()},
            tuple(target for row in targets for target in self._targets(row)),
        )

    def _targets(self, row: str) -> Iterable[Target]:
        figures = self._table("targets", row)
        self._known(f"targets.{row}.", figures, FIGURES)
        for figure, value in figures.items():
            most = FIGURES[figure][1]
            expected = "a number of at least 0" if most == float("inf") else f"a share from 0 to {most:g}"
            if not _is_number(value) or not 0 <= value <= most:
                raise self._error(f"targets.{row}.{figure}", expected, value)
            yield Target(row, figure, float(value))

    def _pace(self, name: str, value: Any, pace: Pace) -> float:
        if not _is_number(value) or not pace.least_s <= value < float("inf"):
            expected = f"seconds, at least {pace.least_s:g} (the limit of one such user)"
            raise self._error(f"pace.{name}", expected, value)
        return float(value)

    def _table(self, *keys: str) -> dict[str, Any]:
        value: Any = self._data
        for key in keys:
            value = value.get(key, {})
        if not isinstance(value, dict):
            raise self._error(".".join(keys), "a table", value)
        return value

    def _known(self, prefix: str, table: Mapping[str, Any], known: Iterable[str]) -> None:
        for key in table:
            if key not in known:
                near = difflib.get_close_matches(key, list(known), 1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise self._error(prefix + key, f"one of {', '.join(known)}", key, hint)

    def _error(self, key: str, expected: str, found: Any, hint: str = "") -> PlanError:
        return PlanError(f"{self._path}: {key}: expected {expected}, found {found!r}{hint}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
