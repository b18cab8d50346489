"""The catalogue of a protocol: one entry for each normative statement of its spec."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from harness.wire import yaml

Level = Literal["MUST", "SHOULD", "MAY"]
Side = Literal["server", "client"]


@dataclass(frozen=True, slots=True)
class Requirement:
    """One normative statement. `id` never changes; `excluded` says why nothing checks it."""

    id: str
    level: Level
    side: Side
    section: str
    text: str
    excluded: str | None = None


@cache
def catalogue(folder: Path) -> dict[str, Requirement]:
    """The requirements in `requirements.yaml` of a protocol's folder, by id, in the order of the spec.

    The file maps each section to its requirements: `{id: {level, text, side?, excluded?}}`; side is `server`
    unless it says `client`.
    """
    sections = yaml.read(folder / "requirements.yaml").value
    return {
        id_: Requirement(
            id_, entry["level"], entry.get("side", "server"), section, entry["text"], entry.get("excluded")
        )
        for section, entries in sections.items()
        for id_, entry in entries.items()
    }
