"""docs/serve.md knows every option, every request of the admin interface and every bound there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import typer

from harness import cli
from harness.core import journal
from harness.core.conversation import Conversation
from harness.protocols import defects, variants
from harness.protocols.skybit import PROTOCOL
from harness.scenario import driver, house
from harness.scenario.house import House
from harness.server import admin, connection, framing, publishing, recording

TEXT = (Path(__file__).parents[2] / "docs" / "serve.md").read_text(encoding="utf-8")
MIB = 1024 * 1024


def test_every_option_is_documented():
    serve = typer.main.get_command(cli.app).commands["serve"]
    options = {name for parameter in serve.params for name in parameter.opts if name.startswith("--")} - {"--help"}
    assert len(options) > 10
    assert {name for name in options if f"| `{name}" not in TEXT} == set()
    assert set(re.findall(r"\| `(--[\w-]+)", TEXT)) == options


def test_every_request_of_the_admin_interface_is_documented():
    routes = admin.routes(House({}, float), admin.Guard(None, True))
    paths = {f"{each.method} {each.path}".replace("{protocol}/{stage:.+}", "PROTOCOL/STAGE") for each in routes}
    assert set(re.findall(r"\| `((?:GET|POST) [^`]+)`", TEXT)) == paths


def test_every_bound_is_documented():
    bounds = [
        f"a message of more than {PROTOCOL.max_message_bytes // MIB} MiB",
        f"more than {connection.MAX_WAITING_FRAMES} frames, or {connection.MAX_WAITING_BYTES // MIB} MiB, wait",
        f"messages of {framing.DEFLATE_FROM_BYTES} bytes or more go out compressed",
        f"not answered within {connection.CLOSE_WAIT_S:g} s",
        f"nobody uses for {house.FORGET_AFTER_S:g} s",
        f"{house.MAX_STAGES} stages in use",
        f"newest {journal.MAX_ENTRIES} frames (at most {journal.MAX_BYTES // MIB} MiB)",
        f"more than {driver.LATE_MOST_S:g} s behind",
        f"{driver.LATE_MOST_IN_REAL_TIME_S:g} s behind in real time",
        f"goes on for {driver.TURN_S:g} s at a time",
        f"ends at {recording.MAX_RECORDING_BYTES // MIB} MiB",
        f"Up to {publishing.MAX_WAITING_LINES:,} lines ({publishing.MAX_WAITING_BYTES // MIB} MiB) wait",
        f"Up to {publishing.BATCH_LINES} lines that were just under way",
        f"after {publishing.FIRST_WAIT_S:g} s, then ever more rarely, at last every {publishing.MAX_WAIT_S:g} s",
    ]
    assert [bound for bound in bounds if bound not in TEXT] == []


def test_the_examples_are_json_of_the_shape_that_is_served():
    stages, recorded = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    assert json.loads(stages)["stages"][0]["wrong_in_books"] == []
    record = Conversation.from_lines(recorded.splitlines())
    assert (record.about["connection"], len(record.entries), record.close.frame.code) == (1, 2, 1001)


def test_the_example_of_a_defect_is_one():
    [(name, id_, text)] = re.findall(r"^  ([\w-]+) \(([A-Z]+-[\w-]+)\): (.*)$", TEXT, re.MULTILINE)
    assert (defects("skybit")[name].breaks, defects("skybit")[name].text) == (id_, text)


def test_the_example_of_a_variant_is_one():
    [(name, reading, text)] = re.findall(r"^  ([\w-]+) \(([^A-Z\n]*)\): (.*)$", TEXT, re.MULTILINE)
    variant = variants("eventbus")[name]
    assert (variant.reading, f"{variant.text} It lacks {', '.join(variant.lacks)}.") == (reading, text)
