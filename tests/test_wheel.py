"""The wheel, installed where nothing else is, and run from another folder: the mock works, with its scenarios."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import venv
from pathlib import Path

import pytest
import websockets

pytestmark = [pytest.mark.socket, pytest.mark.slow]

ROOT = Path(__file__).parent.parent


def run(*words: object, cwd: Path) -> str:
    """What a program prints; it must end well."""
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, capture_output=True, text=True, env=_bare(), check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _bare() -> dict[str, str]:
    """The environment, without what would let the checkout be found."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`ws-harness`, from a wheel in an empty virtual environment."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT, cwd=folder)
    [wheel] = folder.glob("*.whl")
    home = folder / "venv"
    venv.create(home)
    # Our own pip, since one more would take a while to be installed there.
    run(sys.executable, "-m", "pip", "--python", home, "install", "--quiet", wheel, cwd=folder)
    return home / "bin" / "ws-harness"


def test_it_explains_itself(command, tmp_path):
    printed = run(command, "--help", cwd=tmp_path)
    assert [name for name in ("serve", "check", "load", "scenarios") if name not in printed] == []


def test_it_brings_its_scenarios(command, tmp_path):
    names = [path.stem for path in (ROOT / "scenarios").glob("*/*.yaml")]
    printed = run(command, "scenarios", "list", cwd=tmp_path)
    assert len(names) >= 80
    assert [name for name in names if name not in printed] == []


def test_it_brings_the_schema_and_the_templates_of_reports(command, tmp_path):
    files = "--json", "one.json", "--html", "one.html"
    run(command, "check", "skybit", "--self", "--only", "SKY-HB-01", *files, cwd=tmp_path)
    run(command, "report", "one.json", "one.json", "--html", "both.html", "--markdown", "both.md", cwd=tmp_path)
    pages = [(tmp_path / name).read_text(encoding="utf-8") for name in ("one.html", "both.html")]
    assert [page.count('data-verdict="passed"') for page in pages] == [1, 2]
    assert [text for text in ("light-dark(", "'use strict'") if any(text not in page for page in pages)] == []
    assert (tmp_path / "both.md").read_text(encoding="utf-8").startswith("## KEPT: 2 of 2 reports")


async def test_it_serves_a_scenario_by_name(command, tmp_path):
    process = await asyncio.create_subprocess_exec(
        str(command), "serve", "skybit", "--port", "0", cwd=tmp_path, env=_bare(), stdout=asyncio.subprocess.PIPE
    )
    try:
        printed = (await asyncio.wait_for(process.stdout.readuntil(b"Ctrl+C\n"), 20)).decode()
        url = next(word for word in printed.split() if word.startswith("ws://"))
        auth = next(line for line in printed.splitlines() if line.strip().startswith("then say")).split(maxsplit=2)[2]
        async with websockets.connect(f"{url}?scenario=happy-path", proxy=None) as ws:
            await ws.send(auth)
            assert json.loads(await ws.recv())["data"]["status"] == "authenticated"
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 5) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
