"""The pytest plugin, in another project's folder with other settings than ours."""

import subprocess
import sys

import pytest

from harness import protocols
from harness.core.defect import defects_in

pytestmark = pytest.mark.socket


@pytest.fixture
def run_pytest(tmp_path):
    """Runs pytest on the suite in a folder whose own settings are of no use to it."""
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = strict\npython_files = check_*.py\n")

    def run(*words):
        command = [sys.executable, "-m", "pytest", "--pyargs", "harness.conformance", *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    return run


def test_there_is_one_test_for_each_requirement(run_pytest, serve):
    url = serve(protocols.load("skybit"))
    code, out = run_pytest("--protocol", "skybit", "--target", url, "-rA", "-k", "SKY-AUTH-01 or SKY-CLIENT-01")
    assert code == 0, out
    assert "PASSED" in out
    assert "excluded: it judges a client" in out
    assert "1 passed, 1 skipped" in out


def test_a_broken_server_fails_with_its_conversation_and_no_traceback(run_pytest, serve):
    defect = next(d for d in defects_in("harness.protocols.skybit.defects") if d.breaks == "SKY-AUTH-01")
    url = serve(defect.apply(protocols.load("skybit")))
    code, out = run_pytest("--protocol", "skybit", "--target", url, "-k", "SKY-AUTH-01")
    assert code == 1, out
    assert "SKY-AUTH-01 (MUST, Auth): " in out
    assert "expected  " in out
    assert ">> {" in out
    assert "Traceback" not in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "expected --protocol, such as --protocol skybit"),
        (["--protocol", "skybit", "--target", "ws://127.0.0.1:1"], "cannot be reached"),
    ],
)
def test_what_cannot_be_run_is_told_in_words(words, told, run_pytest):
    code, out = run_pytest(*words)
    assert code == 2
    assert told in out
    assert "Traceback" not in out
