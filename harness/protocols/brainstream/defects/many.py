"""Broken servers, at many clients at once."""

from __future__ import annotations

from typing import Any

from harness.core.defect import in_rules, in_session, on_message
from harness.core.message import Message, merged
from harness.core.session import Close, Effects, Session
from harness.protocols.brainstream.defects.breaking import CUT_OFF
from harness.protocols.brainstream.market import LISTINGS
from harness.protocols.brainstream.session import BrainStreamSession
from harness.protocols.brainstream.world import GONE

PLACES = 19  # More than ten, and less than two times ten.
PLACE_S = 3.0


@in_session("BRA-MANY-01", also=CUT_OFF)
class Fragile(BrainStreamSession):
    """Cuts all clients off when one is lost."""

    def closed(self, now: float) -> None:
        super().closed(now)
        self.world.tell(GONE, None, now)


@in_session("BRA-MANY-02", also=CUT_OFF)
class GoesWithTheFirst(BrainStreamSession):
    """Closes all connections when one client closes its own."""

    def closed(self, now: float) -> None:
        super().closed(now)
        self.world.tell(GONE, None, now)

    def noticed(self, topic: str, event: Any, now: float) -> Effects:
        return (Close(1001),) if topic == GONE else super().noticed(topic, event, now)


@in_session("BRA-MANY-03")
class KeepsPlaces(BrainStreamSession):
    """Has 19 places, and gives that of a client who is gone to another after three seconds."""

    def refusal(self, now: float) -> Close | None:
        taken = self.world.connections[self.context.request.remote]
        return Close(1013, "no place") if taken >= PLACES else None

    def closed(self, now: float) -> None:
        if self.counts:
            self.counts = False
            self.context.agenda.at(now + PLACE_S, self._give_back)
        super().closed(now)

    def _give_back(self, now: float) -> None:
        self.world.connections[self.context.request.remote] -= 1


few_places = in_rules("few-places", "BRA-SEC-03", "Serves nine connections of one address.", connections_per_ip=9)


@on_message("BRA-MANY-05")
def a_world_for_each(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Makes up a price for each client."""
    price = message["data"]["market"]["price"] + session.context.chance.random()
    return merged(message, {"data.market.price": price})


@in_session("BRA-MANY-06", also=("BRA-MANY-05",))
class SymbolForEach(BrainStreamSession):
    """Tells each client of a symbol of his own."""

    def opened(self, now: float) -> Effects:
        self.symbol = list(LISTINGS)[sum(self.world.connections.values()) % len(LISTINGS)]
        return super().opened(now)

    def noticed(self, topic: str, event: Any, now: float) -> Effects:
        return super().noticed(topic, event and merged(event, {"data.market.symbol": self.symbol}), now)
