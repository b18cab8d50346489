"""Broken servers, at proposals and trades."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.core.defect import in_world, on_message
from harness.core.edits import lacking, wrong
from harness.core.message import Message, merged, rfc3339
from harness.core.session import Session
from harness.protocols.sigmax.world import SigmaxWorld

CREATED, APPROVED, EXECUTED = "proposal_created", "proposal_approved", "trade_executed"

REPEATED = ("SIG-EXE-14", "SIG-PROP-13")  # What later events repeat of a proposal.


def coin(symbol: str) -> str:
    """A pair without its quote currency."""
    return symbol.partition("/")[0]


proposal_without_id = lacking("proposal-without-id", "SIG-PROP-01", CREATED, "data.proposal_id")
proposal_of_a_coin = wrong("proposal-of-a-coin", "SIG-PROP-02", CREATED, "data.symbol", coin, also=REPEATED)
proposal_without_action = lacking("proposal-without-action", "SIG-PROP-03", CREATED, "data.action")
proposal_of_a_short = wrong(
    "proposal-of-a-short", "SIG-PROP-04", CREATED, "data.action", lambda v: "short", also=REPEATED
)
proposal_of_a_text = wrong("proposal-of-a-text", "SIG-PROP-05", CREATED, "data.size", str, also=REPEATED)
proposal_without_reason = lacking("proposal-without-reason", "SIG-PROP-06", CREATED, "data.reason")
proposal_at_a_date = wrong("proposal-at-a-date", "SIG-PROP-07", CREATED, "data.created_at", lambda v: v[:10])
approval_without_id = lacking("approval-without-id", "SIG-PROP-10", APPROVED, "data.proposal_id")


def _earlier(message: Message, session: Session[Any, Any], now: float) -> str:
    return rfc3339(session.context.clock.wall_s(now) - 60)


@on_message("SIG-PROP-08", CREATED)
def proposals_of_a_minute_ago(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Tells of proposals a minute after they were made."""
    return merged(message, {"data.created_at": _earlier(message, session, now)})


@on_message("SIG-PROP-09", CREATED, APPROVED, EXECUTED, also=(*REPEATED, "SIG-EXE-15", "SIG-PROP-11", "SIG-PROP-12"))
def one_id_for_all(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives all proposals the same id."""
    return merged(message, {"data.proposal_id": "prop_1"})


@in_world("SIG-PROP-11")
class ApprovesBeforeItProposes(SigmaxWorld):
    """Tells of the approval before the proposal."""

    def emit(self, kind: str, data: Any, now: float) -> None:
        if kind == CREATED:
            held = vars(self).setdefault("held", [])
            held.append(self.event(kind, data, now))
            return
        super().emit(kind, data, now)
        if kind == APPROVED:
            for message in vars(self).pop("held", []):
                self.broadcast(message, now)


@on_message("SIG-PROP-12", APPROVED)
def approves_twice(message: Message, session: Session[Any, Any], now: float) -> Iterable[Message]:
    """Tells of each approval again, by somebody else."""
    return message, merged(message, {"data.approved_by": "risk"})


@on_message("SIG-PROP-13", APPROVED)
def approves_more(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Approves twice the size."""
    return merged(message, {"data.size": 2 * message["data"]["size"]})


trade_without_proposal = lacking("trade-without-proposal", "SIG-EXE-01", EXECUTED, "data.proposal_id")
trade_of_a_coin = wrong("trade-of-a-coin", "SIG-EXE-02", EXECUTED, "data.symbol", coin, also=REPEATED)
trade_without_action = lacking("trade-without-action", "SIG-EXE-03", EXECUTED, "data.action")
trade_of_a_short = wrong("trade-of-a-short", "SIG-EXE-04", EXECUTED, "data.action", lambda v: "short", also=REPEATED)
trade_without_size = lacking("trade-without-size", "SIG-EXE-05", EXECUTED, "data.size")
trade_for_nothing = wrong("trade-for-nothing", "SIG-EXE-06", EXECUTED, "data.filled_price", lambda v: 0)
trade_without_order = lacking("trade-without-order", "SIG-EXE-07", EXECUTED, "data.order_id")
trade_without_status = lacking("trade-without-status", "SIG-EXE-08", EXECUTED, "data.status")
fee_as_a_rebate = wrong("fee-as-a-rebate", "SIG-EXE-09", EXECUTED, "data.fee", lambda v: -v - 0.01)
trade_at_a_date = wrong("trade-at-a-date", "SIG-EXE-10", EXECUTED, "data.timestamp", lambda v: v[:10])
shouts_filled = wrong("shouts-filled", "SIG-EXE-12", EXECUTED, "data.status", str.upper)
one_order_for_all = wrong("one-order-for-all", "SIG-EXE-13", EXECUTED, "data.order_id", lambda v: "order_1")
trades_another_pair = wrong("trades-another-pair", "SIG-EXE-14", EXECUTED, "data.symbol", lambda v: "DOGE/USDT")
trades_half = wrong("trades-half", "SIG-EXE-15", EXECUTED, "data.size", lambda v: v / 2)


@on_message("SIG-EXE-11", EXECUTED)
def trades_of_a_minute_ago(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Tells of trades a minute after they were executed."""
    return merged(message, {"data.timestamp": _earlier(message, session, now)})
