"""How this machine does, for the worlds that tell of it."""

from __future__ import annotations

import psutil

from harness.core.world import Vitals


def vitals() -> Vitals:
    """The machine as it is now; the CPU's share is the one since the last look (0 at the first)."""
    return Vitals(
        cpu_percent=psutil.cpu_percent(),
        memory_percent=psutil.virtual_memory().percent,
        disk_percent=psutil.disk_usage("/").percent,
        process_count=len(psutil.pids()),
    )
