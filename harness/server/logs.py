"""What the mock logs: plain lines, no flood of the same one, no traceback for what a client did."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from aiohttp.http_exceptions import HttpProcessingError

from harness.core.limits import Rate, SlidingWindow

REPEATS = Rate(20, 10.0)  # Of one kind of warning; the others are counted.


class FewRepeats(logging.Filter):
    """Lets only so many warnings of one kind (one format string) pass; the next that passes says how many did not."""

    def __init__(self, rate: Rate = REPEATS, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._rate = rate
        self._now = now
        self._windows: dict[str, SlidingWindow] = {}
        self._left_out: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this record is shown."""
        if record.levelno < logging.WARNING:
            return True
        kind = f"{record.name}:{record.msg}"
        if not self._windows.setdefault(kind, SlidingWindow(self._rate)).allows(self._now()):
            self._left_out[kind] = self._left_out.get(kind, 0) + 1
            return False
        left_out = self._left_out.pop(kind, 0)
        if left_out:
            record.msg = f"{record.msg} (and {left_out} more like this)"
        return True


class _NoHttpTraceback(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            # The request itself is not shown: it may hold a token.
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.msg, record.exc_info = "something that is no HTTP request came from %s", None
        return True


http_log = logging.getLogger("harness.http")
http_log.addFilter(_NoHttpTraceback())
# It warns of subprotocols that are not ours, and shows them: some clients put their token there.
logging.getLogger("aiohttp.websocket").setLevel(logging.ERROR)


def set_up(level: int) -> None:
    """Log to standard error from `level` on."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", datefmt="%H:%M:%S"))
    handler.addFilter(FewRepeats())
    logging.basicConfig(level=level, handlers=[handler])
