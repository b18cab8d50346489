"""`ws-harness load`: Locust, in a process of its own, with what the options say."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import protocols
from harness.load.profiles import PROFILES, RUN_TIMES, SPAWN_WITHIN_S, USUAL_RUN_TIME, USUAL_SPAWN_S

COULD_NOT_RUN = 2  # The exit code.


@dataclass(frozen=True)
class Options:
    """What the command line says. `extra` goes to Locust as it is, such as --master or --processes 2."""

    protocol: str
    url: str
    users: int = 10
    spawn_rate: float | None = None  # Users a second; None spreads them over some seconds, as the shape has it.
    run_time: str | None = None  # None is what the shape usually takes.
    shape: str = "steady"
    steps: int = 10  # Of the shape "ramp".
    base: float = 0.1  # Of the shape "spike".
    targets: Path | None = None
    tokens: Path | None = None
    report: Path | None = None
    json: Path | None = None
    html: Path | None = None
    sources: Sequence[str] = ()
    deflate: bool = False
    extra: Sequence[str] = ()


def load(options: Options) -> int:
    """Run the load test; the exit code: 0 all targets met, 1 one missed, 2 could not run."""
    problem = problem_of(options.protocol, "users") or _shape_problem(options.shape) or _time_problem(options.run_time)
    if problem:
        return complain(problem)
    with tempfile.TemporaryDirectory() as folder:
        # Without --json-file Locust would print its own tables below ours. It is written when a run has ended: a 1
        # without it tells that Locust did not begin, and of no target.
        statistics = Path(folder, "statistics.json")
        code = _run(["locust", *arguments(options), "--json-file", str(statistics.with_suffix("")), *options.extra])
        return code if statistics.exists() else COULD_NOT_RUN


def arguments(options: Options) -> list[str]:
    """What Locust is told."""
    spawn_within_s = SPAWN_WITHIN_S.get(options.shape, USUAL_SPAWN_S)
    spawn_rate = options.spawn_rate or max(1.0, options.users / spawn_within_s)
    said = {
        "--locustfile": Path(__file__).with_name("locustfile.py"),
        "--protocol": options.protocol,
        "--host": options.url,
        "--users": options.users,
        "--spawn-rate": f"{spawn_rate:g}",
        "--run-time": options.run_time or RUN_TIMES.get(options.shape, USUAL_RUN_TIME),
        "--shape": options.shape,
        "--steps": options.steps,
        "--base": options.base,
        "--loglevel": "WARNING",
        "--targets": options.targets,
        "--tokens": options.tokens,
        "--report": options.report,
        "--report-json": options.json,
        "--html": options.html,
    }
    pairs = [[name, str(value)] for name, value in said.items() if value is not None]
    pairs += [["--source", address] for address in options.sources]
    pairs += [["--deflate"]] if options.deflate else []
    return ["--headless", "--only-summary", *(word for pair in pairs for word in pair)]


def problem_of(protocol: str, part: str) -> str | None:
    """Why this protocol cannot be tested by that part of it; None when it can."""
    try:
        protocols.load(protocol)
    except LookupError as error:
        return str(error)
    if importlib.util.find_spec("locust") is None:
        return "the load test needs Locust: pip install 'ws-harness[load]'"
    there = protocols.having(part)
    if protocol not in there:
        return f"there is no such test of {protocol} yet; there are: {', '.join(there)}"
    return None


def _shape_problem(shape: str) -> str | None:
    return None if shape in PROFILES else f"--shape {shape}: expected one of {', '.join(PROFILES)}"


def _time_problem(run_time: str | None) -> str | None:
    """What Locust understands, told in our words."""
    if run_time is None or (run_time and re.fullmatch(r"(\d+h)?(\d+m)?(\d+s?)?", run_time)):
        return None
    return f"--run-time {run_time}: expected a time such as 30s, 5m or 1h30m"


def _run(module_and_arguments: Sequence[str]) -> int:
    process = subprocess.Popen([sys.executable, "-m", *module_and_arguments])  # noqa: S603 - our own words
    while True:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            continue  # The child was interrupted, too; it ends the test and still reports.
        return code if code in (0, 1, COULD_NOT_RUN) else COULD_NOT_RUN


def complain(text: str) -> int:
    """Say why it could not run; the exit code."""
    print(text, file=sys.stderr)
    return COULD_NOT_RUN
