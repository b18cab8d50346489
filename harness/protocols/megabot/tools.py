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
    """A tool: what it finds, what it does step by step, how long that takes, and why it fails when it must."""

    work: Callable[[Job], Findings]
    steps: tuple[str, ...]
    least_s: float
    most_s: float
    trouble: str


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
        toolbox.run_tests,
        ("Collecting tests...", "Running tests...", "Analyzing results..."),
        least_s=1.5,
        most_s=4.0,
        trouble="The test runner could not be started",
    ),
    "run_linter": Tool(
        toolbox.run_linter,
        ("Reading files...", "Checking rules..."),
        least_s=0.5,
        most_s=2.0,
        trouble="The linter stopped unexpectedly",
    ),
    "search_code": Tool(
        toolbox.search_code,
        ("Searching files...",),
        least_s=0.2,
        most_s=1.0,
        trouble="The search index is not available",
    ),
    "read_file": Tool(
        toolbox.read_file,
        ("Reading file...",),
        least_s=0.1,
        most_s=0.4,
        trouble="The file system is not available",
    ),
    "code_review": Tool(
        toolbox.code_review,
        ("Reading changes...", "Analyzing codebase...", "Writing comments..."),
        least_s=2.0,
        most_s=6.0,
        trouble="The review was aborted",
    ),
    "build": Tool(
        toolbox.build,
        ("Resolving dependencies...", "Compiling...", "Bundling...", "Compressing..."),
        least_s=2.0,
        most_s=8.0,
        trouble="The build machine ran out of disk space",
    ),
    "deploy": Tool(
        toolbox.deploy,
        ("Uploading artifacts...", "Starting instances...", "Checking health...", "Switching traffic..."),
        least_s=3.0,
        most_s=10.0,
        trouble="The deployment target does not answer",
    ),
}


def run(name: str, job: Job) -> Run:
    """Call a tool. What goes wrong, ends in a Run that has failed."""
    tool = TOOLS.get(name)
    if tool is None:
        shown = name[:100]
        near = difflib.get_close_matches(shown, TOOLS, 1)
        hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(TOOLS)}"
        text = f"Unknown tool {shown!r}; {hint}"
        return Run("failed", {"error": text}, text, f"{shown} is not a tool")
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
