"""The report as JSON, and its published schema."""

import json

import jsonschema
import pytest

from harness import __version__
from harness.conformance.check import check
from harness.conformance.excerpt import WHOLE_WIDTH
from harness.conformance.profile import Profile
from harness.conformance.report import document
from harness.core.message import Frame, Opcode

SCHEMA = json.loads(document.SCHEMA.read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_it_follows_its_published_schema(told):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    written = json.loads(document.text(told))
    VALIDATOR.validate(written)
    assert {v["id"]: v["verdict"] for v in written["verdicts"]} == {
        "FAKE-GOOD-01": "passed",
        "FAKE-BAD-01": "failed",
        "FAKE-KNOWN-01": "failed",
        "FAKE-NONE-01": "not-observed",
        "FAKE-OUT-01": "excluded",
    }
    assert (written["protocol"], written["target"], written["exit_code"]) == ("fake", "ws://fake/", 1)
    assert (written["version"], written["started_at"]) == (__version__, "2024-01-15T10:30:00Z")
    assert list(written["summary"].values()) == [1, 1, 1, 1, 1]
    assert written.keys() == SCHEMA["properties"].keys()


def test_the_schema_refuses_passed_on_zero_observations(told):
    told["verdicts"][0]["observations"] = 0
    assert not VALIDATOR.is_valid(told)


def test_a_report_without_later_members_is_a_report_still(told, tmp_path):
    for later in ("schema", "version", "started_at", "summary"):
        del told[later]
    for verdict in told["verdicts"]:
        for failure in verdict["failures"]:
            del failure["conversation"]
    (tmp_path / "r.json").write_text(document.text(told))
    assert document.read(tmp_path / "r.json") == told


def test_the_conversation_is_told_frame_by_frame_without_secrets(told, token):
    failed = told["verdicts"][1]
    conversation = failed["failures"][0]["conversation"]
    sent, received = conversation["frames"][:2]
    assert (sent["from"], received["from"]) == ("client", "server")
    assert [frame["marked"] for frame in conversation["frames"][:2]] == [False, True]
    assert received["opcode"] == "text"
    assert received["bytes"] > len(received["text"]) - 10
    message = json.loads(received["text"])
    assert list(message) == ["type", "text", "token"]  # In the order in which it came.
    assert message["token"] == "***"
    assert token not in json.dumps(told)


@check("FAKE-BUG-01")
async def has_a_bug(peer):
    raise RuntimeError("s3cr3t-t0ken")


def test_a_bug_in_a_check_tells_no_secret(suite_of, judged, echo, token):
    report = judged(suite_of(has_a_bug), echo, Profile("ws://fake/", tokens=(token,)))
    (broken,) = document.document(report)["broken_checks"]
    assert broken.startswith("FAKE-BUG-01: has_a_bug: RuntimeError: ***")


def test_a_message_that_is_too_long_is_cut_and_told_to_be(suite_of, judged, fake_server):
    @check("FAKE-LONG-01")
    def says_little(conversation):
        for entry in conversation.entries:
            if entry.frame.data:
                raise AssertionError  # It stumbles; the schema says why.
        yield

    @check("FAKE-TALK-01")
    async def talks(peer):
        await peer.receive()

    long = Frame(Opcode.TEXT, json.dumps({"type": "Long", "text": "x" * 9000}).encode())
    server = fake_server(greeting=[long, Frame(Opcode.BINARY, b"\xff\x00")])
    problem = type("Problem", (), {"where": "text", "expected": "at most 10 characters"})
    report = judged(suite_of(says_little, talks, problem=lambda message: problem), server)
    frames = document.document(report)["verdicts"][0]["failures"][0]["conversation"]["frames"]
    assert (len(frames[0]["text"]), frames[0]["cut"], frames[0]["bytes"]) == (WHOLE_WIDTH, True, len(long.data))
    assert frames[0]["marked"]
    assert (frames[1]["opcode"], frames[1]["text"], frames[1]["cut"]) == ("binary", "\\xff ", False)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: r.pop("target"), "target: expected a value, found nothing"),
        (
            lambda r: r["verdicts"][1].update(level="SHALL"),
            "verdicts.1.level: expected one of MUST, SHOULD, MAY, found",
        ),
        (lambda r: r["verdicts"][0].update(id="x"), 'verdicts.0.id: expected an id such as SKY-STAT-04, found "x"'),
        (lambda r: r.update(schema=2), "schema: expected 1, found 2"),
        (lambda r: r["verdicts"][0].update(observations=0), "verdicts.0.observations: expected a number of at least 1"),
        (lambda r: r["verdicts"][4].update(reason=""), "verdicts.4.reason: expected at least 1 character"),
    ],
)
def test_what_is_no_report_is_told_with_file_place_and_expectation(change, words, told, tmp_path):
    change(told)
    (tmp_path / "r.json").write_text(json.dumps(told))
    with pytest.raises(document.DocumentError) as caught:
        document.read(tmp_path / "r.json")
    assert str(caught.value).startswith(f"{tmp_path / 'r.json'}: {words}")


@pytest.mark.parametrize("content", [b"", b"[]", b"{nonsense", b"\xff\xfe", b"[" * 100_000, b'"a report"', b"null"])
def test_what_is_no_json_object_is_told_too(content, tmp_path):
    (tmp_path / "r.json").write_bytes(content)
    with pytest.raises(document.DocumentError, match=r"r\.json: expected "):
        document.read(tmp_path / "r.json")
