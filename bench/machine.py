"""The machine and the tools that a run was measured with: its cores, what is missing, and what is compiled for it."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
BUILT = ROOT / "build" / "bench"  # Ignored by git.
NODE_PACKAGES = HERE / "peers" / "node_modules"
PYTHON_PACKAGES = ("aiohttp", "uvloop", "websockets", "orjson")


def cores() -> tuple[int, int]:
    """The core of servers, and that of the load; the same one where there is no other."""
    mine = sorted(os.sched_getaffinity(0))
    return mine[0], mine[-1]


def without_gcc() -> str:
    """Why C cannot be compiled; "" when it can."""
    return "" if shutil.which("gcc") else "gcc is not here"


def without_node(package: str) -> str:
    """Why this package of Node cannot be run; "" when it can."""
    if not shutil.which("node"):
        return "Node.js is not here"
    return "" if (NODE_PACKAGES / package).is_dir() else "npm ci was not run in bench/peers"


def compiled(source: Path) -> Path:
    """The program of a C file, made anew when the file is newer."""
    program = BUILT / source.stem
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        BUILT.mkdir(parents=True, exist_ok=True)
        subprocess.run(["gcc", "-O2", "-Wall", "-o", program, source], check=True)  # noqa: S603, S607
    return program


def most_open_files() -> int:
    """How many files a process may have open, after asking for as many as the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def described() -> dict[str, str | int]:
    """What a figure must be read with."""
    of_node = {package: without_node(package) or "here" for package in ("ws", "@mockoon/cli")}
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count() or 0,
        "open_files": most_open_files(),
        "system": platform.platform(),
        "python": sys.version.split()[0],
        **{package: version(package) for package in PYTHON_PACKAGES},
        "node": _said("node", "--version"),
        "gcc": _said("gcc", "-dumpversion"),
        **of_node,
    }


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def _said(*command: str) -> str:
    if not shutil.which(command[0]):
        return "not here"
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
