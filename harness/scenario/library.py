"""Where scenarios are found: the files and folders that the user names, then those that are shipped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import harness
from harness import protocols
from harness.scenario.grammar import did_you_mean

_SUFFIXES = (".yaml", ".yml")
_PROTOCOL = re.compile(r"""^protocol: *["']?(\w+)""", re.MULTILINE)


def shipped() -> Path:
    """The folder of the shipped scenarios: inside the installed package, or at the top of the checkout."""
    package = Path(harness.__file__).resolve().parent
    inside = package / "scenarios"
    return inside if inside.is_dir() else package.parent / "scenarios"


class Library:
    """Scenario files by protocol and name; the name is the file's stem.

    `places` are the user's own files and folders. They come before the shipped ones, whose names they may take.
    A folder holds scenarios itself, or in a folder for each protocol.
    """

    def __init__(self, places: Sequence[Path] = ()) -> None:
        self.places = (*places, shipped())

    def files(self, protocol: str) -> dict[str, Path]:
        """The files for a protocol by name, the user's own first, then in order of name."""
        found: dict[str, Path] = {}
        for place in self.places:
            for path in _files_at(place, protocol):
                found.setdefault(path.stem, path)
        return found

    def find(self, protocol: str, name: str) -> Path:
        """The file of this name. LookupError, with the nearest right name, when there is none."""
        files = self.files(protocol)
        if name not in files:
            hint = did_you_mean(name, list(files))
            known = ", ".join(files) or "there is none"
            raise LookupError(f"expected a scenario of {protocol} ({known}), found {name!r}. {hint}".rstrip())
        return files[name]


def scenarios_at(place: Path) -> list[Path]:
    """The scenario files at a place: the file that it is, or those in the folder and the folders in it."""
    return (
        [place]
        if place.is_file()
        else _in_folder(place) + [p for folder in _folders(place) for p in _in_folder(folder)]
    )


def _files_at(place: Path, protocol: str) -> list[Path]:
    """The files at a place that may be the protocol's: those of its own folder, and those of any that say so."""
    mixed = [place] if place.is_file() else _in_folder(place)
    return [path for path in mixed if _is_for(path, protocol)] + _in_folder(place / protocol)


def _is_for(path: Path, protocol: str) -> bool:
    """Whether a file may be a scenario of this protocol. One that names none is everybody's, so that it is told."""
    try:
        match = _PROTOCOL.search(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return True
    return match is None or match[1] == protocol or match[1] not in protocols.names()


def _in_folder(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("*.y*ml")) if path.suffix in _SUFFIXES]


def _folders(place: Path) -> list[Path]:
    return sorted(path for path in place.glob("*") if path.is_dir())
