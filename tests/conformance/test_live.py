"""The suite against our mock over sockets, in real time: some of it here; all of it takes 100 seconds."""

import json
import re

import pytest
from typer.testing import CliRunner

from harness import protocols
from harness.cli import app
from harness.conformance.command import Request, check, silent_console
from harness.conformance.report.files import Files

pytestmark = pytest.mark.socket


def test_short_checks_are_kept_over_sockets(serve, tmp_path, capsys):
    url = serve(protocols.load("skybit"))
    only, files = ("SKY-AUTH-01", "SKY-HB-01", "SKY-CONN-04"), Files(json=tmp_path / "r.json")
    request = Request("skybit", url, only=only, files=files)
    assert check(request) == 0
    report = json.loads((tmp_path / "r.json").read_text())
    assert {v["verdict"] for v in report["verdicts"]} == {"passed"}
    assert 0 < report["round_trip_s"] < 1
    assert "KEPT" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "variant", "only"),
    [
        ("megabot", "unauthorized", ("MEG-AUTH-06", "MEG-AUTH-18", "MEG-AUTH-20")),
        ("sigmax", "forbidden-and-too-many", ("SIG-AUTH-01", "SIG-AUTH-02", "SIG-AUTH-03")),
        ("skybit", "eleventh-by-http", ("SKY-RATE-10", "SKY-AUTH-01")),
    ],
)
def test_a_variant_fails_nothing_over_sockets_either(name, variant, only, serve):
    changed = protocols.variants(name)[variant].apply(protocols.load(name))
    assert check(Request(name, serve(changed), only=only), silent_console()) == 0


def test_a_profile_names_users_and_its_secrets_stay_secret(serve, tmp_path):
    url = serve(protocols.load("skybit"))
    (tmp_path / "p.toml").write_text(
        'tokens = ["demo-user-31337", "demo-user-31338"]\nexpired_token = "demo-expired"\n'
    )
    words = ["check", "skybit", f"{url}?key=hush-hush", "--profile", str(tmp_path / "p.toml")]
    files = ["--json", str(tmp_path / "r.json"), "--junit", str(tmp_path / "r.xml")]
    result = CliRunner().invoke(app, [*words, *files, "--only", "SKY-AUTH-01", "--only", "SKY-AUTH-10"])
    told = result.output + (tmp_path / "r.json").read_text() + (tmp_path / "r.xml").read_text()
    assert result.exit_code == 0, result.output
    assert not re.search("3133|hush-hush|demo-expired", told)
