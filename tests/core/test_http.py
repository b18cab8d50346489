from __future__ import annotations

from harness.core.http import Endpoint, HttpReply, HttpRequest


def test_an_endpoint_is_a_route_and_a_pure_answer():
    endpoint = Endpoint("GET", "/state", lambda world, rules, request, now: HttpReply({"now": now, "by": request.path}))
    reply = endpoint.answer(None, None, HttpRequest("GET", "/state"), 3.0)
    assert (reply.body, reply.status) == ({"now": 3.0, "by": "/state"}, 200)
