"""The tools that a client may call, and how a call of one goes: its steps, how long it takes, how it ends."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.protocols.megabot import toolbox
from harness.protocols.megabot.toolbox import Findings, Job, ToolError

__all__ = ["TOOLS", "Job", "Run", "Step", "Tool", "run"]


@dataclass(frozen=True, slots=True)
class Step:
    """A share of the work that is done, and what is being done then."""

    progress: float
    text: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: what it does step by step, how long that takes, what may go wrong, and what it finds."""

    steps: tuple[str, ...]
    least_s: float
    most_s: float
    trouble: str
    work: Callable[[Job], Findings]


@dataclass(frozen=True, slots=True)
class Run:
    """One call of a tool. `steps` come evenly spread over `duration_s`, then `last_step`, then the result.

    `notice` is the sentence of the notification. A tool that does not exist takes no steps.
    """

    status: str
    result: dict[str, Any]
    output: str
    notice: str
    steps: tuple[Step, ...] = ()
    last_step: Step = Step(0.0, "")
    duration_s: float = 0.0


TOOLS: Mapping[str, Tool] = {
    "run_tests": Tool(
        ("Collecting tests...", "Running tests...", "Analyzing results..."),
        *(1.5, 4.0), "The test runner could not be started", toolbox.run_tests,
    ),
    "run_linter": Tool(
        ("Reading files...", "Checking rules..."), *(0.5, 2.0), "The linter stopped unexpectedly", toolbox.run_linter
    ),
    "search_code": Tool(
        ("Searching files...",), *(0.2, 1.0), "The search index is not available", toolbox.search_code
    ),
    "read_file": Tool(("Reading file...",), *(0.1, 0.4), "The file system is not available", toolbox.read_file),
    "code_review": Tool(
        ("Reading changes...", "Analyzing codebase...", "Writing comments..."),
        *(2.0, 6.0), "The review was aborted", toolbox.code_review,
    ),
    "build": Tool(
        ("Resolving dependencies...", "Compiling...", "Bundling...", "Compressing..."),
        *(2.0, 8.0), "The build machine ran out of disk space", toolbox.build,
    ),
    "deploy": Tool(
        ("Uploading artifacts...", "Starting instances...", "Checking health...", "Switching traffic..."),
        *(3.0, 10.0), "The deployment target does not answer", toolbox.deploy,
    ),
}  # fmt: skip


def run(name: str, job: Job) -> Run:
    """Call a tool. What goes wrong, ends in a Run that has failed."""
    tool = TOOLS.get(name)
    if tool is None:
        near = difflib.get_close_matches(name, TOOLS, 1)
        hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(TOOLS)}"
        text = f"Unknown tool {name[:100]!r}; {hint}"
        return Run("failed", {"error": text}, text, f"{name[:100]} is not a tool")
    job.duration_s = round(job.chance.uniform(tool.least_s, tool.most_s), 1)
    share = 1 / (len(tool.steps) + 1)
    steps = tuple(Step(round(share * (n + 1), 2), text) for n, text in enumerate(tool.steps))
    try:
        if job.must_fail:
            raise ToolError(tool.trouble)
        found = tool.work(job)
    except ToolError as error:
        return _failed(name, str(error), steps, job)
    last = Step(1.0, f"{name} completed")
    return Run("completed", found.result, found.output, found.notice, steps, last, job.duration_s)


def _failed(name: str, text: str, steps: tuple[Step, ...], job: Job) -> Run:
    """It fails at one of its steps, and takes its share of the time until there."""
    reached = job.chance.randint(1, len(steps))
    last = Step(steps[reached - 1].progress, text)
    duration_s = job.duration_s * reached / len(steps)
    return Run("failed", {"error": text}, text, text, steps[:reached], last, duration_s)
