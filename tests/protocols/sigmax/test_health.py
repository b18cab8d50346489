import random

from harness.core.world import Vitals
from harness.protocols.sigmax.health import Simulated, health_data


def test_figures_wander_within_bounds_around_what_is_usual():
    simulated = Simulated(random.Random(1))
    figures = [health_data(simulated()) for _ in range(2000)]
    for name, usual in (("cpu_percent", 45.2), ("memory_percent", 62.1), ("disk_percent", 35.0)):
        values = [each[name] for each in figures]
        assert all(0 <= value <= 100 for value in values)
        assert abs(sum(values) / len(values) - usual) < 2
    assert all(type(each["process_count"]) is int and each["process_count"] > 0 for each in figures)
    assert len({each["cpu_percent"] for each in figures}) > 100


def test_shares_have_one_decimal():
    assert health_data(Vitals(12.345, 50.0, 3.14159, 7)) == {
        "cpu_percent": 12.3,
        "memory_percent": 50.0,
        "disk_percent": 3.1,
        "process_count": 7,
    }
