"""The log: no flood, and no traceback for what a client did."""

from __future__ import annotations

import logging
import sys

from aiohttp.http_exceptions import BadHttpMessage

from harness.core.limits import Rate
from harness.server.logs import FewRepeats, http_log


def record(text: str, level: int = logging.WARNING) -> logging.LogRecord:
    return logging.LogRecord("harness.server", level, __file__, 1, text, ("it",), None)


def test_a_repeated_warning_is_counted_instead_of_shown():
    now = 0.0
    few = FewRepeats(Rate(2, 10.0), lambda: now)
    assert [few.filter(record("%s is slow")) for _ in range(5)] == [True, True, False, False, False]
    assert few.filter(record("%s is broken"))
    assert all(few.filter(record("%s opened", logging.INFO)) for _ in range(5))
    now = 10.0
    later = record("%s is slow")
    assert few.filter(later)
    assert later.getMessage() == "it is slow (and 3 more like this)"


def test_bad_http_is_one_line_that_shows_nothing_of_it(caplog):
    try:
        raise BadHttpMessage("Authorization: secret")
    except BadHttpMessage:
        http_log.error("Error handling request from %s", "127.0.0.1", exc_info=sys.exc_info())
    [one] = caplog.records
    assert one.getMessage() == "something that is no HTTP request came from 127.0.0.1"
    assert (one.levelno, one.exc_info) == (logging.WARNING, None)
