"""The slugs of connection errors and their codes."""

from harness.protocols.megabot import PROTOCOL
from harness.protocols.megabot.errors import CODES, Refusal
from harness.wire.schemas import shapes

SHAPES = shapes(PROTOCOL.folder)


def test_the_document_knows_the_same_slugs():
    assert set(SHAPES.document["components"]["schemas"]["ErrorSlug"]["enum"]) == set(CODES)
    assert set(SHAPES.examples["connection_error"]) == set(CODES)


def test_a_refusal_is_a_payload_that_the_schema_accepts():
    for slug in CODES:
        payload = Refusal(slug, "No").payload
        assert payload == {"error": slug, "message": "No", "code": CODES[slug]}
        message = {"id": "msg_1", "type": "connection_error", "payload": payload, "timestamp": 1640995200}
        assert SHAPES.problem(message, "server") is None
