import json

import pytest

from harness.conformance.check import check, expect
from harness.conformance.judging import UnreadableError, judge_files, read
from harness.conformance.requirement import Requirement
from harness.core.conversation import Conversation
from harness.core.message import Frame, Opcode

CLIENT = Requirement("FAKE-CLIENT-01", "MUST", "client", "Fakes", "Clients say Hello.")


@check("FAKE-CLIENT-01")
def clients_say_hello(conversation):
    for message in conversation.sent():
        yield expect(message["type"] == "Hello", "a Hello", message)


@check("FAKE-SERVER-01")
def servers_say_bye(conversation):
    for message in conversation.received():
        yield expect(message["type"] == "Bye", "a Bye", message)


@check("FAKE-TALK-01")
async def talks(peer):
    pass


def recorded(*messages):
    conversation = Conversation({"protocol": "fake"})
    for at, (sender, message) in enumerate(messages):
        conversation.note(at, sender, Frame(Opcode.TEXT, json.dumps(message, ensure_ascii=False).encode()))
    return "\n".join(conversation.to_lines()) + "\n"


@pytest.fixture
def suite(suite_of):
    return suite_of(clients_say_hello, servers_say_bye, talks, requirements=[CLIENT])


def test_recordings_are_judged_on_both_sides(suite, tmp_path):
    good = recorded(("client", {"type": "Hello"}), ("server", {"type": "Bye"}))
    bad = recorded(("client", {"type": "Hello"}), ("client", {"type": "Psst", "token": "s3cr3t"}))
    (tmp_path / "a.jsonl").write_text(good + bad)
    report = judge_files(suite, [tmp_path / "a.jsonl"])
    assert report.conversations == 2
    assert report["FAKE-SERVER-01"].verdict == "passed"
    assert report["FAKE-CLIENT-01"].verdict == "failed"
    assert report["FAKE-CLIENT-01"].observations == 2
    assert "s3cr3t" not in repr(report)
    assert report["FAKE-TALK-01"].verdict == "excluded"
    assert report.exit_code == 1


def test_text_with_unusual_line_ends_is_one_line(tmp_path):
    (tmp_path / "a.jsonl").write_text(recorded(("client", {"type": "a\u2028b"})))
    (conversation,) = read(tmp_path / "a.jsonl")
    assert conversation.sent() == [{"type": "a\u2028b"}]


def test_a_bug_in_an_invariant_is_named(suite_of, tmp_path):
    @check("FAKE-BUG-01")
    def has_a_bug(conversation):
        yield {}["nothing"]

    (tmp_path / "a.jsonl").write_text(recorded())
    report = judge_files(suite_of(has_a_bug), [tmp_path / "a.jsonl"])
    assert report.exit_code == 2
    assert "has_a_bug: KeyError" in report.broken[0]


def test_an_unreadable_file_is_told_with_file_and_line(suite, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(recorded() + recorded() + "nonsense\n")
    with pytest.raises(UnreadableError, match=r"a\.jsonl, after line 1: line 2: expected a line of a conversation"):
        judge_files(suite, [path])
    path.write_bytes(b"\xff")
    with pytest.raises(UnreadableError, match="UTF-8"):
        judge_files(suite, [path])
