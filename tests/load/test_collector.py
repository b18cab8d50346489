import gc

from harness.load import collector


def test_what_is_there_is_left_alone_and_what_comes_is_looked_at_seldom():
    before = gc.get_threshold()
    try:
        collector.calm()
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold() == collector.THRESHOLDS
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
