from pathlib import Path

import pytest
import typer

from harness import cli

DOCS = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["check", "judge", "report"])
def test_every_option_is_documented(command):
    params = typer.main.get_command(cli.app).commands[command].params
    options = {name for parameter in params for name in parameter.opts if name.startswith("--")} - {"--help"}
    assert {option for option in options if f"| `{option}" not in DOCS} == set()
