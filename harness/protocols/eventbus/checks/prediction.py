"""prediction: forecasts, what became of them, and the predictor's cycles."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from harness.conformance.check import check, expect
from harness.core.conversation import Conversation
from harness.core.message import Message
from harness.protocols.eventbus.checks.stream import (
    is_count,
    is_epoch,
    is_id,
    is_key,
    is_number,
    is_object,
    is_text,
    is_texts,
    is_whole,
    keyed,
    member,
    moment,
    numbers,
    silent_while_stopped,
    told,
)

CREATED, RESOLVED, CYCLE = "prediction.created", "prediction.resolved", "predictor.cycle"
ROUNDING = 1e-6  # Of returns that are added and subtracted.
EARLY_S = 1.0  # Whole seconds beside fractions of them.

_INTERVAL = re.compile(r"(\d+) ?(s|m|min|h|d)")
_UNITS_S = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}

# The predictor's own state -----------------------------------------------------------------------


@check("EVB-PRED-01")
def a_start_names_instruments(conversation: Conversation) -> Iterator[None]:
    """Every predictor.start."""
    yield from member(conversation, "predictor.start", "instruments", is_texts, "a list of strings")


@check("EVB-PRED-02")
def a_start_tells_its_configuration(conversation: Conversation) -> Iterator[None]:
    """Every predictor.start."""
    yield from member(conversation, "predictor.start", "cfg", is_object, "an object")


@check("EVB-PRED-03")
def a_stop_has_an_object_for_payload(conversation: Conversation) -> Iterator[None]:
    """Every predictor.stop; members of its own will do."""
    for event in conversation.received("predictor.stop"):
        yield expect(is_object(event.get("payload")), "payload of predictor.stop to be an object", event)


@check("EVB-PRED-04")
def an_error_has_words(conversation: Conversation) -> Iterator[None]:
    """Every predictor.error."""
    yield from member(conversation, "predictor.error", "error", is_text, "a string")


# Members -----------------------------------------------------------------------------------------


@check("EVB-PRED-05")
def a_creation_has_an_id(conversation: Conversation) -> Iterator[None]:
    """Every prediction.created."""
    yield from member(conversation, CREATED, "id", is_id, "a number or a string")


@check("EVB-PRED-06")
def a_creation_names_its_instrument(conversation: Conversation) -> Iterator[None]:
    """Every prediction.created."""
    yield from member(conversation, CREATED, "instrument_key", is_key, "a string that is not empty")


@check("EVB-PRED-07")
def a_creation_names_its_interval(conversation: Conversation) -> Iterator[None]:
    """Every prediction.created; any spelling will do."""
    yield from member(conversation, CREATED, "interval", is_key, "a string that is not empty")


@check("EVB-PRED-08")
def a_creation_tells_its_horizon(conversation: Conversation) -> Iterator[None]:
    """Every prediction.created."""
    yield from member(conversation, CREATED, "horizon_steps", _is_steps, "a whole number above 0")


def _is_steps(value: Any) -> bool:
    return is_whole(value) and value > 0


@check("EVB-PRED-09")
def a_creation_tells_when_it_was_made(conversation: Conversation) -> Iterator[None]:
    """Every prediction.created."""
    yield from member(conversation, CREATED, "ts_pred", is_epoch, "epoch seconds")


@check("EVB-PRED-10")
def a_creation_tells_when_it_is_for(conversation: Conversation) -> Iterator[None]:
    """Every prediction.created."""
    yield from member(conversation, CREATED, "ts_target", is_epoch, "epoch seconds")


@check("EVB-PRED-11")
def a_creation_tells_the_return(conversation: Conversation) -> Iterator[None]:
    """Every prediction.created."""
    yield from member(conversation, CREATED, "pred_ret", is_number, "a number")


@check("EVB-PRED-12")
def a_creation_tells_the_adjusted_return(conversation: Conversation) -> Iterator[None]:
    """Every prediction.created."""
    yield from member(conversation, CREATED, "pred_ret_adj", is_number, "a number")


@check("EVB-PRED-13")
def a_creation_tells_the_bias(conversation: Conversation) -> Iterator[None]:
    """Every prediction.created."""
    yield from member(conversation, CREATED, "calib_bias", is_number, "a number")


@check("EVB-PRED-14")
def a_creation_tells_the_kind_of_model(conversation: Conversation) -> Iterator[None]:
    """Every prediction.created."""
    yield from member(conversation, CREATED, "model_kind", is_text, "a string")


@check("EVB-PRED-15")
def a_resolution_has_an_id(conversation: Conversation) -> Iterator[None]:
    """Every prediction.resolved."""
    yield from member(conversation, RESOLVED, "id", is_id, "a number or a string")


@check("EVB-PRED-16")
def a_resolution_tells_what_was_predicted(conversation: Conversation) -> Iterator[None]:
    """Every prediction.resolved: instrument, interval and horizon."""
    yield from member(conversation, RESOLVED, "instrument_key", is_key, "a string that is not empty")
    yield from member(conversation, RESOLVED, "interval", is_key, "a string that is not empty")
    yield from member(conversation, RESOLVED, "horizon_steps", _is_steps, "a whole number above 0")


@check("EVB-PRED-17")
def a_resolution_tells_the_times(conversation: Conversation) -> Iterator[None]:
    """Every prediction.resolved."""
    yield from member(conversation, RESOLVED, "ts_pred", is_epoch, "epoch seconds")
    yield from member(conversation, RESOLVED, "ts_target", is_epoch, "epoch seconds")


@check("EVB-PRED-18")
def a_resolution_tells_the_return_that_came(conversation: Conversation) -> Iterator[None]:
    """Every prediction.resolved."""
    yield from member(conversation, RESOLVED, "actual_ret", is_number, "a number")


@check("EVB-PRED-19")
def a_resolution_tells_the_adjusted_return(conversation: Conversation) -> Iterator[None]:
    """Every prediction.resolved."""
    yield from member(conversation, RESOLVED, "pred_ret_adj", is_number, "a number")


@check("EVB-PRED-20")
def a_resolution_tells_the_error(conversation: Conversation) -> Iterator[None]:
    """Every prediction.resolved."""
    yield from member(conversation, RESOLVED, "error", is_number, "a number")


@check("EVB-PRED-21")
def a_resolution_tells_the_calibration(conversation: Conversation) -> Iterator[None]:
    """Every prediction.resolved; the member may hold anything."""
    for event, payload in told(conversation, RESOLVED):
        yield expect("calibration" in payload, f"calibration in {RESOLVED}", event)


@check("EVB-PRED-22")
def a_cycle_counts_creations(conversation: Conversation) -> Iterator[None]:
    """Every predictor.cycle."""
    yield from member(conversation, CYCLE, "created", is_count, "a whole number, 0 or more")


@check("EVB-PRED-23")
def a_cycle_counts_resolutions(conversation: Conversation) -> Iterator[None]:
    """Every predictor.cycle."""
    yield from member(conversation, CYCLE, "resolved", is_count, "a whole number, 0 or more")


@check("EVB-PRED-24")
def a_cycle_has_an_anchor(conversation: Conversation) -> Iterator[None]:
    """Every predictor.cycle."""
    yield from member(conversation, CYCLE, "anchor", is_number, "a number")


# One prediction ----------------------------------------------------------------------------------


@check("EVB-PRED-25")
def the_target_is_after_the_prediction(conversation: Conversation) -> Iterator[None]:
    """Every creation and resolution."""
    for event, payload in told(conversation, CREATED, RESOLVED):
        times = numbers(payload, "ts_pred", "ts_target")
        if times:
            yield expect(times[1] > times[0], "ts_target after ts_pred", event)


@check("EVB-PRED-26")
def the_target_is_as_far_as_the_horizon(conversation: Conversation) -> Iterator[None]:
    """Every creation whose interval can be read; a bar that has begun counts, and closed markets make it longer."""
    for event, payload in told(conversation, CREATED):
        values = numbers(payload, "ts_pred", "ts_target", "horizon_steps")
        bar_s = _seconds(payload.get("interval"))
        if values and bar_s:
            made, due, steps = values
            least_s = (steps - 1) * bar_s
            yield expect(due - made > least_s, f"a target more than {least_s:g} s after the prediction", event)


def _seconds(interval: Any) -> int | None:
    """The length of a bar; None where it is spelled in a way of its own."""
    match = _INTERVAL.fullmatch(interval) if isinstance(interval, str) else None
    return int(match[1]) * _UNITS_S[match[2]] if match else None


@check("EVB-PRED-27")
def the_adjusted_return_differs_by_the_bias(conversation: Conversation) -> Iterator[None]:
    """Every creation: the bias is taken off always, or added always."""

    def fitting(raw: float, bias: float, adjusted: float) -> dict[str, float]:
        return {"taken off": raw - bias - adjusted, "added": raw + bias - adjusted}

    expected = "pred_ret_adj to be pred_ret less calib_bias, or plus it, the same way always"
    yield from _one_way(conversation, CREATED, ("pred_ret", "calib_bias", "pred_ret_adj"), fitting, expected)


@check("EVB-PRED-28")
def the_error_is_what_the_return_differs_by(conversation: Conversation) -> Iterator[None]:
    """Every resolution: outcome less forecast always, or the other way round always, or without sign always."""

    def fitting(actual: float, adjusted: float, error: float) -> dict[str, float]:
        off = actual - adjusted
        return {"less forecast": off - error, "less outcome": -off - error, "without sign": abs(off) - error}

    expected = "error to be actual_ret less pred_ret_adj, or the reverse, or its size, the same way always"
    yield from _one_way(conversation, RESOLVED, ("actual_ret", "pred_ret_adj", "error"), fitting, expected)


def _one_way(
    conversation: Conversation,
    kind: str,
    names: tuple[str, ...],
    fitting: Callable[..., dict[str, float]],
    expected: str,
) -> Iterator[None]:
    """Demand that some reading fits all events of a stream. `fitting` tells by how much each reading is off."""
    left: set[str] | None = None
    for event, payload in told(conversation, kind):
        values = numbers(payload, *names)
        if values:
            fits = {name for name, off in fitting(*values).items() if abs(off) <= ROUNDING}
            left = fits if left is None else left & fits
            yield expect(left, expected, event)


# Creation and resolution -------------------------------------------------------------------------


@check("EVB-PRED-29")
def no_id_is_given_to_two_predictions(conversation: Conversation) -> Iterator[None]:
    """Every creation, against those before it."""
    seen: set[Any] = set()
    for id_, event, _ in keyed(conversation, "id", CREATED):
        yield expect(id_ not in seen, "an id that no prediction before had", event)
        seen.add(id_)


def _both(conversation: Conversation) -> Iterator[tuple[Message, Message, Message]]:
    """Each resolution whose creation was heard: the event, its payload, and that of the creation."""
    created: dict[Any, Message] = {}
    for id_, event, payload in keyed(conversation, "id", CREATED, RESOLVED):
        if event["type"] == CREATED:
            created[id_] = payload
        elif id_ in created:
            yield event, payload, created[id_]


@check("EVB-PRED-30")
def a_resolution_repeats_what_was_predicted(conversation: Conversation) -> Iterator[None]:
    """Every resolution whose creation was heard: instrument, interval, horizon and times."""
    for event, payload, created in _both(conversation):
        for name in ("instrument_key", "interval", "horizon_steps", "ts_pred", "ts_target"):
            yield expect(payload.get(name) == created.get(name), f"{name} to be {created.get(name)!r}", event)


@check("EVB-PRED-31")
def a_resolution_repeats_the_adjusted_return(conversation: Conversation) -> Iterator[None]:
    """Every resolution whose creation was heard."""
    for event, payload, created in _both(conversation):
        was, now = numbers(created, "pred_ret_adj"), numbers(payload, "pred_ret_adj")
        if was and now:
            yield expect(abs(was[0] - now[0]) <= ROUNDING, f"pred_ret_adj to be {was[0]}, as it was", event)


@check("EVB-PRED-32")
def a_prediction_is_resolved_once(conversation: Conversation) -> Iterator[None]:
    """Every resolution, against those before it."""
    seen: set[Any] = set()
    for id_, event, _ in keyed(conversation, "id", RESOLVED):
        yield expect(id_ not in seen, "no second resolution of a prediction", event)
        seen.add(id_)


@check("EVB-PRED-33")
def no_resolution_comes_before_its_creation(conversation: Conversation) -> Iterator[None]:
    """Every creation: nothing was heard of its resolution yet."""
    resolved: set[Any] = set()
    for id_, event, _ in keyed(conversation, "id", CREATED, RESOLVED):
        if event["type"] == CREATED:
            yield expect(id_ not in resolved, "a creation before the resolution", event)
        else:
            resolved.add(id_)


@check("EVB-PRED-34")
def no_prediction_is_resolved_before_its_target(conversation: Conversation) -> Iterator[None]:
    """Every resolution, by its own ts."""
    for event, payload in told(conversation, RESOLVED):
        due = numbers(payload, "ts_target")
        if due and is_epoch(due[0]) and is_epoch(event.get("ts")):
            yield expect(moment(event) >= due[0] - EARLY_S, f"a ts not before ts_target, {due[0]}", event)


# Cycles ------------------------------------------------------------------------------------------


@check("EVB-PRED-35")
def anchors_never_fall(conversation: Conversation) -> Iterator[None]:
    """Every predictor.cycle, against the one before."""
    latest = None
    for event, payload in told(conversation, CYCLE):
        anchor = numbers(payload, "anchor")
        if anchor:
            if latest is not None:
                yield expect(anchor[0] >= latest, f"an anchor not below {latest}", event)
            latest = anchor[0]


@check("EVB-PRED-36")
def cycles_count_the_creations(conversation: Conversation) -> Iterator[None]:
    """Every predictor.cycle, against the creations since the one before, or up to the next."""
    yield from _counted(conversation, "created", CREATED)


@check("EVB-PRED-37")
def cycles_count_the_resolutions(conversation: Conversation) -> Iterator[None]:
    """Every predictor.cycle, against the resolutions since the one before, or up to the next."""
    yield from _counted(conversation, "resolved", RESOLVED)


def _counted(conversation: Conversation, name: str, kind: str) -> Iterator[None]:
    """Demand that one reading fits all cycles: each counts its own, or all so far; it comes last, or first.

    What happens around a stop or a start may be counted in any way, so counting begins anew there.
    """
    left = {"own, last", "all, last", "own, first", "all, first"}
    before: float | None = None
    last: float | None = None
    seen = 0
    for event in conversation.received():
        said = event.get("type")
        if said in ("predictor.start", "predictor.stop"):
            before = last = None
        elif said == kind:
            seen += 1
        elif said == CYCLE:
            count = _count(event, name)
            if last is not None and count is not None:
                left &= _fitting(before, last, count, seen)
                yield expect(left, f"{name} to count the {seen} of {kind} beside it, or all so far", event)
            before, last, seen = last, count, 0


def _count(event: Message, name: str) -> float | None:
    payload = event.get("payload")
    found = numbers(payload, name) if isinstance(payload, dict) else None
    return found[0] if found else None


def _fitting(before: float | None, last: float, count: float, seen: int) -> set[str]:
    """The readings by which `seen` events between two cycles agree with their counts."""
    fits = {
        "own, last": count == seen,
        "all, last": count - last == seen,
        "own, first": last == seen,
        "all, first": before is None or last - before == seen,
    }
    return {name for name, holds in fits.items() if holds}


@check("EVB-PRED-38")
def nothing_is_predicted_while_stopped(conversation: Conversation) -> Iterator[None]:
    """Every stop: creations and cycles that were under way may come for 5 s. Resolutions always may."""
    yield from silent_while_stopped(conversation, "predictor.stop", "predictor.start", CREATED, CYCLE)


@check("EVB-PRED-39")
def only_instruments_of_the_start_are_predicted(conversation: Conversation) -> Iterator[None]:
    """Every creation after a start that names some."""
    named: list[str] = []
    for event, payload in told(conversation, "predictor.start", CREATED):
        if event["type"] == CREATED:
            if named:
                yield expect(payload.get("instrument_key") in named, f"one of the instruments {named}", event)
        else:
            named = payload["instruments"] if is_texts(payload.get("instruments")) else []
