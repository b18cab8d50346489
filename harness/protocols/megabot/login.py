"""The login, over plain HTTP: a name and a password in, a token out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from harness.core.http import HttpReply, HttpRequest
from harness.protocols.megabot.credentials import new_token
from harness.protocols.megabot.errors import Refusal
from harness.protocols.megabot.rules import Facts, Rules

if TYPE_CHECKING:
    from harness.protocols.megabot.world import MegabotWorld

EXPECTED = "the body: expected a JSON object with username and password"


def login(world: MegabotWorld, rules: Rules, request: HttpRequest, now: float) -> HttpReply:
    """200 and a token; 401 for a wrong name or password, 400 for a body that has none, with a payload of errors."""
    try:
        user, password = _credentials(request.body)
        _admit(user, password, world.facts)
    except Refusal as refusal:
        return HttpReply(refusal.payload, refusal.code)
    return HttpReply({"token": new_token(user, world.clock.wall_s(now), rules.token_life_s)})


def _credentials(body: bytes) -> tuple[str, str]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refusal("invalid_message", f"{EXPECTED}, found text that is no JSON") from error
    if not isinstance(data, dict):
        raise Refusal("invalid_message", f"{EXPECTED}, found other JSON")
    return _text(data, "username"), _text(data, "password")


def _text(data: dict[str, object], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value.isprintable() or not value:
        raise Refusal("invalid_message", f"{name}: expected a text that can be printed and is not empty")
    return value


def _admit(user: str, password: str, facts: Facts) -> None:
    if not facts.accept_any_password and facts.users.get(user) != password:
        raise Refusal("authentication_failed", "Invalid username or password")
