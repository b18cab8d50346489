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
    """A tool: what it finds, why it fails when it must, how long it takes (at least, at most), and its steps."""

    work: Callable[[Job], Findings]
    trouble: str
    takes_s: tuple[float, float]
    steps: tuple[str, ...]


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


_TABLE = (
    Tool(
        toolbox.run_tests,
        "The test runner could not be started",
        (1.5, 4.0),
        ("Collecting tests...", "Running tests...", "Analyzing results..."),
    ),
    Tool(toolbox.run_linter, "The linter stopped unexpectedly", (0.5, 2.0), ("Reading files...", "Checking rules...")),
    Tool(toolbox.search_code, "The search index is not available", (0.2, 1.0), ("Searching files...",)),
    Tool(toolbox.read_file, "The file system is not available", (0.1, 0.4), ("Reading file...",)),
    Tool(
        toolbox.code_review,
        "The review was aborted",
        (2.0, 6.0),
        ("Reading changes...", "Analyzing codebase...", "Writing comments..."),
    ),
    Tool(
        toolbox.build,
        "The build machine ran out of disk space",
        (2.0, 8.0),
        ("Resolving dependencies...", "Compiling...", "Bundling...", "Compressing..."),
    ),
    Tool(
        toolbox.deploy,
        "The deployment target does not answer",
        (3.0, 10.0),
        ("Uploading artifacts...", "Starting instances...", "Checking health...", "Switching traffic..."),
    ),
)
TOOLS: Mapping[str, Tool] = {tool.work.__name__: tool for tool in _TABLE}


def run(name: str, job: Job) -> Run:
    """Call a tool. What goes wrong, ends in a Run that has failed."""
    tool = TOOLS.get(name)
    if tool is None:
        shown = name[:100]
        near = difflib.get_close_matches(shown, TOOLS, 1)
        hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(TOOLS)}"
        text = f"Unknown tool {shown!r}; {hint}"
        return Run("failed", {"error": text}, text, f"{shown} is not a tool")
    job.duration_s = round(job.chance.uniform(*tool.takes_s), 1)
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
