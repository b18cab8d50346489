"""docs/load.md knows every option, kind of user, row, pace and figure there is, and its example is a good file."""

import importlib
import re
from pathlib import Path

import pytest
import typer

from harness import cli, protocols
from harness.load.behaviour import behaviours_in
from harness.load.targets import FIGURES, read
from harness.protocols.skybit.users import SkybitTrader

DOC = Path(__file__).parents[2] / "docs/load.md"
TEXT = DOC.read_text()


def test_every_option_is_documented():
    load = typer.main.get_command(cli.app).commands["load"]
    options = {name for parameter in load.params for name in parameter.opts if name.startswith("--")} - {"--help"}
    assert {name for name in options if f"`{name}" not in TEXT} == set()


def users(name):
    return behaviours_in(importlib.import_module(f"harness.protocols.{name}.users"))


@pytest.mark.parametrize("name", protocols.having("users"))
def test_the_users_of_every_protocol_are_documented_with_their_rows_and_paces(name):
    title = protocols.load(name).title
    part = re.search(rf"^### {title}\n(.*?)(?=^##)", TEXT, re.DOTALL | re.MULTILINE)[1]
    known = {f"`{kind.__name__}`" for kind in users(name)}
    known |= {f"| `{row}` |" for kind in users(name) for row in kind.ROWS}
    known |= {f"`{pace}`" for kind in users(name) for pace in kind.PACES}
    assert {word for word in known if word not in part} == set()


@pytest.mark.parametrize("name", protocols.having("users"))
def test_the_users_of_a_protocol_agree(name):
    """On what rows and paces of one name mean, so that they can be shown together, and on the file of targets."""
    for one in users(name):
        for other in users(name):
            for part in ("ROWS", "PACES"):
                ours, theirs = getattr(one, part), getattr(other, part)
                assert {key: ours[key] for key in ours.keys() & theirs} == {
                    key: theirs[key] for key in ours.keys() & theirs
                }
        assert next(iter(one.ROWS)) == "connect"
        assert one.ROWS.keys() >= one.ONE_CLOCK_ROWS
        assert one.TARGETS == users(name)[0].TARGETS


@pytest.mark.parametrize("name", protocols.having("users"))
def test_the_targets_of_a_protocol_are_a_good_file_and_say_every_pace(name):
    kinds = users(name)
    paces = {name: pace for kind in kinds for name, pace in kind.PACES.items()}
    plan = read(kinds[0].TARGETS, paces, [row for kind in kinds for row in kind.ROWS])
    assert plan.paces == {name: pace.usual_s for name, pace in paces.items()}
    assert plan.targets


def test_the_example_is_a_good_file_and_shows_every_pace_and_figure(tmp_path):
    example = tmp_path / "load.toml"
    example.write_text(re.search(r"```toml\n(.*?)```", TEXT, re.DOTALL)[1])
    plan = read(example, SkybitTrader.PACES, list(SkybitTrader.ROWS))
    assert {target.figure for target in plan.targets} == set(FIGURES)
    assert {pace for pace in SkybitTrader.PACES if pace not in example.read_text()} == set()
