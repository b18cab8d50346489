"""Who may listen where a token is demanded (7.1): a JWT, as the second subprotocol that a client offers."""

from __future__ import annotations

from collections.abc import Mapping

from harness.wire.tokens import TokenError, claims_of, issue

SUBPROTOCOL = "token"
SECRET = "brainstream-demo-secret-of-this-mock"  # noqa: S105 - a demo secret that everyone may know

# Good for whoever has no token of his own: from 2020 for eighty years.
DEMO_TOKEN = issue("demo-user", SECRET, 1_577_836_800, 80 * 365 * 86_400)


def refusal_of(headers: Mapping[str, str], at_epoch_s: float) -> str | None:
    """Why a handshake's token is none that is good now, in words; None when it is: `token, <JWT>` is offered."""
    offered = [word.strip() for word in headers.get("sec-websocket-protocol", "").split(",")]
    if len(offered) != 2 or offered[0] != SUBPROTOCOL:
        return "a token is required: offer the subprotocols token and the JWT"
    try:
        claims_of(offered[1], SECRET, at_epoch_s)
    except TokenError as error:
        # The reason of a close has room for 123 bytes (RFC 6455, 5.5), and a claim may be long.
        return str(error).encode()[:123].decode(errors="ignore")
    return None
