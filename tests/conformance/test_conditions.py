"""Conditions in which a lawful server may have to work."""

import random

from harness.conformance.conditions import Conditions


def test_a_server_that_does_not_freeze_is_always_awake():
    assert [Conditions().awake_s(at) for at in (0.0, 0.3, 100.0)] == [0.0, 0.3, 100.0]


def test_a_busy_server_thaws_again_and_again_and_never_goes_back():
    busy = Conditions(freeze_s=0.3, chance=random.Random(1))
    moments = [number / 100 for number in range(2000)]
    later = [busy.awake_s(at) for at in moments]
    assert later == sorted(later)
    assert later == [busy.awake_s(at) for at in moments]
    waits = [after - at for at, after in zip(moments, later, strict=True)]
    assert max(waits) <= 0.3
    frozen = sum(wait > 0 for wait in waits) / len(waits)
    assert 0.2 < frozen < 0.7


def test_frames_take_their_time_each_another():
    slow = Conditions(0.2, 0.1, chance=random.Random(1))
    times = [slow.under_way_s() for _ in range(100)]
    assert 0.2 <= min(times) < 0.21
    assert 0.29 < max(times) <= 0.3
