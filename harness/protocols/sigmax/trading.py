"""The trading desk: proposals are created, approved and executed under one id, and the books follow."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from harness.protocols.sigmax.analysis import Analysis
from harness.protocols.sigmax.books import FEE_RATE, FINEST, ZERO, Action, Books, cents, fee_of

if TYPE_CHECKING:
    from harness.protocols.sigmax.world import SigmaxWorld

# The first numbers are those of the samples; what follows is counted on.
FIRST_PROPOSAL, FIRST_ORDER = 123, 456

# From creation to approval, and from there to execution: three seconds at most in all.
APPROVAL_S, EXECUTION_S = (0.4, 1.2), (0.4, 1.6)
PROPOSAL_LIFE_S = 60.0  # A proposal that nobody has approved by then has lapsed.
LEAST_VALUE = Decimal(10)  # Of a purchase, in quote currency.
TARGET = 0.5  # The part of the portfolio that shall be invested.
PURCHASE, ENTRY = 0.01, 0.09  # The part of the free cash that a purchase takes; more, the farther from the target.
SALE = 0.15  # The part of a position that a sale takes; all of it, when little would be left.
MARGIN = Decimal("1.02")  # Set aside beside the price, which moves until the execution.


@dataclass(slots=True)
class Proposal:
    """A trade that was proposed. `cash` or `units` are set aside for it once it is `funded`."""

    id: str
    symbol: str
    action: Action
    size: Decimal
    approve_in_s: float
    execute_in_s: float
    cash: Decimal = ZERO
    units: Decimal = ZERO
    funded: bool = False
    approved: bool = False

    @property
    def data(self) -> dict[str, Any]:
        """What all its events say of it."""
        return {
            "proposal_id": self.id,
            "symbol": self.symbol,
            "action": self.action,
            "size": float(self.size),
        }


class Desk:
    """All proposals that wait for approval or execution, and the books that they move."""

    def __init__(self, world: SigmaxWorld, capital: Decimal, chance: Random) -> None:
        self.world = world
        self.books = Books(capital)
        self.open: dict[str, Proposal] = {}
        self._chance = chance
        self._proposals, self._orders = FIRST_PROPOSAL, FIRST_ORDER

    # What may be traded -------------------------------------------------------------------------

    def free_cash(self) -> Decimal:
        """The cash that nothing is set aside of."""
        return self.books.cash - sum((p.cash for p in self.open.values()), ZERO)

    def free_units(self, symbol: str) -> Decimal:
        """What is held of a pair and not set aside."""
        return self.books.held(symbol) - sum((p.units for p in self.open.values() if p.symbol == symbol), ZERO)

    def invested(self) -> float:
        """The part of the portfolio that is in positions."""
        total = self.books.value(self.world.market.prices())
        return float(1 - self.books.cash / total) if total else 0.0

    def size_for(self, analysis: Analysis) -> Decimal:
        """How much shall be traded on this analysis, more when it is surer; 0 for nothing."""
        pair = self.world.market.pairs[analysis.symbol]
        if analysis.decision == "buy":
            part = analysis.confidence * (PURCHASE + ENTRY * max(0.0, 1 - self.invested() / TARGET))
            size = pair.size(self.free_cash() * Decimal(part))
            return size if size * pair.price >= LEAST_VALUE else ZERO
        if analysis.decision == "sell":
            held = self.free_units(analysis.symbol)
            size = pair.stepped(held * Decimal(SALE * analysis.confidence))
            return size if size * pair.price >= LEAST_VALUE else held
        return ZERO

    # The life of a proposal ---------------------------------------------------------------------

    def propose(self, analysis: Analysis, size: Decimal, now: float) -> None:
        """Create a proposal and see to what becomes of it."""
        proposal = self.create(analysis.symbol, "buy" if analysis.decision == "buy" else "sell", size)
        self.world.emit("proposal_created", self.created_data(proposal, analysis.reason, now), now)
        self.follow(proposal, now)

    def create(self, symbol: str, action: Action, size: Decimal, id: str | None = None) -> Proposal:
        """A new proposal, for which cash or units are set aside if there are enough."""
        if id is None:
            id = f"prop_{self._proposals}"
            self._proposals += 1
        waits = self._chance.uniform(*APPROVAL_S), self._chance.uniform(*EXECUTION_S)
        proposal = self.open[id] = Proposal(id, symbol, action, size, *waits)
        self._fund(proposal)
        return proposal

    def created_data(self, proposal: Proposal, reason: str, now: float) -> dict[str, Any]:
        """The data of its proposal_created."""
        return {**proposal.data, "reason": reason, "created_at": self.world.ts(now)}

    def follow(self, proposal: Proposal, now: float) -> None:
        """Decide about it in a moment, and let it lapse one day."""
        self.world.agenda.at(now + proposal.approve_in_s, partial(self._decide, proposal))
        self.world.agenda.at(now + PROPOSAL_LIFE_S, partial(self._lapse, proposal))

    def waiting(self, id: str) -> Proposal | None:
        """The proposal of this id, if it waits for approval."""
        proposal = self.open.get(id)
        return None if proposal is None or proposal.approved else proposal

    def approve(self, proposal: Proposal, now: float) -> str | None:
        """Approve a proposal that waits, and have it executed; or refuse it, and say why."""
        reason = self._objection(proposal)
        if reason is not None:
            self._drop(proposal, reason, now)
            return reason
        self.admit(proposal, now)
        self.world.emit("proposal_approved", proposal.data, now)
        return None

    def admit(self, proposal: Proposal, now: float) -> None:
        """Have a proposal executed in a moment."""
        proposal.approved = True
        self.world.agenda.at(now + proposal.execute_in_s, partial(self._execute, proposal))

    def trade(self, proposal: Proposal, price: Decimal, now: float) -> dict[str, Any]:
        """Book what was proposed at this price; the data of its trade_executed."""
        self.open.pop(proposal.id, None)
        fee = self.books.execute(proposal.symbol, proposal.action, proposal.size, price)
        return self.executed_data(proposal, price, fee, now)

    def executed_data(self, proposal: Proposal, price: Decimal, fee: Decimal, now: float) -> dict[str, Any]:
        """The data of a trade_executed with the next order id."""
        order_id = f"order_{self._orders}"
        self._orders += 1
        return {
            **proposal.data,
            "filled_price": float(price),
            "order_id": order_id,
            "status": "filled",
            "fee": float(fee),
            "timestamp": self.world.ts(now),
        }

    def audit(self) -> list[str]:
        """What does not add up in the books or in what is set aside."""
        faults = self.books.audit()
        if self.free_cash() < 0:
            faults.append("more cash is set aside than there is")
        if any(self.free_units(proposal.symbol) < 0 for proposal in self.open.values()):
            faults.append("more of a pair is set aside than there is")
        return faults

    def _fund(self, proposal: Proposal) -> str | None:
        """Set aside what the proposal takes, unless it was done before; why not, where there is too little."""
        if proposal.funded:
            return None
        if proposal.action == "sell":
            held = self.free_units(proposal.symbol)
            if proposal.size > held:
                return f"it takes {proposal.size:f}, and {held:f} are there"
            proposal.units = proposal.size
        else:
            value = proposal.size * self.world.market.pairs[proposal.symbol].price
            needed, free = (value + fee_of(value)) * MARGIN, self.free_cash()
            if needed > free:
                return f"it takes {cents(needed)}, and {cents(free)} are there"
            proposal.cash = needed
        proposal.funded = True
        return None

    def _objection(self, proposal: Proposal) -> str | None:
        facts = self.world.facts
        return facts.refusal if facts.proposals == "refused" else self._fund(proposal)

    def _decide(self, proposal: Proposal, now: float) -> None:
        if self.waiting(proposal.id) is proposal and self.world.facts.proposals != "left":
            self.approve(proposal, now)

    def _lapse(self, proposal: Proposal, now: float) -> None:
        if self.waiting(proposal.id) is proposal:
            del self.open[proposal.id]

    def _drop(self, proposal: Proposal, reason: str, now: float) -> None:
        del self.open[proposal.id]
        self.world.alert("warning", f"Proposal {proposal.id} was refused: {reason}", "risk", now)

    def _execute(self, proposal: Proposal, now: float) -> None:
        if self.open.get(proposal.id) is not proposal:
            return
        reason = self._fund(proposal)  # Only a script approves what there is no money for.
        if reason is None:
            self.world.emit("trade_executed", self.trade(proposal, self._price(proposal), now), now)
        else:
            self._drop(proposal, reason, now)

    def _price(self, proposal: Proposal) -> Decimal:
        """The market's price; on a purchase, no more than all free cash can pay, however far the market has run."""
        pair = self.world.market.pairs[proposal.symbol]
        if proposal.action == "sell":
            return pair.price
        most = (self.free_cash() + proposal.cash - FINEST) / proposal.size / (1 + FEE_RATE)
        return min(pair.price, pair.priced(most))
