"""One timer that gevent's hub waits for."""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any, Protocol

import gevent

NEVER = float("inf")
READ = 1  # What libev calls it.

# timerfd_create(2); Python has it from 3.13 on.
CLOCK_MONOTONIC = 1  # The clock of `time.perf_counter` on Linux.
NONBLOCK_AND_CLOEXEC = 0o4000 | 0o2000000
ABSOLUTE = 1
_spec = struct.Struct("@llll")  # itimerspec: the period, and when; seconds and nanoseconds of each.


class Timer(Protocol):
    """Calls in gevent's hub when its moment of `time.perf_counter` has come."""

    def set(self, due_s: float) -> None:
        """Go off at this moment and at no other; not at all when it is NEVER."""

    def close(self) -> None:
        """Go off no more."""


class HubTimer:
    """A timer of libev, which is late by up to a millisecond."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self._timer: Any = None

    def set(self, due_s: float) -> None:
        """Go off at this moment and at no other; not at all when it is NEVER."""
        self.close()
        if due_s < NEVER:
            self._timer = gevent.get_hub().loop.timer(max(0.0, due_s - perf_counter()))
            self._timer.start(self._call, update=True)

    def close(self) -> None:
        """Go off no more."""
        if self._timer is not None:
            self._timer.close()
            self._timer = None


class KernelTimer:
    """A timer of Linux, which is late by microseconds. OSError when there is none to be had."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._libc: Any = ctypes.CDLL(None, use_errno=True)
        self._fd = self._libc.timerfd_create(CLOCK_MONOTONIC, NONBLOCK_AND_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._when = ctypes.create_string_buffer(_spec.size)
        self._watcher = gevent.get_hub().loop.io(self._fd, READ)
        self._watcher.start(call)

    def set(self, due_s: float) -> None:
        """Go off at this moment and at no other; not at all when it is NEVER."""
        ns = int(due_s * 1e9) if due_s < NEVER else 0
        _spec.pack_into(self._when, 0, 0, 0, *divmod(ns, 1_000_000_000))
        # This also takes back that it has gone off, so that nobody need read its file.
        self._libc.timerfd_settime(self._fd, ABSOLUTE, self._when, None)

    def close(self) -> None:
        """Go off no more."""
        self._watcher.close()
        os.close(self._fd)


def timer(call: Callable[[], None]) -> Timer:
    """The best timer that this machine has."""
    return KernelTimer(call) if sys.platform == "linux" else HubTimer(call)
