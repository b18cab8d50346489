"""Servers that place an order twice, or not at all."""

from __future__ import annotations

from harness.core.defect import in_rules, in_session
from harness.core.message import Message
from harness.core.session import Effects
from harness.protocols.skybit.account import Preview
from harness.protocols.skybit.chat import OrderIntent
from harness.protocols.skybit.errors import Refusal
from harness.protocols.skybit.orders import Order
from harness.protocols.skybit.session import SkybitSession


class Forgetful(SkybitSession):
    """A session that at times does not see that an Approve is a repetition, and carries it out anew."""

    def forgets(self, order: Order, message: Message, now: float) -> bool:
        """Whether the repetition of the Approve that placed `order` is overlooked."""
        return False

    def approve(self, message: Message, now: float) -> Effects:
        """Approve."""
        data = message["data"]
        order = self.own.remembered(data.get("idem_key"), now, self.rules.idempotency_s)
        if order is not None and self.forgets(order, message, now):
            self.own.previews[data["preview_id"]].fate = "open"
            message = {**message, "data": {**data, "idem_key": None}}
        return super().approve(message, now)


@in_session("SKY-IDEM-01")
class OwnNamesOnly(SkybitSession):
    """The server names orders itself, whatever client_order_id the client has given."""

    def place(self, preview: Preview, terms: OrderIntent, approve: Message, now: float) -> Order:
        """Turn a Preview into an order."""
        order = super().place(preview, terms, approve, now)
        order.client_order_id = self.world.number("cli")
        return order


@in_session("SKY-IDEM-02", also=("SKY-IDEM-05", "SKY-IDEM-06"))
class RepetitionsAreErrors(SkybitSession):
    """A repeated Approve is refused, so that the client does not learn of its order."""

    def approve(self, message: Message, now: float) -> Effects:
        """Approve."""
        if self.own.remembered(message["data"].get("idem_key"), now, self.rules.idempotency_s):
            raise Refusal("INVALID_REQUEST", "That was approved already")
        return super().approve(message, now)


@in_session("SKY-IDEM-03", also=("SKY-IDEM-04",))
class RepetitionsAreOrders(Forgetful):
    """A repeated Approve is answered by the original order, and yet places another."""

    def approve(self, message: Message, now: float) -> Effects:
        """Approve."""
        order = self.own.remembered(message["data"].get("idem_key"), now, self.rules.idempotency_s)
        if order is not None:
            self.world.work(self.own, self.world.place(self.own, order.terms, self.id, None, now + 1), now + 1)
        return super().approve(message, now)


@in_session("SKY-IDEM-04")
class SlowToRemember(Forgetful):
    """A repetition is overlooked when it comes right behind the first Approve."""

    def forgets(self, order: Order, message: Message, now: float) -> bool:
        """Within the time that an answer takes."""
        return now - order.created_at < self.world.facts.think_s / 2


@in_session("SKY-IDEM-05")
class KeysOfOneConnection(Forgetful):
    """A repetition over another connection is overlooked."""

    def forgets(self, order: Order, message: Message, now: float) -> bool:
        """Orders of another session."""
        return order.origin != self.id


keys_live_half_a_minute = in_rules(
    "keys-live-half-a-minute", "SKY-IDEM-06", "A repeated Approve is recognised for 30 seconds.", idempotency_s=30.0
)


@in_session("SKY-IDEM-08")
class KeysNeedTheirName(Forgetful):
    """A repetition is overlooked when it names another client_order_id."""

    def forgets(self, order: Order, message: Message, now: float) -> bool:
        """Another name."""
        return bool(order.client_order_id != message["data"].get("client_order_id"))


@in_session("SKY-IDEM-09", also=("SKY-APPR-12", "SKY-APPR-17"))
class EverythingIsARepetition(SkybitSession):
    """After its first order, every Approve of a user is answered by that order."""

    def approve(self, message: Message, now: float) -> Effects:
        """Approve."""
        for order in self.own.orders.values():
            return (self.say("Status", self.status_data(order), now),)
        return super().approve(message, now)


@in_session("SKY-IDEM-10")
class NamesAreRequired(SkybitSession):
    """An Approve without a key is refused."""

    def approve(self, message: Message, now: float) -> Effects:
        """Approve."""
        if message["data"].get("idem_key") is None:
            raise Refusal("INVALID_REQUEST", "idem_key is required")
        return super().approve(message, now)
