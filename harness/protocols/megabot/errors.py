"""MegaBot's connection errors: the slug of each with its code, and the refusal that carries one."""

from __future__ import annotations

# The spec names the first alone; the others are the mock's own, with codes as HTTP has them.
CODES = {
    "authentication_failed": 401,
    "invalid_message": 400,
    "content_too_long": 400,
    "unknown_message_type": 400,
    "not_a_participant": 403,
    "rate_limit_exceeded": 429,
    "message_too_large": 413,
}


class Refusal(Exception):  # noqa: N818 - it is an answer to the client, not a failure of the mock
    """What a client asks for is not done. It becomes a connection_error."""

    def __init__(self, slug: str, text: str) -> None:
        super().__init__(text)
        self.slug = slug
        self.text = text

    @property
    def code(self) -> int:
        """What HTTP calls it."""
        return CODES[self.slug]

    @property
    def payload(self) -> dict[str, str | int]:
        """The payload of the connection_error; a login is refused with the same members."""
        return {"error": self.slug, "message": self.text, "code": self.code}
