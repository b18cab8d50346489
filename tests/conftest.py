"""Sets of tests that need a tool beyond Python: left out where the tool is missing, and named at the end.

And how property tests are run.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The same examples in each run, however busy the machine is: an example that is slow there is no finding.
settings.register_profile("house", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

ROOT = Path(__file__).parent.parent

# Marker -> (is the tool there, how to get it).
TOOLS = {
    "node": (
        lambda: shutil.which("node") and (ROOT / "node_modules" / ".package-lock.json").exists(),
        "install Node.js 20 or newer with npm, then `make test` (Debian: apt-get install nodejs npm)",
    ),
    "chromium": (lambda: browser() is not None, "install Chromium (Debian: apt-get install chromium)"),
    "gcc": (lambda: shutil.which("gcc"), "install gcc (Debian: apt-get install gcc libc6-dev)"),
    "redis": (lambda: shutil.which("redis-server"), "install Redis (Debian: apt-get install redis-server)"),
}


def browser() -> str | None:
    """The path of Chromium or Chrome, None where there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Let `no_cover` hold in the workers of xdist.

    There pytest-cov measures twice: it begins before it knows that it is in a worker, and again when it knows. A test
    that is not to be measured stops the second alone, and the first, of which nothing is kept, made it as slow as ever.
    """
    measuring = session.config.pluginmanager.get_plugin("_cov")
    if measuring and measuring.cov_controller and hasattr(session.config, "workerinput"):
        measuring.cov_controller.cov.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The longest files first: one at the end would keep one core busy alone.
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    for item in items:
        for name, (is_there, way) in TOOLS.items():
            if item.get_closest_marker(name) and not is_there():
                item.add_marker(pytest.mark.skip(reason=f"{LEFT_OUT}{name}: {way}"))


LEFT_OUT = "left out for want of "


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else ""
        if reason.startswith(LEFT_OUT):
            reasons[reason] = reasons.get(reason, 0) + 1
    if not reasons:
        terminalreporter.write_line("Nothing was left out.")
        return
    terminalreporter.section("left out")
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"{count} test(s) {reason}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    strict = os.environ.get("WS_HARNESS_LEAVE_NOTHING_OUT")
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not strict or reporter is None:
        return
    left_out = [r for r in reporter.stats.get("skipped", []) if LEFT_OUT in str(r.longrepr)]
    if left_out and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
