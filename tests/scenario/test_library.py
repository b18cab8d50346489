import pytest

import harness
from harness.scenario import library
from harness.scenario.library import Library


@pytest.fixture
def own(tmp_path):
    """A user's folder: one scenario of any protocol, one of Skybit, and what is no scenario."""
    (tmp_path / "skybit").mkdir()
    for name in ("slow.yaml", "skybit/happy-path.yml", "notes.txt", "odd.yxml"):
        (tmp_path / name).write_text("")
    return tmp_path


def test_the_shipped_scenarios_are_found_by_protocol_and_name():
    files = Library().files("skybit")
    assert files["happy-path"] == library.shipped() / "skybit" / "happy-path.yaml"
    assert "happy-path" not in Library().files("toy")


def test_in_an_installed_package_they_are_inside_it(tmp_path, monkeypatch):
    (tmp_path / "harness" / "scenarios").mkdir(parents=True)
    monkeypatch.setattr(harness, "__file__", str(tmp_path / "harness" / "__init__.py"))
    assert library.shipped() == tmp_path / "harness" / "scenarios"


def test_a_users_own_folder_comes_first_and_may_take_a_shipped_name(own):
    files = Library([own]).files("skybit")
    assert list(files)[:2] == ["slow", "happy-path"]
    assert files["happy-path"] == own / "skybit" / "happy-path.yml"


def test_a_folder_gives_each_protocol_its_own(own):
    assert list(Library([own]).files("toy")) == ["slow"]


def test_a_place_may_be_one_file(own):
    assert list(Library([own / "slow.yaml"]).files("toy")) == ["slow"]


def test_an_unknown_name_is_told_with_the_nearest_right_one():
    with pytest.raises(
        LookupError, match=r"expected a scenario of skybit \(.*\), found 'hapy-path'. Did you mean 'happy-path'\?"
    ):
        Library().find("skybit", "hapy-path")


def test_a_protocol_without_scenarios_says_so():
    with pytest.raises(LookupError, match=r"expected a scenario of toy \(there is none\), found 'x'.$"):
        Library().find("toy", "x")


def test_a_file_that_names_another_protocol_is_not_offered_and_one_that_cannot_be_read_is(own):
    (own / "slow.yaml").write_text("scenario: Slow\nprotocol: skybit\n")
    (own / "latin.yaml").write_bytes(b"scenario: caf\xe9")
    (own / "misspelt.yaml").write_text("scenario: Slow\nprotocol: skybti\n")
    assert list(Library([own]).files("megabot"))[:2] == ["latin", "misspelt"]
    assert list(Library([own]).files("skybit"))[:3] == ["latin", "misspelt", "slow"]
