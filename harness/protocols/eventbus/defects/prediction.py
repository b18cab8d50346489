"""Broken servers, at predictions and cycles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.core.change import kept, nth
from harness.core.defect import on_message
from harness.core.message import Message
from harness.core.session import Session
from harness.protocols.eventbus.defects.edits import lacking, said, wrong

AnySession = Session[Any, Any]

CREATED, RESOLVED, CYCLE = "prediction.created", "prediction.resolved", "predictor.cycle"

# Members -----------------------------------------------------------------------------------------

instruments_in_one = wrong("EVB-PRED-01", "predictor.start", "instruments", "in one string", ",".join)
no_cfg = lacking("EVB-PRED-02", "predictor.start", "cfg")


@on_message("EVB-PRED-03", "predictor.stop", also=("EVB-ENV-04",))
def stops_with_nothing(event: Message, session: AnySession, now: float) -> Message:
    """Sends null for the payload of a stop."""
    return {**event, "payload": None}


coded_error = wrong("EVB-PRED-04", "predictor.error", "error", "an object", lambda words: {"detail": words})
no_id = lacking("EVB-PRED-05", CREATED, "id")
no_instrument = lacking("EVB-PRED-06", CREATED, "instrument_key", also=("EVB-PRED-30", "EVB-PRED-39"))
interval_in_seconds = wrong("EVB-PRED-07", CREATED, "interval", "a number", lambda v: 60, also=("EVB-PRED-30",))
no_steps = wrong("EVB-PRED-08", CREATED, "horizon_steps", "nothing", lambda v: 0, also=("EVB-PRED-30",))
made_in_text = wrong("EVB-PRED-09", CREATED, "ts_pred", "in words", lambda v: f"{v} s", also=("EVB-PRED-30",))
due_in_milliseconds = wrong(
    "EVB-PRED-10", CREATED, "ts_target", "in milliseconds", lambda v: v * 1000, also=("EVB-PRED-30",)
)
return_in_text = wrong("EVB-PRED-11", CREATED, "pred_ret", "in words", "{:.2%}".format)
no_adjusted_return = lacking("EVB-PRED-12", CREATED, "pred_ret_adj")
bias_unknown = wrong("EVB-PRED-13", CREATED, "calib_bias", "null", lambda v: None)
model_in_an_object = wrong("EVB-PRED-14", CREATED, "model_kind", "an object", lambda v: {"kind": v})
unnamed_resolution = wrong("EVB-PRED-15", RESOLVED, "id", "null", lambda v: None)
steps_in_text = wrong("EVB-PRED-16", RESOLVED, "horizon_steps", "in words", str, also=("EVB-PRED-30",))
no_interval = lacking("EVB-PRED-16", RESOLVED, "interval", also=("EVB-PRED-30",))
no_target = lacking("EVB-PRED-17", RESOLVED, "ts_target", also=("EVB-PRED-30",))
no_actual = wrong("EVB-PRED-18", RESOLVED, "actual_ret", "null", lambda v: None)
no_forecast = lacking("EVB-PRED-19", RESOLVED, "pred_ret_adj")
error_in_text = wrong("EVB-PRED-20", RESOLVED, "error", "in words", str)
no_calibration = lacking("EVB-PRED-21", RESOLVED, "calibration")
created_listed = wrong("EVB-PRED-22", CYCLE, "created", "a list", lambda count: ["new"] * count)
resolved_unknown = wrong("EVB-PRED-23", CYCLE, "resolved", "null", lambda v: None)
anchor_in_text = wrong("EVB-PRED-24", CYCLE, "anchor", "in words", str)

# One prediction ----------------------------------------------------------------------------------


@on_message("EVB-PRED-25", CREATED, RESOLVED, also=("EVB-PRED-26",))
def times_swapped(event: Message, session: AnySession, now: float) -> Message:
    """Confuses ts_pred and ts_target."""
    payload = event["payload"]
    return said(event, ts_pred=payload["ts_target"], ts_target=payload["ts_pred"])


@on_message("EVB-PRED-26", CREATED, RESOLVED)
def steps_taken_for_seconds(event: Message, session: AnySession, now: float) -> Message:
    """Forgets how long a bar is when it reckons the target."""
    payload = event["payload"]
    return said(event, ts_target=payload["ts_pred"] + payload["horizon_steps"])


@on_message("EVB-PRED-27", CREATED, RESOLVED)
def bias_taken_off_twice(event: Message, session: AnySession, now: float) -> Message:
    """Adjusts returns twice: creation and resolution agree on it."""
    table, payload = kept(session, "biases"), event["payload"]
    bias = table.setdefault(payload["id"], payload.get("calib_bias", 0.0) + 1e-4)
    adjusted = payload["pred_ret_adj"] - bias
    error = {"error": payload["actual_ret"] - adjusted} if event["type"] == RESOLVED else {}
    return said(event, pred_ret_adj=adjusted, **error)


@on_message("EVB-PRED-27", CREATED, also=("EVB-PRED-31",))
def bias_with_changing_sign(event: Message, session: AnySession, now: float) -> Message:
    """Takes the bias off and adds it by turns."""
    payload, sign = event["payload"], (-1) ** nth(session, "creation")
    bias = payload["calib_bias"] + 0.01
    return said(event, calib_bias=bias, pred_ret_adj=payload["pred_ret"] + sign * bias)


@on_message("EVB-PRED-28", RESOLVED)
def error_of_the_outcome(event: Message, session: AnySession, now: float) -> Message:
    """Adds what it should subtract."""
    payload = event["payload"]
    return said(event, error=payload["actual_ret"] + payload["pred_ret_adj"])


# Creation and resolution -------------------------------------------------------------------------


@on_message("EVB-PRED-29", CREATED, RESOLVED, also=("EVB-PRED-30", "EVB-PRED-31", "EVB-PRED-32", "EVB-PRED-33"))
def ids_of_each_cycle(event: Message, session: AnySession, now: float) -> Message:
    """Numbers the predictions of each cycle anew."""
    return said(event, id=event["payload"]["id"] % 3)


@on_message("EVB-PRED-30", RESOLVED)
def resolves_another_instrument(event: Message, session: AnySession, now: float) -> Message:
    """Names the same instrument in all resolutions."""
    return said(event, instrument_key="ETHUSDT")


@on_message("EVB-PRED-31", RESOLVED)
def forecasts_better_afterwards(event: Message, session: AnySession, now: float) -> Message:
    """Moves the forecast towards the outcome once that is known."""
    payload = event["payload"]
    adjusted = (payload["pred_ret_adj"] + payload["actual_ret"]) / 2 + 0.001
    return said(event, pred_ret_adj=adjusted, error=payload["actual_ret"] - adjusted)


@on_message("EVB-PRED-32", RESOLVED, also=("EVB-ENV-11", "EVB-PRED-37"))
def resolves_twice(event: Message, session: AnySession, now: float) -> Iterable[Message]:
    """Tells each resolution twice."""
    return event, event


@on_message("EVB-PRED-33", CREATED, also=("EVB-ENV-08", "EVB-ENV-11", "EVB-PRED-36"))
def creates_late(event: Message, session: AnySession, now: float) -> Iterable[Message]:
    """Tells creations only after twelve more, which is after their resolution."""
    queue = kept(session, "late")
    queue[nth(session, "creation")] = event
    return () if len(queue) <= 12 else (queue.pop(min(queue)),)


@on_message("EVB-PRED-34", CREATED, RESOLVED)
def targets_beyond_the_resolution(event: Message, session: AnySession, now: float) -> Message:
    """Resolves predictions half a minute before their target."""
    return said(event, ts_target=event["payload"]["ts_target"] + 30)


# Cycles ------------------------------------------------------------------------------------------

anchors_backwards = wrong("EVB-PRED-35", CYCLE, "anchor", "counted down", lambda v: 4_000_000_000 - v)
created_too_many = wrong("EVB-PRED-36", CYCLE, "created", "one too many", lambda count: count + 1)
resolved_too_many = wrong("EVB-PRED-37", CYCLE, "resolved", "one too many", lambda count: count + 1)


@on_message("EVB-PRED-38", "predictor.start", CREATED, CYCLE, also=("EVB-ENV-10",))
def predicts_while_stopped(event: Message, session: AnySession, now: float) -> Iterable[Message]:
    """Tells of a stop in the midst of its work."""
    if event["type"] != CYCLE or nth(session, "cycle") != 2:
        return (event,)
    return event, {**event, "id": event["id"] + 0.5, "type": "predictor.stop", "payload": {}}


@on_message("EVB-PRED-39", "predictor.start")
def names_one_instrument(event: Message, session: AnySession, now: float) -> Message:
    """Names only the first instrument at the start."""
    return said(event, instruments=event["payload"]["instruments"][:1])
