"""`ws-harness scenarios`: list, show, lint, schema. Each prints, and gives back the exit status."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table

from harness import protocols
from harness.scenario.grammar import did_you_mean
from harness.scenario.library import Library, scenarios_at, shipped
from harness.scenario.loading import ScenarioError, load, schema

BAD = 1  # The exit status when a scenario is not as it should be.
COULD_NOT_RUN = 2


def list_scenarios(folder: Path | None = None) -> int:
    """Print name and title of every scenario, by protocol: the user's own from `folder`, then the shipped ones."""
    library = Library([folder] if folder else [])
    table = Table("protocol", "name", "what happens", box=None, pad_edge=False)
    files = {path: protocol for protocol in protocols.names() for path in library.files(protocol).values()}
    status = 0
    for path, protocol in sorted(files.items(), key=lambda item: shipped() in item[0].resolve().parents):
        try:
            table.add_row(protocol, path.stem, load(path).title)
        except ScenarioError:
            table.add_row("", path.stem, f"[red]cannot be played: ws-harness scenarios lint {path}[/]")
            status = BAD
    Console().print(table)
    return status


def show(word: str, folder: Path | None = None) -> int:
    """Print the scenario of this name (also as PROTOCOL/NAME, where several have it), or of the file at this path."""
    paths = _named(word, Library([folder] if folder else []))
    if not paths:
        known = sorted({name for protocol in protocols.names() for name in Library().files(protocol)})
        return _complain(f"expected the name of a scenario or a file, found {word!r}. {did_you_mean(word, known)}")
    if len(paths) > 1:
        return _complain(f"expected one scenario, found {word!r} of several protocols: {' and '.join(paths)}")
    [path] = paths.values()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return _complain(f"{path}: expected a YAML file in UTF-8, found none: {error}")
    Console().print(f"[dim]# {path}[/]", soft_wrap=True)
    Console().print(Syntax(text, "yaml", background_color="default", word_wrap=True))
    return 0


def lint(places: Sequence[Path]) -> int:
    """Check files, and those in folders (none given: the shipped ones); print all mistakes."""
    files = [path for place in places or Library().places for path in scenarios_at(place)]
    if not files:
        return _complain(f"expected files or folders with scenarios, found none in {', '.join(map(str, places))}")
    mistakes = [mistake for path in files for mistake in _mistakes(path)]
    for mistake in mistakes:
        print(mistake)
    print(f"{_counted(len(files), 'file')}, {_counted(len(mistakes), 'mistake')}")
    return BAD if mistakes else 0


def print_schema() -> int:
    """Print the JSON Schema of scenario files, for editors."""
    print(json.dumps(schema(), indent=1))
    return 0


def _named(word: str, library: Library) -> dict[str, Path]:
    """The files that a word means, by PROTOCOL/NAME."""
    if Path(word).suffix in (".yaml", ".yml"):
        return {word: Path(word)}
    asked, _, name = word.rpartition("/")
    found = {each: library.files(each).get(name) for each in protocols.names() if asked in ("", each)}
    return {f"{each}/{name}": path for each, path in found.items() if path is not None}


def _counted(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"


def _mistakes(path: Path) -> Sequence[str]:
    try:
        load(path)
    except ScenarioError as error:
        return error.errors
    return ()


def _complain(text: str) -> int:
    Console(stderr=True).print(text.rstrip(), markup=False, soft_wrap=True)
    return COULD_NOT_RUN
