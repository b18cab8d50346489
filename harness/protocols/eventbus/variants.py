"""Lawful EventBus servers that read the open points of the spec otherwise than our mock."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.core.change import kept, nth
from harness.core.message import Frame, Message, Opcode, merged
from harness.core.session import Effects, Send
from harness.core.variant import in_facts, in_member, in_protocol, in_session, on_frame, on_message
from harness.protocols.eventbus.defects.edits import said
from harness.protocols.eventbus.session import EventBusSession

CREATED, RESOLVED, CYCLE = "prediction.created", "prediction.resolved", "predictor.cycle"
UPDATE, PROGRESS = "automation_run.updated", "training.progress"
ENTRY, EXIT, RISK, FLATTEN = "hft.entry", "hft.exit", "hft.trade_risk", "hft.flatten"
COUNTED = {"created": CREATED, "resolved": RESOLVED}

# What nobody sees of a server that tells of no such thing.
UNNUMBERED = tuple(f"EVB-ENV-{number}" for number in (10, 11, 12, 13))
RESOLUTIONS = tuple(f"EVB-PRED-{number}" for number in (*range(15, 22), 28, 30, 31, 32, 34))
RISKS = tuple(f"EVB-HFT-{number}" for number in (18, 19, 20, 27, 28, 30))
BEGINNINGS = (
    *(f"EVB-AUTO-{number:02}" for number in (1, 2, 3, 12, 13)),
    *(f"EVB-TRAIN-{number:02}" for number in (1, 2, 3, 4, 16, 17)),
)

# What is read otherwise.
IDS = "it is open which streams have ids, and how these grow"
SIGNS = "the signs of calib_bias and error are open"
CALIBRATION = "calibration may be anything"
CYCLES = "it is open what a cycle counts, and when it is told"
STATUS = "the words of status are open"
SIDES = "there is no side, and the sign of qty is open"
FLATTENING = "it is open how a flatten and its exits follow each other"
PINGS = "nothing is said of pings"


def _without(message: Message, *names: str) -> Message:
    return {name: value for name, value in message.items() if name not in names}


@on_message(IDS, lacks=("event_ids",))
def legacy(event: Message, session: Any, now: float) -> Message:
    """Has no ids at all."""
    return _without(event, "id")


@on_message(IDS, unseen=UNNUMBERED)
def null_ids(event: Message, session: Any, now: float) -> Message:
    """Says null for the id of a legacy stream."""
    return {**event, "id": None}


@on_message(IDS, *("automation_run.started", UPDATE), unseen=("EVB-ENV-13",))
def one_legacy_stream(event: Message, session: Any, now: float) -> Message:
    """Has no ids on one channel."""
    return _without(event, "id")


@on_message(IDS)
def ids_of_each_channel(event: Message, session: Any, now: float) -> Message:
    """Counts the events of each channel by itself, from 0 on, without gaps."""
    numbers = kept(session.world, event["channel"])
    return {**event, "id": numbers.setdefault(event["id"], len(numbers))}


@on_message("epoch seconds may be whole or have fractions")
def fractions_of_seconds(event: Message, session: Any, now: float) -> Message:
    """Tells the time with its fractions."""
    return {**event, "ts": session.context.clock.wall_s(now)}


@on_message("extra members are not mentioned")
def members_of_its_own(event: Message, session: Any, now: float) -> Message:
    """Adds members that the spec does not name, one of each connection among them."""
    return merged(event, {"source": "bus-1", "payload.trace": {"hop": 1}, "connection": id(session)})


@in_session("a new subscriber may get recent events, or new ones only")
class RepeatsWhatWas(EventBusSession):
    """Gives a new listener the last twenty events of its channel."""

    def opened(self, now: float) -> Effects:
        """Tell what was first."""
        super().opened(now)
        return [Send(event) for event in list(kept(self.world, self.channel).values())[-20:]]

    def noticed(self, topic: str, event: Any, now: float) -> Effects:
        """Keep what is told."""
        kept(self.world, topic)[event["id"]] = event
        return super().noticed(topic, event, now)


@on_message("the id of a prediction has no type", CREATED, RESOLVED)
def predictions_with_textual_ids(event: Message, session: Any, now: float) -> Message:
    """Names predictions by strings."""
    return said(event, id=f"p-{event['payload']['id']}")


@on_message(SIGNS, CREATED)
def bias_added(event: Message, session: Any, now: float) -> Message:
    """Has a bias that is added."""
    return said(event, calib_bias=-event["payload"]["calib_bias"])


@on_message(SIGNS, RESOLVED)
def error_reversed(event: Message, session: Any, now: float) -> Message:
    """Takes the outcome off the forecast."""
    return said(event, error=-event["payload"]["error"])


@on_message(SIGNS, RESOLVED)
def error_without_sign(event: Message, session: Any, now: float) -> Message:
    """Tells the size of the error alone, rounded."""
    return said(event, error=round(abs(event["payload"]["error"]), 6))


@on_message(CALIBRATION, RESOLVED)
def calibration_in_one_figure(event: Message, session: Any, now: float) -> Message:
    """Tells the calibration as a number."""
    return said(event, calibration=event["payload"]["calibration"]["bias"])


@on_message(CALIBRATION, RESOLVED)
def calibration_unknown(event: Message, session: Any, now: float) -> Message:
    """Says null for a calibration that is not there yet."""
    return said(event, calibration=None)


@on_message("the spelling of intervals is open", CREATED, RESOLVED, unseen=("EVB-PRED-26",))
def intervals_in_words(event: Message, session: Any, now: float) -> Message:
    """Spells intervals in its own way."""
    return said(event, interval={"5s": "5sec", "1m": "1minute"}[event["payload"]["interval"]])


@on_message("it is open what ts_pred is the time of", CREATED, RESOLVED)
def bars_that_have_begun(event: Message, session: Any, now: float) -> Message:
    """Dates predictions within the bar."""
    return said(event, ts_pred=event["payload"]["ts_pred"] + 2.5)


@on_message("not every prediction has to be resolved", CREATED, RESOLVED, CYCLE, unseen=RESOLUTIONS)
def closed_markets(event: Message, session: Any, now: float) -> Message | None:
    """Has targets after the night, and resolves nothing before."""
    if event["type"] == CYCLE:
        return said(event, resolved=0)
    return None if event["type"] == RESOLVED else said(event, ts_target=event["payload"]["ts_target"] + 50_000)


@on_message(CYCLES, CYCLE)
def all_so_far(event: Message, session: Any, now: float) -> Message:
    """Counts creations and resolutions of all cycles."""
    sums, payload = kept(session.world, "sums"), event["payload"]
    if event["id"] not in sums:
        last = list(sums.values())[-1] if sums else (0, 0)
        sums[event["id"]] = (last[0] + payload["created"], last[1] + payload["resolved"])
    created, resolved = sums[event["id"]]
    return said(event, created=created, resolved=resolved)


def _cycles_first(event: Message, session: Any, cumulative: bool) -> Iterable[Message]:
    """A cycle's event counts what follows it; made from the events of the world, so that it is known before."""
    queue, sums = kept(session, "queue"), kept(session, "sums")
    if event["type"] in ("predictor.start", "predictor.stop"):
        told = [*queue.values(), event]
        queue.clear()
        return told
    if event["type"] != CYCLE:
        queue[nth(session, "queued")] = event
        return ()
    count = {name: sum(e["type"] == kind for e in queue.values()) for name, kind in COUNTED.items()}
    for name in COUNTED:
        sums[name] = (sums.get(name, 0) if cumulative else 0) + count[name]
    waiting = list(queue.values())
    queue.clear()
    ids = sorted(e["id"] for e in (*waiting, event))
    ordered = [said(event, **sums), *waiting]
    return [{**each, "id": id_, "ts": event["ts"]} for each, id_ in zip(ordered, ids, strict=True)]


@on_message(CYCLES, "predictor.start", "predictor.stop", "predictor.error", CREATED, RESOLVED, CYCLE)
def cycles_come_first(event: Message, session: Any, now: float) -> Iterable[Message]:
    """Tells of a cycle before what it does."""
    return _cycles_first(event, session, cumulative=False)


@on_message(CYCLES, "predictor.start", "predictor.stop", "predictor.error", CREATED, RESOLVED, CYCLE)
def cycles_come_first_with_all_so_far(event: Message, session: Any, now: float) -> Iterable[Message]:
    """Tells of a cycle before what it does, and counts on."""
    return _cycles_first(event, session, cumulative=True)


@on_message("instruments have no least number", "predictor.start", unseen=("EVB-PRED-39",))
def names_no_instruments(event: Message, session: Any, now: float) -> Message:
    """Names no instruments at the start, since all are predicted."""
    return said(event, instruments=[])


@on_message("the scale of progress is open", UPDATE, PROGRESS)
def percents(event: Message, session: Any, now: float) -> Message:
    """Counts progress to 100."""
    payload = event["payload"]
    return said(event, progress=payload["progress"] * 100) if "progress" in payload else event


@on_message("null instead of absence is not covered", UPDATE, "training.failed")
def nulls(event: Message, session: Any, now: float) -> Message:
    """Says null for what it does not know."""
    names = ("message", "stats", "error", "progress") if event["type"] == UPDATE else ("result", "error")
    return {**event, "payload": {**dict.fromkeys(names), **event["payload"]}}


@on_message(STATUS, UPDATE, unseen=("EVB-AUTO-07", "EVB-AUTO-11", "EVB-AUTO-14"))
def jobs_without_status(event: Message, session: Any, now: float) -> Message:
    """Never says a status."""
    return {**event, "payload": _without(event["payload"], "status")}


@on_message(STATUS, UPDATE)
def stats_after_the_end(event: Message, session: Any, now: float) -> Message:
    """Has a last word after the final status."""
    last = {**event, "id": event["id"], "payload": {"job_id": event["payload"]["job_id"], "status": "done"}}
    return last if event["payload"].get("status") == "succeeded" else event


@on_message(
    "training.failed may have neither result nor error", "training.failed", unseen=("EVB-TRAIN-12", "EVB-TRAIN-13")
)
def bare_failures(event: Message, session: Any, now: float) -> Message:
    """Gives neither result nor error of a failure."""
    return {**event, "payload": {"job_id": event["payload"]["job_id"]}}


@on_message(SIDES, ENTRY, EXIT, RISK)
def short_by_quantity(event: Message, session: Any, now: float) -> Message | None:
    """Trades short, and says so by quantities below 0."""
    return _short(event, session, -1)


@on_message(SIDES, ENTRY, EXIT, RISK)
def short_by_lines(event: Message, session: Any, now: float) -> Message | None:
    """Trades short, which shows by the risk lines alone."""
    return _short(event, session, 1)


def _short(event: Message, session: Any, sign: int) -> Message | None:
    """The mirror image of a long trade: the gain is the same when the price goes the other way."""
    entries, payload = kept(session, "entries"), event["payload"]
    if event["type"] == ENTRY:
        entries[payload["trade_id"]] = payload["entry"]
        return said(event, qty=sign * payload["qty"])
    entry = entries.get(payload["trade_id"])
    if entry is None:
        return None
    mirrored = {name: 2 * entry - payload[name] for name in ("price", "stop", "target") if name in payload}
    return said(event, **mirrored)


@on_message(SIDES, ENTRY, EXIT, RISK, unseen=RISKS)
def short_without_lines(event: Message, session: Any, now: float) -> Message | None:
    """Trades short, says so nowhere, and has no risk lines."""
    return None if event["type"] == RISK else _short(event, session, 1)


@on_message("risk lines may be missing", RISK, unseen=("EVB-HFT-28", "EVB-HFT-30"))
def no_lines(event: Message, session: Any, now: float) -> Message:
    """Says 0 for a line that is not there."""
    return said(event, target=0)


@on_message("it is open whether pnl includes fees", ENTRY, EXIT)
def net_of_costs(event: Message, session: Any, now: float) -> Message:
    """Takes charges of 0.1 % of the turnover off the gain."""
    trades, payload = kept(session, "trades"), event["payload"]
    if event["type"] == ENTRY:
        trades[payload["trade_id"]] = payload
        return event
    entry = trades.get(payload["trade_id"])
    turnover = entry["qty"] * (entry["entry"] + payload["price"]) if entry else 0.0
    return said(event, pnl=round(payload["pnl"] - 0.001 * turnover, 2))


@on_message(FLATTENING, FLATTEN, EXIT)
def flatten_before_exits(event: Message, session: Any, now: float) -> Iterable[Message]:
    """Tells of a flatten first, of the exits a second later."""
    waiting = kept(session, "waiting")
    if event["type"] == EXIT and event["payload"]["reason"] == "flatten":
        waiting[event["id"]] = event
        return ()
    if event["type"] == EXIT:
        return (event,)
    ids = sorted([*waiting, event["id"]])
    told = [event, *({**each, "ts": each["ts"] + 1} for each in waiting.values())]
    waiting.clear()
    return [{**each, "id": id_} for each, id_ in zip(told, ids, strict=True)]


@on_message(FLATTENING, FLATTEN, EXIT, unseen=("EVB-HFT-31", "EVB-HFT-32"))
def flatten_without_exits(event: Message, session: Any, now: float) -> Message | None:
    """Tells of no exits where a flatten closes trades."""
    return None if event["payload"].get("reason") == "flatten" else event


@on_message("reason is free text", EXIT, unseen=("EVB-HFT-31",))
def no_reasons(event: Message, session: Any, now: float) -> Message:
    """Gives no reasons, and says so by an empty text."""
    return said(event, reason="")


@on_message("extra members are not mentioned", "predictor.stop", "hft.stop")
def stops_with_reasons(event: Message, session: Any, now: float) -> Message:
    """Says why something stops."""
    return said(event, reason="operator")


@on_frame(PINGS, Opcode.PING)
def never_pings(frame: Frame, session: Any, now: float) -> None:
    """Sends no ping frames."""


@on_frame(PINGS, Opcode.PING)
def pings_twice(frame: Frame, session: Any, now: float) -> Iterable[Frame]:
    """Pings more often."""
    return frame, Frame(Opcode.PING, b"again")


@on_message(
    "it is not written down that a job begins with an event",
    "automation_run.started",
    "training.started",
    unseen=BEGINNINGS,
)
def ends_alone(event: Message, session: Any, now: float) -> None:
    """Tells nothing of how jobs begin, as if all had begun long ago."""


def _other_word(status: str) -> str:
    return {"running": "in_progress", "succeeded": "completed", "failed": "error"}.get(status, status)


other_words = in_member(
    "other-words", STATUS, "Says in_progress, completed and error.", "payload.status", _other_word, UPDATE
)


@on_message(IDS)
def ids_with_large_gaps(event: Message, session: Any, now: float) -> Message:
    """Numbers events as a log does that all services share, far beyond 32 bits."""
    return {**event, "id": 7_000_000_000 + event["id"] * 1_000_003}


@on_message("extra members are not mentioned")
def strangers_everywhere(event: Message, session: Any, now: float) -> Message:
    """Adds a member to each object, stats and results included."""
    return merged(_stranger(event), {})


def _stranger(value: Any) -> Any:
    if isinstance(value, list):
        return [_stranger(each) for each in value]
    if isinstance(value, dict):
        return {**{name: _stranger(each) for name, each in value.items()}, "x_trace": None}
    return value


dated_a_second_later = in_member(
    "dated-a-second-later",
    "it is open of which moment ts is",
    "Dates events when they are sent, rounded up.",
    "ts",
    lambda ts: ts + 1,
)
no_deflate = in_protocol("no-deflate", "compression is not mentioned", "Declines permessage-deflate.", deflate=False)
nothing_moves = in_facts("nothing-moves", "no rates are required", "Has prices at rest.", volatility=0.0)
