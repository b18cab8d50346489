"""Broken servers, at errors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.core.defect import in_session, on_message
from harness.core.message import Message, Problem, merged
from harness.core.session import Effects, Session
from harness.protocols.skybit.defects.breaking import MALFORMED, code, copied
from harness.protocols.skybit.orders import modified
from harness.protocols.skybit.session import SkybitSession, State

# Form --------------------------------------------------------------------------------------------


@on_message("SKY-ERR-01", "Error", also=("SKY-ERR-13", "SKY-SUB-11"))
def has_a_code_of_its_own(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Calls an unknown symbol by a code that the table lacks."""
    return merged(message, {"data.code": "BAD_SYMBOL"}) if code(message) == "SYMBOL_NOT_FOUND" else message


@on_message("SKY-ERR-02", "Error")
def has_no_words(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Leaves the message of an Error empty."""
    return merged(message, {"data.message": ""})


@on_message("SKY-ERR-03", "Error")
def leaves_out_the_request(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Leaves out request_id where there is no request to name."""
    if message["data"]["request_id"] is None:
        del message["data"]["request_id"]
    return message


@on_message("SKY-ERR-04", "Error", also=("SKY-ENV-12", "SKY-ENV-13", "SKY-ENV-18", *MALFORMED))
def invents_a_request(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Names a request that nobody sent where there is none to name."""
    return message if message["data"]["request_id"] else merged(message, {"data.request_id": message["id"]})


@on_message("SKY-ERR-05", "Error")
def says_yes_or_no(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Says "Yes" and "No" for true and false."""
    return merged(message, {"data.recoverable": "Yes" if message["data"]["recoverable"] else "No"})


@on_message("SKY-ERR-06", "Error")
def takes_all_for_recoverable(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Calls every Error recoverable."""
    return merged(message, {"data.recoverable": True})


@on_message("SKY-ERR-06", "Error")
def gives_up_on_malformed_requests(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Calls INVALID_REQUEST not recoverable."""
    return merged(message, {"data.recoverable": False}) if code(message) == "INVALID_REQUEST" else message


@on_message("SKY-ERR-07", "Error", also=("SKY-ERR-15",))
def details_in_a_list(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives details as a list of names and values."""
    return merged(message, {"data.details": [list(item) for item in message["data"]["details"].items()]})


@on_message("SKY-ERR-08", "Error")
def one_suggestion(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives the suggestions as one string."""
    return merged(message, {"data.suggestions": " or ".join(message["data"]["suggestions"])})


# Which request -----------------------------------------------------------------------------------


@on_message("SKY-ERR-09", "Error")
def names_no_request_of_unknown_type(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Leaves request_id null when the type of the request is unknown."""
    of_type = code(message) == "INVALID_REQUEST" and message["data"]["details"].get("field") == "type"
    return merged(message, {"data.request_id": None}) if of_type else message


@on_message("SKY-ERR-10", "Error", also=("SKY-ERR-09",))
def repeats_itself(message: Message, session: Session[Any, Any], now: float) -> Iterable[Message]:
    """Says INVALID_REQUEST twice."""
    return (message, copied(message, session)) if code(message) == "INVALID_REQUEST" else (message,)


@in_session("SKY-ERR-11", also=MALFORMED)
class TakesOffence(SkybitSession):
    """Wants another Auth after a bad request."""

    def refused(self, problem: Problem, now: float) -> Effects:
        effects = super().refused(problem, now)
        self.state = State.AUTHENTICATING
        return effects


# Codes -------------------------------------------------------------------------------------------


@in_session("SKY-ERR-12", also=("SKY-ERR-13", "SKY-CHAT-04", "SKY-PLAN-07"))
class GuessesSymbols(SkybitSession):
    """Takes an unknown symbol for a known one."""

    def chat(self, message: Message, now: float) -> Effects:
        return super().chat(merged(message, {"data.text": message["data"]["text"].replace("ZZQXW", "AAPL")}), now)


@on_message("SKY-ERR-13", "Error")
def takes_symbols_for_noise(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Says INVALID_REQUEST about an unknown symbol."""
    return merged(message, {"data.code": "INVALID_REQUEST"}) if code(message) == "SYMBOL_NOT_FOUND" else message


@on_message("SKY-ERR-14", "Error")
def blames_the_broker(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Says ORDER_REJECTED when funds are missing."""
    return merged(message, {"data.code": "ORDER_REJECTED"}) if code(message) == "INSUFFICIENT_FUNDS" else message


@on_message("SKY-ERR-15", "Error")
def tells_no_sums(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Does not say how much is missing."""
    return merged(message, {"data.details": {}}) if code(message) == "INSUFFICIENT_FUNDS" else message


@on_message("SKY-ERR-09", "Error")
def names_no_refused_auth(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Leaves request_id null when Auth fails."""
    return merged(message, {"data.request_id": None}) if code(message) == "AUTH_FAILED" else message


@in_session("SKY-ERR-20")
class ModifiesWithoutLimits(SkybitSession):
    """Examines what was previewed, not what is made of it."""

    def approve(self, message: Message, now: float) -> Effects:
        if not message["data"].get("modifications"):
            return super().approve(message, now)
        preview = self.own.preview(message["data"]["preview_id"], now)
        terms = modified(preview.terms, message["data"]["modifications"])
        self.world.work(self.own, self.place(preview, terms, message, now), now)
        return ()
