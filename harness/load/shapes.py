"""Locust's view of a shape: it asks once a second how many users there should be."""

from __future__ import annotations

import time
from typing import Any

from locust import LoadTestShape

from harness.load.profiles import PROFILES, Choices, users_at


class Shape(LoadTestShape):
    """Plays the stages of the profile that the options name."""

    use_common_options = True

    def tick(self) -> tuple[int, float] | None:
        """How many users, and how many of them may come or go in a second; None at the end."""
        assert self.runner is not None
        options: Any = self.runner.environment.parsed_options
        stages = PROFILES[options.shape](Choices(options.steps, options.base))
        passed_s = time.perf_counter() - self.start_time
        users = users_at(passed_s, options.run_time, options.num_users, stages)
        return None if users is None else (users, options.spawn_rate)
