"""What every peer that is a script is told on its command line: PORT MODE PAYLOAD_FILE [deflate]."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Words:
    """Where to serve, and what: `broadcast` the payload once any client has said anything, `echo`, or `idle`."""

    port: int
    mode: str
    payload: str
    deflate: bool

    @classmethod
    def given(cls) -> Words:
        """Those of this process."""
        port, mode, payload, *more = sys.argv[1:]
        return cls(int(port), mode, Path(payload).read_text(encoding="utf-8"), "deflate" in more)
