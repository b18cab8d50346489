import json

from harness.conformance.excerpt import content_first, excerpt
from harness.conformance.redact import Redactor
from harness.core.conversation import Conversation
from harness.core.message import Frame, Opcode


def test_what_a_message_holds_comes_before_the_rest_of_its_envelope():
    status = {"id": "1", "type": "Status", "ts": "2024-01-15T10:30:00Z", "data": {"status": "filled"}}
    assert list(content_first(status)) == ["type", "data", "id", "ts"]
    assert content_first(status) == status


def test_what_is_no_message_is_shown_as_it_came():
    conversation = Conversation({})
    conversation.note(0.0, "server", Frame(Opcode.TEXT, b"not { json"))
    conversation.note(1.0, "server", Frame(Opcode.TEXT, json.dumps({"id": "1", "data": {}}).encode()))
    first, second = excerpt(conversation, None, Redactor())
    assert first == "     0.000 s << not { json"
    assert second == '     1.000 s << {"data":{},"id":"1"}'
