"""Tokens on the wire: JSON Web Tokens (RFC 7519), signed and expiring by the stage's clock instead of the machine's."""

from __future__ import annotations

from typing import Any

import jwt

ALGORITHM = "HS256"


class TokenError(ValueError):
    """A token is none, was signed by somebody else, or has expired; the text says which."""


def issue(subject: str, secret: str, at_epoch_s: float, life_s: float, **claims: Any) -> str:
    """A signed token for `subject`, with the claims `sub`, `iat` and `exp` (whole epoch seconds) and these."""
    times = {"iat": int(at_epoch_s), "exp": int(at_epoch_s + life_s)}
    return jwt.encode({"sub": subject, **times, **claims}, secret, algorithm=ALGORITHM)


def claims_of(token: str, secret: str, at_epoch_s: float) -> dict[str, Any]:
    """The claims of a token that is good at this moment. Errors: TokenError."""
    # Times are compared here, since the library would look at the machine's clock.
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            secret,
            algorithms=[ALGORITHM],
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False, "require": ["sub", "exp"]},
        )
    except jwt.PyJWTError as error:
        raise TokenError(f"the token is not valid: {error}") from error
    expires = claims["exp"]
    if isinstance(expires, bool) or not isinstance(expires, int | float):
        raise TokenError(f"the token is not valid: exp is {expires!r}, not a time")
    if expires <= at_epoch_s:
        raise TokenError("the token has expired")
    return claims
