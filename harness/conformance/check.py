"""Checks: the functions that judge one requirement each.

An *exchange* is a coroutine function: it talks to the server. Its parameters are asked of the lab by name
(`peer`, `trader`, `lab`, ...). An *invariant* is a generator function of one `conversation`; it is judged on
every conversation there is. Both say what they demand by `expect`.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class Violation(Exception):  # noqa: N818 - it is a finding about the server, not an error of ours
    """The server broke the requirement: what was expected, and the evidence."""

    def __init__(self, expected: str, evidence: Any = None) -> None:
        super().__init__(expected)
        self.expected = expected
        self.evidence = evidence

    def __str__(self) -> str:
        return self.expected if self.evidence is None else f"{self.expected}; found {shown(self.evidence, None)}"


class Unobserved(Exception):  # noqa: N818
    """The check could not be decided, for this reason: neither passed nor failed."""


@dataclass(frozen=True, slots=True)
class Check:
    """A function that judges requirement `id`. `alone` exchanges run when no other one does.

    `lasts_s` is about how long an exchange takes in real time: the longest are started first.
    """

    id: str
    function: Callable[..., Any]
    exchange: bool
    alone: bool = False
    lasts_s: float = 5.0

    @property
    def name(self) -> str:
        """The name of its function: what it demands, in words."""
        return self.function.__name__

    @property
    def text(self) -> str:
        """What its docstring says of how it judges; empty where its name says all."""
        return inspect.cleandoc(self.function.__doc__ or "")


class Tally:
    """How many times a check has seen its requirement kept: counts the `expect`s that hold inside its `with` block.

    A run makes tens of thousands of them, and most see nothing.
    """

    __slots__ = ("_token", "observations")

    def __init__(self) -> None:
        self.observations = 0

    def __enter__(self) -> Tally:
        self._token = _tally.set(self)
        return self

    def __exit__(self, *raised: object) -> None:
        _tally.reset(self._token)


_tally: ContextVar[Tally] = ContextVar("tally")


def expect(holds: object, expected: str, evidence: Any = None) -> None:
    """Demand that `holds` is true: one observation if so, else a Violation that shows `expected` and `evidence`."""
    if not holds:
        raise Violation(expected, evidence)
    tally = _tally.get(None)
    if tally is not None:
        tally.observations += 1


@contextmanager
def given(what: str) -> Iterator[None]:
    """Prepare `what` inside the block: nothing there counts, and a Violation leaves the requirement unobserved."""
    try:
        with Tally():
            yield
    except Violation as violation:
        raise Unobserved(f"could not set up {what}: {violation}") from violation


def check(id_: str, *, alone: bool = False, lasts_s: float = 5.0) -> Callable[[F], F]:
    """Declare that the decorated function judges requirement `id_`. Level and wording are in requirements.yaml."""

    def declare(function: F) -> F:
        declared = Check(id_, function, inspect.iscoroutinefunction(function), alone, lasts_s)
        function.__dict__.setdefault("checks", []).append(declared)
        return function

    return declare


def shown(value: Any, limit: int | None = 300) -> str:
    """Evidence as one line of text, cut to `limit` characters. Reports cut later, when secrets are out of it."""
    text = json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)
    return text if limit is None or len(text) <= limit else text[: limit - 3] + "..."
