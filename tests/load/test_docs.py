"""docs/load.md knows every option, row, pace and figure there is, and its example is a good file."""

import re
from pathlib import Path

import typer

from harness import cli
from harness.load.targets import FIGURES, read
from harness.protocols.skybit.users import SkybitTrader

DOC = Path(__file__).parents[2] / "docs/load.md"
TEXT = DOC.read_text()


def test_every_option_is_documented():
    load = typer.main.get_command(cli.app).commands["load"]
    options = {name for parameter in load.params for name in parameter.opts if name.startswith("--")} - {"--help"}
    assert {name for name in options if f"`{name}" not in TEXT} == set()


def test_every_row_is_documented():
    assert {row for row in SkybitTrader.ROWS if f"| `{row}` |" not in TEXT} == set()


def test_the_example_is_a_good_file_and_shows_every_pace_and_figure(tmp_path):
    example = tmp_path / "load.toml"
    example.write_text(re.search(r"```toml\n(.*?)```", TEXT, re.DOTALL)[1])
    plan = read(example, SkybitTrader.PACES, list(SkybitTrader.ROWS))
    assert {target.figure for target in plan.targets} == set(FIGURES)
    assert {pace for pace in SkybitTrader.PACES if pace not in example.read_text()} == set()
