"""In a process of its own, since importing locust patches the sockets of the whole process."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

SCRIPT = """
import json, random
from locust.stats import RequestStats
from harness.load.handover import hand_over
from harness.load.samples import Samples

chance = random.Random(3)
fired, handed, samples = RequestStats(), RequestStats(), Samples()
for number in range(3000):
    row, ms = chance.choice(["beat", "chat"]), chance.choice([None, chance.expovariate(1 / 80)])
    error = chance.choice([None, None, "late", "lost"])
    fired.log_request("Trader", row, ms, 20)
    if error:
        fired.log_error("Trader", row, error)
    samples.add("Trader", row, ms, 20, error)
    if number % 1000 == 999:
        for key, batch in samples.drain().items():
            hand_over(handed, key, batch)

def told(stats):
    entries = [stats.total, stats.get("beat", "Trader"), stats.get("chat", "Trader")]
    return {
        "counts": [[e.num_requests, e.num_none_requests, e.num_failures, e.total_content_length] for e in entries],
        "times": [[e.min_response_time, e.max_response_time, e.avg_response_time] for e in entries],
        "percentiles": [[e.get_response_time_percentile(share) for share in (0.5, 0.9, 0.99)] for e in entries],
        "errors": sorted([e.name, e.error, e.occurrences] for e in stats.errors.values()),
        "seconds": [sum(e.num_reqs_per_sec.values()) for e in entries],
    }

print(json.dumps([told(fired), told(handed)]))
"""


def test_locust_knows_the_same_as_if_each_sample_had_been_fired_as_an_event():
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    fired, handed = json.loads(run.stdout)
    assert handed["counts"] == fired["counts"]
    assert handed["errors"] == fired["errors"]
    assert handed["seconds"] == fired["seconds"]
    for name in ("times", "percentiles"):
        for got, wanted in zip(handed[name], fired[name], strict=True):
            assert got == pytest.approx(wanted, rel=0.011)  # Locust rounds to two digits.
