"""Broken servers, at what all messages have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.core.change import nth
from harness.core.defect import in_session, on_frame, on_message
from harness.core.edits import lacking
from harness.core.message import Frame, Message, Opcode, rfc3339
from harness.core.session import Send, Session
from harness.protocols.sigmax.session import SigmaxSession
from harness.protocols.sigmax.world import SigmaxWorld


@on_frame("SIG-ENV-01", Opcode.TEXT)
def sends_binary(frame: Frame, session: Session[Any, Any], now: float) -> Frame:
    """Sends its messages in binary frames."""
    return Frame(Opcode.BINARY, frame.data)


@on_frame("SIG-ENV-01", Opcode.TEXT)
def greets_in_words(frame: Frame, session: Session[Any, Any], now: float) -> Iterable[Frame]:
    """Begins with a line of text."""
    return (Frame(Opcode.TEXT, b"Welcome!"), frame) if nth(session, "frame") == 1 else (frame,)


@on_message("SIG-ENV-02", "unsubscribed")
def has_a_type_of_its_own(message: Message, session: Session[Any, Any], now: float) -> Iterable[Message]:
    """Sends another message, of a type that the spec lacks, beside each unsubscribed."""
    return message, {**message, "type": "subscription_removed"}


no_data_in_pongs = lacking("no-data-in-pongs", "SIG-ENV-03", "pong", "data")


@on_message("SIG-ENV-04", "market_update", "pong")
def time_in_seconds(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Tells the time as epoch seconds."""
    return {**message, "timestamp": session.context.clock.wall_s(now)}


@on_message("SIG-ENV-04", "market_update", "pong")
def time_without_a_zone(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Tells the time without saying where."""
    return {**message, "timestamp": message["timestamp"].removesuffix("Z")}


nameless_confirmations = lacking("nameless-confirmations", "SIG-ENV-05", "subscribed", "connection_id")


@on_message("SIG-ENV-06", "market_update")
def names_another_connection(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Broadcasts events with the connection_id of one client."""
    return {**message, "connection_id": "conn-uuid"}


@on_message("SIG-ENV-07", "subscribed", also=("SIG-ENV-08",))
def numbers_its_answers(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives confirmations a request_id of its own."""
    return {**message, "request_id": "answer-7"}


@in_session("SIG-ENV-08", also=("SIG-SUB-07",))
class NamesTheFirstRequest(SigmaxSession):
    """Gives every unsubscribed the request_id of the first request."""

    first: Message | None = None

    def copy(self, message: Message, about: Message | None = None) -> Send:
        self.first = self.first or about
        return super().copy(message, self.first if message["type"] == "unsubscribed" else about)


@on_message("SIG-ENV-09", "market_update")
def goes_back_in_time(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Dates each event of the market earlier than the one before."""
    return {**message, "timestamp": rfc3339(session.context.clock.wall_s(now) - 10 * nth(session, "market"))}


@on_message("SIG-ENV-10", "pong")
def tells_when_it_began(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives the same timestamp to every pong."""
    assert isinstance(session.world, SigmaxWorld)
    return {**message, "timestamp": session.world.ts(0.0)}
