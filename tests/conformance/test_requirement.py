import pytest

from harness.conformance.requirement import CatalogueError, Requirement, catalogue

GOOD = """
Auth:
  FAKE-AUTH-01: {level: MUST, text: It answers.}
  FAKE-AUTH-02: {level: MAY, side: client, text: It asks., excluded: no reason, needs: speech}
"""


def test_sections_map_to_requirements_in_order(tmp_path):
    (tmp_path / "requirements.yaml").write_text(GOOD)
    assert list(catalogue(tmp_path).values()) == [
        Requirement("FAKE-AUTH-01", "MUST", "server", "Auth", "It answers."),
        Requirement("FAKE-AUTH-02", "MAY", "client", "Auth", "It asks.", "no reason", "speech"),
    ]


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("fake-1: {level: MUST, text: a}", "expected an id such as"),
        ("FAKE-AUTH-01: {level: MUST}", "at least `level` and `text`"),
        ("FAKE-AUTH-01: {level: SHALL, text: a}", "level to be one of MUST, SHOULD, MAY, found 'SHALL'"),
        ("FAKE-AUTH-01: {level: MUST, text: a, side: both}", "side to be server or client, found 'both'"),
        ("FAKE-AUTH-01: {level: MUST, text: a, why: b}", "found why"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(entry, told, tmp_path):
    (tmp_path / "requirements.yaml").write_text(f"Auth:\n  {entry}\n")
    with pytest.raises(CatalogueError, match=told) as raised:
        catalogue(tmp_path)
    assert "requirements.yaml:2: " in str(raised.value)


def test_an_id_in_two_sections_is_told(tmp_path):
    entry = "  FAKE-AUTH-01: {level: MUST, text: a}\n"
    (tmp_path / "requirements.yaml").write_text(f"Auth:\n{entry}Chat:\n{entry}")
    with pytest.raises(CatalogueError, match="yaml:4: FAKE-AUTH-01: expected each id once, it is in section 'Auth'"):
        catalogue(tmp_path)


def test_a_folder_without_a_catalogue_is_told(tmp_path):
    with pytest.raises(CatalogueError, match="found no such file"):
        catalogue(tmp_path)
