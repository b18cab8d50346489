"""`ws-harness load`: Locust, in a process of its own, with what the options say."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import protocols

COULD_NOT_RUN = 2  # The exit code.


@dataclass(frozen=True)
class Options:
    """What the command line says. `extra` goes to Locust as it is, such as --master or --processes 2."""

    protocol: str
    url: str
    users: int = 10
    spawn_rate: float | None = None  # Users a second; None spreads them over five seconds.
    run_time: str = "30s"
    targets: Path | None = None
    tokens: Path | None = None
    html: Path | None = None
    sources: Sequence[str] = ()
    deflate: bool = False
    extra: Sequence[str] = ()


def load(options: Options) -> int:
    """Run the load test; the exit code: 0 all targets met, 1 one missed, 2 could not run."""
    problem = problem_of(options.protocol, "users")
    if problem:
        return complain(problem)
    # Without --json-file Locust would print its own tables below ours.
    with tempfile.TemporaryDirectory() as folder:
        return _run(["locust", *arguments(options), "--json-file", str(Path(folder, "statistics")), *options.extra])


def arguments(options: Options) -> list[str]:
    """What Locust is told."""
    spawn_rate = options.spawn_rate or max(1.0, options.users / 5)
    said = {
        "--locustfile": Path(__file__).with_name("locustfile.py"),
        "--protocol": options.protocol,
        "--host": options.url,
        "--users": options.users,
        "--spawn-rate": f"{spawn_rate:g}",
        "--run-time": options.run_time,
        "--loglevel": "WARNING",
        "--targets": options.targets,
        "--tokens": options.tokens,
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
