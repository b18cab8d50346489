"""The catalogue of a protocol: one entry for each normative statement of its spec."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from harness.wire import yaml

Level = Literal["MUST", "SHOULD", "MAY"]
Side = Literal["server", "client"]

LEVELS: tuple[Level, ...] = get_args(Level)
ID = re.compile(r"[A-Z]+-[A-Z]+-\d\d")


class CatalogueError(ValueError):
    """requirements.yaml is not what it should be. The text names file, line and expectation."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One normative statement. `id` never changes; `excluded` says why nothing checks it.

    `needs` names the capability that a server may lack: a profile that says so excludes the requirement.
    """

    id: str
    level: Level
    side: Side
    section: str
    text: str
    excluded: str | None = None
    needs: str | None = None


@cache
def catalogue(folder: Path) -> dict[str, Requirement]:
    """The requirements in `requirements.yaml` of a protocol's folder, by id, in the order of the spec.

    The file maps each section to its requirements: `{id: {level, text, side?, excluded?, needs?}}`; side is `server`
    unless it says `client`. Errors: CatalogueError; YamlError.
    """
    path = folder / "requirements.yaml"
    if not path.exists():
        raise CatalogueError(f"{path}: expected the catalogue of requirements, found no such file")
    document = yaml.read(path)
    result: dict[str, Requirement] = {}
    for section, entries in (document.value or {}).items():
        for id_, entry in entries.items():
            wrong = _wrong(id_, entry, result)
            if wrong:
                raise CatalogueError(f"{path}:{document.line((section, id_))}: {id_}: {wrong}")
            result[id_] = Requirement(id=id_, section=section, **{"side": "server", **entry})
    return result


def _wrong(id_: str, entry: Any, earlier: dict[str, Requirement]) -> str | None:
    if not ID.fullmatch(id_):
        return "expected an id such as SKY-STAT-04"
    if id_ in earlier:
        return f"expected each id once, it is in section {earlier[id_].section!r} too"
    if not isinstance(entry, dict) or not isinstance(entry.get("text"), str):
        return "expected a mapping with at least `level` and `text`"
    if entry.get("level") not in LEVELS:
        return f"expected level to be one of {', '.join(LEVELS)}, found {entry.get('level')!r}"
    if entry.get("side", "server") not in get_args(Side):
        return f"expected side to be server or client, found {entry['side']!r}"
    unknown = set(entry) - {"level", "side", "text", "excluded", "needs"}
    return f"expected level, side, text, excluded or needs, found {', '.join(sorted(unknown))}" if unknown else None
