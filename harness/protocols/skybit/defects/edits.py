"""What many defects of Skybit are made of."""

from __future__ import annotations

from harness.core.edits import Where


def says(*words: str) -> Where:
    """Status messages whose `status` is one of these."""
    return lambda message: message["data"].get("status") in words
