"""What else a client may ask: ping, get_status, command."""

from __future__ import annotations

from harness.conformance.check import check, expect, given
from harness.core.message import field_of
from harness.protocols.sigmax.checks.seeing import is_text
from harness.protocols.sigmax.lab import SigmaxLab, SigmaxPeer

STATUS_S = 5.0


@check("SIG-REQ-01")
async def a_ping_is_answered(client: SigmaxPeer) -> None:
    """With data and without."""
    for message in ({"type": "ping"}, {"type": "ping", "data": {}}):
        await client.send(message)
        reply = await client.receive("pong", "error")
        expect(reply["type"] == "pong", "pong", reply)


@check("SIG-REQ-02")
async def each_ping_is_answered_once(client: SigmaxPeer, lab: SigmaxLab) -> None:
    """Three pings, three pongs."""
    for _ in range(3):
        await client.say("ping")
    await client.pause(lab.profile.reply_s)
    pongs = client.conversation.received("pong")
    expect(len(pongs) == 3, "three pongs", f"{len(pongs)} pongs")


@check("SIG-REQ-03")
async def a_pong_is_no_error(client: SigmaxPeer, lab: SigmaxLab) -> None:
    """Send one, then ping."""
    await client.say("pong")
    pong = await client.ping()
    expect(pong["type"] == "pong", "a connection that goes on serving", pong)
    await client.pause(lab.profile.quiet_s)
    errors = client.conversation.received("error")
    expect(not errors, "no error about a pong", errors[0] if errors else None)


@check("SIG-REQ-04")
async def the_status_is_told_on_request(client: SigmaxPeer) -> None:
    """Without any subscription."""
    reply = await client.ask("get_status", "system_status")
    expect(reply["type"] == "system_status", "system_status", reply)


@check("SIG-REQ-05")
async def the_status_has_a_word(lab: SigmaxLab) -> None:
    """A member status that is a string."""
    with given("a system_status"):
        client = await lab.client()
        reply = await client.ask("get_status", "system_status")
        expect(reply["type"] == "system_status", "system_status", reply)
    expect(is_text(field_of(reply, "data.status")), "data.status to be a string", reply)


@check("SIG-REQ-06", lasts_s=8)
async def asking_for_the_status_does_not_subscribe(lab: SigmaxLab) -> None:
    """Ask once: one system_status comes, and no more."""
    with given("a system_status"):
        client = await lab.client()
        reply = await client.ask("get_status", "system_status")
        expect(reply["type"] == "system_status", "system_status", reply)
    await client.pause(STATUS_S + lab.profile.quiet_s)
    came = client.conversation.received("system_status")
    expect(len(came) == 1, "one system_status", f"{len(came)} of them")


@check("SIG-REQ-07")
async def the_status_goes_to_who_asked(lab: SigmaxLab) -> None:
    """Another connection hears nothing of it."""
    with given("two connections"):
        client, other = await lab.client(), await lab.client()
        await client.ask("get_status", "system_status")
    await other.pause(lab.profile.quiet_s)
    came = other.conversation.received("system_status")
    expect(not came, "no system_status for who has not asked", came[0] if came else None)


@check("SIG-REQ-08")
async def a_command_gets_some_reply(client: SigmaxPeer) -> None:
    """One that no server has: nothing shall happen. No command is documented, and no form of the answer."""
    before_s = client.now()
    await client.say("command", {"command": "conformance_probe"})
    reply = await client.wait_for(
        lambda e: e.at_s >= before_s and e.message is not None and e.message.get("type") != "ping",
        "a reply to a command",
    )
    expect(reply.message, "a reply")


@check("SIG-REQ-09")
async def subscriptions_are_told_on_request(client: SigmaxPeer) -> None:
    """Ask a server that has none for us."""
    expect(await client.selection(), "the lists of topics and symbols")
