"""Hands samples to Locust in aggregate, so that its own tables, web page and HTML report are right."""

from __future__ import annotations

import time
from typing import Any

from locust import stats as locust_stats
from locust.stats import RequestStats, StatsEntry, StatsError

from harness.load.samples import Batch, Key


def hand_over(stats: RequestStats, key: Key, batch: Batch) -> None:
    """Add samples to Locust's statistics, as if each had been fired as an event just now."""
    user, row = key
    entry = _entry(user, row, batch, stats)
    stats.entries[row, user].extend(entry)
    stats.total.extend(entry)
    for reason, count in batch.errors.items():
        known = stats.errors.setdefault(StatsError.create_key(user, row, reason), StatsError(user, row, reason))
        known.occurred()
        known.occurrences += count - 1


def _entry(user: str, row: str, batch: Batch, stats: RequestStats) -> StatsEntry:
    now_s = time.time()
    entry: Any = StatsEntry(stats, row, user)
    entry.last_request_timestamp = now_s
    entry.num_requests = batch.count
    entry.num_none_requests = batch.untimed
    entry.num_failures = batch.failures
    entry.total_content_length = batch.size
    entry.num_reqs_per_sec[int(now_s)] = batch.count
    if batch.failures:
        entry.num_fail_per_sec[int(now_s)] = batch.failures
    if batch.times_ms:
        entry.total_response_time = sum(batch.times_ms)
        entry.min_response_time = min(batch.times_ms)
        entry.max_response_time = max(batch.times_ms)
    for us, count in batch.times_us.items():
        entry.response_times[locust_stats.bucket_response_time(us / 1000)] += count
    result: StatsEntry = entry
    return result
