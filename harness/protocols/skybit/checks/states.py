"""Connection States: what a connection may do before, while and after it is ready."""

from __future__ import annotations

from harness.conformance.check import check, expect, given
from harness.protocols.skybit.checks.probing import turned_away
from harness.protocols.skybit.lab import SkybitLab, SkybitPeer


@check("SKY-STATE-01")
async def a_confirmed_connection_is_ready(trader: SkybitPeer) -> None:
    """Send a Heartbeat and a Chat after the confirmation."""
    heartbeat = await trader.heartbeat()
    expect(heartbeat["type"] == "Heartbeat", "an answer to a Heartbeat", heartbeat)
    plan = await trader.chat(trader.lab.resting_order)
    expect(plan["type"] == "Plan", "an answer to a Chat", plan)


@check("SKY-STATE-03")
async def a_ready_connection_stays_ready(trader: SkybitPeer) -> None:
    """Send Chats, Unsubscribes and Heartbeats in turn after one Auth."""
    for _ in range(3):
        plan = await trader.chat(trader.lab.resting_order)
        expect(plan["type"] == "Plan", "an answer to each Chat", plan)
        await trader.say("Unsubscribe", channels=["quotes"])
        heartbeat = await trader.heartbeat()
        expect(heartbeat["type"] == "Heartbeat", "an answer to each Heartbeat", heartbeat)


@check("SKY-STATE-04")
async def a_lost_client_may_come_back(lab: SkybitLab) -> None:
    """Cut a connection, and authenticate on another."""
    with given("a connection that is lost"):
        await (await lab.trader()).abort()
    peer = await lab.anonymous()
    reply = await peer.authenticate(await lab.token())
    expect(peer.authenticated, "a confirmation for the user whose connection was lost", reply)


@check("SKY-STATE-06")
async def other_connections_outlive_one(lab: SkybitLab) -> None:
    """Open two connections of one user, end one, and use the other."""
    with given("two connections of one user"):
        one, other = await lab.trader(), await lab.trader()
    await one.close()
    await other.pause(lab.profile.quiet_s)
    heartbeat = await other.heartbeat()
    expect(heartbeat["type"] == "Heartbeat", "an answer on the connection that is left", heartbeat)
    plan = await other.chat(lab.resting_order)
    expect(plan["type"] == "Plan", "a Plan on the connection that is left", plan)


@check("SKY-STATE-05")
async def a_new_connection_has_to_authenticate(trader: SkybitPeer) -> None:
    """Send an order on a second connection, in the session of the first."""
    with given("a second connection"):
        other = await trader.lab.anonymous()
    other.session = trader.session
    request = await other.say("Chat", text=trader.lab.resting_order)
    await turned_away(other, request, "Plan", "Preview")
