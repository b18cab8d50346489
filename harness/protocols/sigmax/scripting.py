"""What a scenario's script lets happen, with the world following it, so that the books still balance."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from harness.core.message import Message, merged
from harness.protocols.sigmax.books import FEE_RATE, FINEST, ZERO, Action, exact, fee_of
from harness.protocols.sigmax.market import Listing
from harness.protocols.sigmax.rules import LEAST_PRICE, MOST_PRICE, MOST_SIZE
from harness.protocols.sigmax.trading import Proposal

if TYPE_CHECKING:
    from harness.protocols.sigmax.session import SigmaxSession
    from harness.protocols.sigmax.world import SigmaxWorld


def happen(
    world: SigmaxWorld, name: str, variant: str | None, changes: Message, now: float
) -> tuple[Message, list[str]]:
    """Make an event from the example, true where the world knows better, with `changes`, and tell it.

    Where no example is named, what is measured (market, portfolio, health, status, analyses) is told as it is.
    The event and the channels under which it was told are given back.
    """
    wanted = merged({"data": _example(world, name, variant)}, changes)["data"]
    data = _truth(world, name, variant is not None, wanted, changes, now)
    message = merged(world.event(name, data, now), changes)
    return message, world.broadcast(message, now)


def answer(
    session: SigmaxSession, name: str, variant: str | None, changes: Message, trigger: Message | None, now: float
) -> Message:
    """Make a message to one client from the example, true where the session knows better, with `changes`."""
    example = _example(session.world, name, variant)
    data = {**example, **_own_truth(session, name, variant is not None, trigger, now)}
    return merged(session.world.event(name, data, now), changes)


def _example(world: SigmaxWorld, name: str, variant: str | None) -> Any:
    examples = world.setting.examples[name]
    return examples[next(iter(examples)) if variant is None else variant]["data"]


def _own_truth(
    session: SigmaxSession, name: str, as_example: bool, trigger: Message | None, now: float
) -> Mapping[str, Any]:
    """What the example cannot know. A scripted confirmation does what it confirms."""
    kind = trigger["type"] if trigger else None
    match name:
        case "connected":
            return session.greeting()
        case "system_status" if not as_example:
            command = {"command": trigger["data"]["command"]} if trigger and kind == "command" else {}
            return {**session.world.status_data(now), **command}
        case "subscribed" | "unsubscribed" if trigger and kind == name.removesuffix("d"):
            chosen, _ = session.read(trigger, now)
            (session.select if name == "subscribed" else session.deselect)(chosen)
            return chosen.confirmation(name)
        case "subscribed" if not as_example:
            return session.selection.confirmation(name)
    return {}


def _truth(world: SigmaxWorld, name: str, as_example: bool, wanted: Any, changes: Message, now: float) -> Any:
    """The data of the event, but for what the script changes in it."""
    match name:
        case "proposal_created":
            proposal = _created(world, wanted, changes)
            world.desk.follow(proposal, now)
            return world.desk.created_data(proposal, wanted["reason"], now)
        case "proposal_approved":
            return _approved(world, wanted, changes, now).data
        case "trade_executed":
            return _executed(world, wanted, changes, now)
        case "status_change":
            return {**wanted, "previous_status": world.enter(wanted["status"])}
        case "market_update":
            return _market(world, wanted, as_example or "data" in changes, now)
        case "alert":
            return wanted
    return wanted if as_example else _measured(world, name, wanted, now)


def _measured(world: SigmaxWorld, name: str, wanted: Message, now: float) -> Message:
    if name == "analysis_update":
        return world.view(wanted["symbol"]).data if wanted["symbol"] in world.market.pairs else wanted
    if name == "portfolio_update":
        return world.portfolio_data()
    return world.health_data() if name == "health_update" else world.status_data(now)


def _market(world: SigmaxWorld, wanted: Any, is_said: bool, now: float) -> Any:
    """The market goes where the script says, and on from there."""
    if not is_said:
        return world.market.rows(now)
    for row in wanted:
        if row["symbol"] in world.market.pairs:
            world.market.pairs[row["symbol"]].set(now, row["price"])
    return wanted


# The life of a scripted proposal ----------------------------------------------------------------


def _created(world: SigmaxWorld, wanted: Message, changes: Message) -> Proposal:
    """A proposal as the script wants it, with an id of its own unless the script gives one."""
    symbol = wanted["symbol"]
    if symbol not in world.market.pairs:
        price = _bearable(wanted.get("filled_price", 1.0), LEAST_PRICE, MOST_PRICE)
        world.market.add(symbol, Listing(float(price)))
    # Any word may be told; the desk itself buys or sells.
    action: Action = "buy" if wanted["action"].lower() == "buy" else "sell"
    return world.desk.create(symbol, action, _bearable(wanted["size"], FINEST, MOST_SIZE), _id_in(changes))


def _approved(world: SigmaxWorld, wanted: Message, changes: Message, now: float) -> Proposal:
    """The proposal that the script names, or else a new one, which is told before; from now on it is approved."""
    proposal = world.desk.open.get(_id_in(changes) or "")
    if proposal is None:
        proposal = _created(world, wanted, changes)
        data = world.desk.created_data(proposal, "Agent consensus: scripted signal", now)
        world.emit("proposal_created", data, now)
    world.desk.admit(proposal, now)
    return proposal


def _executed(world: SigmaxWorld, wanted: Message, changes: Message, now: float) -> Message:
    """The trade that the script names, or else a new one, whose proposal and approval are told before.

    Only what the books can bear is traded: all of it, or what cash and position allow.
    """
    proposal = world.desk.open.get(_id_in(changes) or "")
    if proposal is None or not proposal.approved:
        proposal = _approved(world, wanted, changes, now)
        world.emit("proposal_approved", proposal.data, now)
    says_price = "filled_price" in _said(changes)
    said = _bearable(wanted["filled_price"], FINEST, MOST_PRICE)
    price = said if says_price else world.market.pairs[proposal.symbol].price
    del world.desk.open[proposal.id]
    size = min(proposal.size, _most(world, proposal, price))
    if size == ZERO or wanted["status"] != "filled":
        return world.desk.executed_data(proposal, price, fee_of(proposal.size * price), now)
    proposal.size = size
    return world.desk.trade(proposal, price, now)


def _most(world: SigmaxWorld, proposal: Proposal, price: Decimal) -> Decimal:
    """How much of the pair can be sold, or paid."""
    if proposal.action == "sell":
        return world.desk.free_units(proposal.symbol)
    most = world.desk.free_cash() / price / (1 + FEE_RATE)
    return max(ZERO, world.market.pairs[proposal.symbol].stepped(most))


def _bearable(number: float, least: Decimal | float, most: int) -> Decimal:
    """A number of the script, as near as the books can have it; what is told is the script's own."""
    return min(max(exact(number), Decimal(least)), Decimal(most)).quantize(FINEST)


def _said(changes: Message) -> Message:
    """What of the data the script gives."""
    said: Message = merged({"data": {}}, changes)["data"]
    return said


def _id_in(changes: Message) -> str | None:
    """The id of a proposal that the script gives."""
    return _said(changes).get("proposal_id")
