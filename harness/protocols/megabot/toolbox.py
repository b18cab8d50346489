"""What each tool does with the project: results whose figures agree with each other and with the text beside them."""

from __future__ import annotations

import difflib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.protocols.megabot.project import SUITES, Project

MOST_RESULTS = 100
FAILING_SHARE = 0.2  # Of all runs of the tests; builds and deployments fail half as often.
ENVIRONMENTS = ("development", "staging", "production")
MOST_COLUMNS = 79
REMARKS = (
    ("suggestion", "Consider a name that says what this returns."),
    ("suggestion", "This could be a generator, since nobody needs the list."),
    ("question", "What happens here when the items are empty?"),
    ("issue", "An item that is falsy but valid is lost here."),
    ("praise", "Nice and short."),
)


class ToolError(Exception):
    """The tool cannot do what it was asked to; the text says why."""


@dataclass(slots=True)
class Job:
    """What a tool is given. `must_fail` is the scenario's wish; `duration_s` is how long it will take."""

    parameters: Mapping[str, Any]
    project: Project
    chance: random.Random
    must_fail: bool = False
    duration_s: float = 0.0

    def text(self, name: str, default: str | None = None) -> str:
        """A parameter that is a text; ToolError when it is something else, or absent without a default."""
        value = self.parameters.get(name, default)
        if not isinstance(value, str):
            raise ToolError(f"{name}: expected a text, found {'nothing' if value is None else 'something else'}")
        return value

    def flag(self, name: str) -> bool:
        """A parameter that is true or false; false when it is absent."""
        return self.parameters.get(name) is True

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """A parameter that is a whole number within these bounds; ToolError when it is not."""
        value = self.parameters.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ToolError(f"{name}: expected a whole number from {least} to {most}")
        return value

    def files(self) -> list[str]:
        """The files that the parameter `path` names; all of them without it. ToolError when there are none."""
        path = self.text("path", "")
        files = self.project.below(path)
        if not files:
            raise _no_file(path, self.project)
        return files

    def happens(self, share: float) -> bool:
        """Whether something happens that does in this share of all runs."""
        return self.chance.random() < share


@dataclass(frozen=True, slots=True)
class Findings:
    """What a tool has found: figures, what it prints, and one sentence for the notification."""

    result: dict[str, Any]
    output: str
    notice: str


def run_tests(job: Job) -> Findings:
    """`test_suite` (unit, integration, e2e, all) and `verbose`: which tests pass."""
    suite = job.text("test_suite", "all")
    if suite not in (*SUITES, "all"):
        raise ToolError(f"There is no test suite {suite[:100]!r}; use one of {', '.join((*SUITES, 'all'))}")
    tests = job.project.tests("" if suite == "all" else suite)
    broken = set(job.chance.sample(tests, job.chance.randint(1, 2)) if job.happens(FAILING_SHARE) else ())
    lines = [f"{test} {'FAILED' if test in broken else 'PASSED'}" for test in tests] if job.flag("verbose") else []
    failed = sorted(broken)
    summary = (
        f"{len(failed)} of {len(tests)} tests failed: {', '.join(failed)}"
        if failed
        else "All tests passed successfully"
    )
    result: dict[str, Any] = {
        "passed": len(tests) - len(failed),
        "failed": len(failed),
        "duration": job.duration_s,
        "test_suite": suite,
    }
    if failed:
        result["failures"] = failed
    notice = f"{_counted(len(failed), 'test')} failed" if failed else "All of your tests have passed"
    return Findings(result, "\n".join([*lines, summary]), notice)


def run_linter(job: Job) -> Findings:
    """`path`: what the linter says of the files there."""
    files = [file for file in job.files() if file.endswith(".py")]
    issues = [issue for file in files for issue in _issues(file, job.project.files[file])]
    errors = sum(issue["severity"] == "error" for issue in issues)
    lines = [f"{i['file']}:{i['line']}: {i['rule']} {i['message']}" for i in issues]
    found = f"{_counted(errors, 'error')}, {_counted(len(issues) - errors, 'warning')}"
    summary = f"{_counted(len(files), 'file')} checked: {found}"
    result = {"files_checked": len(files), "errors": errors, "warnings": len(issues) - errors, "issues": issues}
    return Findings(result, "\n".join([*lines, summary]), summary)


def search_code(job: Job) -> Findings:
    """`query`, and `path` and `max_results`: the lines that hold the text, in either case."""
    query = job.text("query")
    limit = job.number("max_results", 20, 1, MOST_RESULTS)
    if not query:
        raise ToolError("query: expected a text that is not empty")
    matches = [
        {"file": file, "line": number, "text": line}
        for file in job.files()
        for number, line in enumerate(job.project.files[file], 1)
        if query.lower() in line.lower()
    ]
    shown = matches[:limit]
    more = f", {limit} of them shown" if len(matches) > limit else ""
    summary = f"{_counted(len(matches), 'match', 'matches')}{more}"
    lines = [f"{match['file']}:{match['line']}: {match['text']}" for match in shown]
    return Findings({"total": len(matches), "matches": shown}, "\n".join([*lines, summary]), f"Search: {summary}")


def read_file(job: Job) -> Findings:
    """`path`, and `start_line` and `end_line`: the lines of the file."""
    path = job.text("path")
    lines = job.project.files.get(path)
    if lines is None:
        raise _no_file(path, job.project)
    start = job.number("start_line", 1, 1, len(lines))
    end = job.number("end_line", len(lines), start, len(lines))
    content = "\n".join(lines[start - 1 : end])
    result = {"path": path, "start_line": start, "end_line": end, "total_lines": len(lines), "content": content}
    return Findings(result, f"{path}, lines {start} to {end} of {len(lines)}", f"{path} is open")


def code_review(job: Job) -> Findings:
    """`path`: remarks on what the functions there return."""
    files = job.files()
    returns = [
        (file, number)
        for file in files
        for number, line in enumerate(job.project.files[file], 1)
        if line.startswith("    return")
    ]
    remarked = sorted(job.chance.sample(returns, min(len(returns), job.chance.randint(1, 4))))
    comments = [_comment(file, line, job.chance) for file, line in remarked]
    issues = sum(comment["kind"] == "issue" for comment in comments)
    verdict = "changes_requested" if issues else "approved"
    lines = [f"{c['file']}:{c['line']}: {c['kind']}: {c['text']}" for c in comments]
    remarks = f"{_counted(len(comments), 'comment')} on {_counted(len(files), 'file')}, {_counted(issues, 'issue')}"
    summary = f"{remarks}: {verdict.replace('_', ' ')}"
    result = {"files_reviewed": len(files), "issues": issues, "verdict": verdict, "comments": comments}
    return Findings(result, "\n".join([*lines, summary]), "Your code review is ready")


def build(job: Job) -> Findings:
    """`target`: what is built, file by file."""
    target = job.text("target", "production")
    if job.happens(FAILING_SHARE / 2):
        file = job.chance.choice(job.project.below("src"))
        raise ToolError(f"The build has failed: {file} could not be bundled")
    artifacts: list[dict[str, Any]] = [
        {"file": f"dist/{name}", "bytes": job.chance.randint(2_000, 900_000)} for name in ("app.js", "app.css")
    ]
    total = sum(artifact["bytes"] for artifact in artifacts)
    result = {
        "target": target,
        "version": job.project.version,
        "artifacts": artifacts,
        "total_bytes": total,
        "duration": job.duration_s,
    }
    lines = [f"{artifact['file']}  {artifact['bytes']} bytes" for artifact in artifacts]
    summary = f"Built {len(artifacts)} files, {total} bytes, in {job.duration_s} s"
    return Findings(result, "\n".join([*lines, summary]), f"The build of version {job.project.version} is ready")


def deploy(job: Job) -> Findings:
    """`environment` (development, staging, production) and `version`: where it runs now."""
    environment = job.text("environment", "staging")
    version = job.text("version", job.project.version)
    if environment not in ENVIRONMENTS:
        raise ToolError(f"There is no environment {environment[:100]!r}; use one of {', '.join(ENVIRONMENTS)}")
    instances = job.chance.randint(2, 6)
    if job.happens(FAILING_SHARE / 2):
        healthy = job.chance.randrange(instances)
        raise ToolError(f"Only {healthy} of {instances} instances became healthy; {environment} was rolled back")
    result = {
        "environment": environment,
        "version": version,
        "instances": instances,
        "healthy": instances,
        "duration": job.duration_s,
    }
    output = f"Version {version[:100]} runs on {environment}: {instances} of {instances} instances are healthy"
    return Findings(result, output, f"Version {version[:100]} is live on {environment}")


def _counted(count: int, noun: str, nouns: str = "") -> str:
    return f"{count} {noun if count == 1 else nouns or f'{noun}s'}"


def _issues(file: str, lines: Sequence[str]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        module = line.removeprefix("import ") if line.startswith("import ") else None
        if module is not None and not any(f"{module}." in each for each in lines):
            yield _issue(file, number, "F401", "error", f"`{module}` is imported but unused")
        if len(line) > MOST_COLUMNS:
            yield _issue(file, number, "E501", "error", f"line too long ({len(line)} > {MOST_COLUMNS})")
        if line != line.rstrip():
            yield _issue(file, number, "W291", "warning", "trailing whitespace")


def _issue(file: str, line: int, rule: str, severity: str, text: str) -> dict[str, Any]:
    return {"file": file, "line": line, "rule": rule, "severity": severity, "message": text}


def _comment(file: str, line: int, chance: random.Random) -> dict[str, Any]:
    kind, text = chance.choice(REMARKS)
    return {"file": file, "line": line, "kind": kind, "text": text}


def _no_file(path: str, project: Project) -> ToolError:
    by_lower = {each.lower(): each for each in project.files}
    near = difflib.get_close_matches(path[:200].lower(), by_lower, 1)
    hint = f"did you mean {by_lower[near[0]]}?" if near else f"there are {', '.join(project.files)}"
    return ToolError(f"There is no file {path[:100]!r}; {hint}")
