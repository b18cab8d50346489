"""Servers that read the spec in another way than our mock, and are right as well: no check may fail one of them."""

from dataclasses import replace

import pytest

from harness import protocols
from harness.conformance import suite
from harness.conformance.rehearsal import rehearse
from harness.conformance.runner import Options
from harness.core.defect import in_protocol, in_session, on_frame, on_message
from harness.core.message import Frame, Opcode, merged
from harness.core.session import Send
from harness.protocols.eventbus.defects.edits import kept, nth, said
from harness.protocols.eventbus.session import EventBusSession

EVENTBUS = suite.load("eventbus")
MOCK = protocols.load("eventbus")
CREATED, RESOLVED, CYCLE = "prediction.created", "prediction.resolved", "predictor.cycle"
UPDATE, PROGRESS = "automation_run.updated", "training.progress"
ENTRY, EXIT, RISK, FLATTEN = "hft.entry", "hft.exit", "hft.trade_risk", "hft.flatten"


def without(message, *names):
    return {name: value for name, value in message.items() if name not in names}


@on_message("")
def legacy(event, session, now):
    """Has no ids at all."""
    return without(event, "id")


@on_message("")
def null_ids(event, session, now):
    """Says null for the id of a legacy stream."""
    return {**event, "id": None}


@on_message("", *("automation_run.started", UPDATE))
def one_legacy_stream(event, session, now):
    """Has no ids on one channel."""
    return without(event, "id")


@on_message("")
def ids_of_each_channel(event, session, now):
    """Counts the events of each channel by itself, from 0 on, without gaps."""
    numbers = kept(session.world, event["channel"])
    return {**event, "id": numbers.setdefault(event["id"], len(numbers))}


@on_message("")
def fractions_of_seconds(event, session, now):
    """Tells the time with its fractions."""
    return {**event, "ts": session.context.clock.wall_s(now)}


@on_message("")
def members_of_its_own(event, session, now):
    """Adds members that the spec does not name, one of each connection among them."""
    return merged(event, {"source": "bus-1", "payload.trace": {"hop": 1}, "connection": id(session)})


@in_session("")
class RepeatsWhatWas(EventBusSession):
    """Gives a new listener the last twenty events of its channel."""

    def opened(self, now):
        super().opened(now)
        return [Send(event) for event in list(kept(self.world, self.channel).values())[-20:]]

    def noticed(self, topic, event, now):
        kept(self.world, topic)[event["id"]] = event
        return super().noticed(topic, event, now)


@on_message("", CREATED, RESOLVED)
def predictions_with_textual_ids(event, session, now):
    """Names predictions by strings."""
    return said(event, id=f"p-{event['payload']['id']}")


@on_message("", CREATED)
def bias_added(event, session, now):
    """Has a bias that is added."""
    return said(event, calib_bias=-event["payload"]["calib_bias"])


@on_message("", RESOLVED)
def error_reversed(event, session, now):
    """Takes the outcome off the forecast."""
    return said(event, error=-event["payload"]["error"])


@on_message("", RESOLVED)
def error_without_sign(event, session, now):
    """Tells the size of the error alone, rounded."""
    return said(event, error=round(abs(event["payload"]["error"]), 6))


@on_message("", RESOLVED)
def calibration_in_one_figure(event, session, now):
    """Tells the calibration as a number."""
    return said(event, calibration=event["payload"]["calibration"]["bias"])


@on_message("", RESOLVED)
def calibration_unknown(event, session, now):
    """Says null for a calibration that is not there yet."""
    return said(event, calibration=None)


@on_message("", CREATED, RESOLVED)
def intervals_in_words(event, session, now):
    """Spells intervals in its own way."""
    return said(event, interval={"5s": "5sec", "1m": "1minute"}[event["payload"]["interval"]])


@on_message("", CREATED, RESOLVED)
def bars_that_have_begun(event, session, now):
    """Dates predictions within the bar."""
    return said(event, ts_pred=event["payload"]["ts_pred"] + 2.5)


@on_message("", CREATED, RESOLVED, CYCLE)
def closed_markets(event, session, now):
    """Has targets after the night, and resolves nothing before."""
    if event["type"] == CYCLE:
        return said(event, resolved=0)
    return None if event["type"] == RESOLVED else said(event, ts_target=event["payload"]["ts_target"] + 50_000)


@on_message("", CYCLE)
def all_so_far(event, session, now):
    """Counts creations and resolutions of all cycles."""
    sums, payload = kept(session.world, "sums"), event["payload"]
    if event["id"] not in sums:
        last = list(sums.values())[-1] if sums else (0, 0)
        sums[event["id"]] = (last[0] + payload["created"], last[1] + payload["resolved"])
    created, resolved = sums[event["id"]]
    return said(event, created=created, resolved=resolved)


def _cycles_first(event, session, cumulative):
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


COUNTED = {"created": CREATED, "resolved": RESOLVED}


@on_message("", "predictor.start", "predictor.stop", "predictor.error", CREATED, RESOLVED, CYCLE)
def cycles_come_first(event, session, now):
    """Tells of a cycle before what it does."""
    return _cycles_first(event, session, cumulative=False)


@on_message("", "predictor.start", "predictor.stop", "predictor.error", CREATED, RESOLVED, CYCLE)
def cycles_come_first_with_all_so_far(event, session, now):
    """Tells of a cycle before what it does, and counts on."""
    return _cycles_first(event, session, cumulative=True)


@on_message("", "predictor.start")
def names_no_instruments(event, session, now):
    """Names no instruments at the start, since all are predicted."""
    return said(event, instruments=[])


@on_message("", UPDATE, PROGRESS)
def percents(event, session, now):
    """Counts progress to 100."""
    payload = event["payload"]
    return said(event, progress=payload["progress"] * 100) if "progress" in payload else event


@on_message("", UPDATE, "training.failed")
def nulls(event, session, now):
    """Says null for what it does not know."""
    names = ("message", "stats", "error", "progress") if event["type"] == UPDATE else ("result", "error")
    return {**event, "payload": {**dict.fromkeys(names), **event["payload"]}}


@on_message("", UPDATE)
def jobs_without_status(event, session, now):
    """Never says a status."""
    return {**event, "payload": without(event["payload"], "status")}


@on_message("", UPDATE)
def stats_after_the_end(event, session, now):
    """Has a last word after the final status."""
    last = {**event, "id": event["id"], "payload": {"job_id": event["payload"]["job_id"], "status": "done"}}
    return last if event["payload"].get("status") == "succeeded" else event


@on_message("", "training.failed")
def bare_failures(event, session, now):
    """Gives neither result nor error of a failure."""
    return {**event, "payload": {"job_id": event["payload"]["job_id"]}}


@on_message("", ENTRY, EXIT, RISK)
def short_by_quantity(event, session, now):
    """Trades short, and says so by quantities below 0."""
    return _short(event, session, -1)


@on_message("", ENTRY, EXIT, RISK)
def short_by_lines(event, session, now):
    """Trades short, which shows by the risk lines alone."""
    return _short(event, session, 1)


def _short(event, session, sign):
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


@on_message("", ENTRY, EXIT, RISK)
def short_without_lines(event, session, now):
    """Trades short, says so nowhere, and has no risk lines."""
    return None if event["type"] == RISK else _short(event, session, 1)


@on_message("", RISK)
def no_lines(event, session, now):
    """Says 0 for a line that is not there."""
    return said(event, target=0)


@on_message("", ENTRY, EXIT)
def net_of_costs(event, session, now):
    """Takes charges of 0.1 % of the turnover off the gain."""
    trades, payload = kept(session, "trades"), event["payload"]
    if event["type"] == ENTRY:
        trades[payload["trade_id"]] = payload
        return event
    entry = trades.get(payload["trade_id"])
    turnover = entry["qty"] * (entry["entry"] + payload["price"]) if entry else 0.0
    return said(event, pnl=round(payload["pnl"] - 0.001 * turnover, 2))


@on_message("", FLATTEN, EXIT)
def flatten_before_exits(event, session, now):
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


@on_message("", FLATTEN, EXIT)
def flatten_without_exits(event, session, now):
    """Tells of no exits where a flatten closes trades."""
    return None if event["payload"].get("reason") == "flatten" else event


@on_message("", EXIT)
def no_reasons(event, session, now):
    """Gives no reasons, and says so by an empty text."""
    return said(event, reason="")


@on_message("", "predictor.stop", "hft.stop")
def stops_with_reasons(event, session, now):
    """Says why something stops."""
    return said(event, reason="operator")


@on_frame("", Opcode.PING)
def never_pings(frame, session, now):
    """Sends no ping frames."""
    return ()


@on_frame("", Opcode.PING)
def pings_twice(frame, session, now):
    """Pings more often."""
    return frame, Frame(Opcode.PING, b"again")


@on_message("", "automation_run.started", "training.started")
def ends_alone(event, session, now):
    """Tells nothing of how jobs begin, as if all had begun long ago."""
    return ()


LAWFUL = [each for each in list(globals().values()) if type(each).__name__ == "Defect"]


def failed(report):
    assert report.broken == []
    return [(v.id, v.reason) for v in report.of("failed")]


@pytest.mark.parametrize("server", LAWFUL, ids=lambda server: server.name)
def test_a_lawful_server_fails_no_check(server):
    assert failed(rehearse(EVENTBUS, server.apply(MOCK))) == []


@pytest.mark.parametrize("server", [legacy, null_ids], ids=lambda server: server.name)
def test_streams_without_ids_pass_with_a_note(server):
    report = rehearse(EVENTBUS, server.apply(MOCK))
    assert report["EVB-ENV-09"].verdict == "passed"
    assert report["EVB-ENV-11"].reason == "no event has an id, as on a legacy stream"
    assert {v.id for v in report.of("not-observed")} == {"EVB-ENV-10", "EVB-ENV-11", "EVB-ENV-12", "EVB-ENV-13"}


def test_a_back_end_where_nothing_happens_fails_nothing(demo):
    quiet = replace(
        MOCK, facts=replace(MOCK.facts, predictor="stopped", automation="paused", training="paused", hft="stopped")
    )
    report = rehearse(EVENTBUS, quiet, profile=replace(demo(EVENTBUS), urls={}))
    assert failed(report) == []
    assert report["EVB-CONN-09"].reason == "not even two events came while two listened"
    assert report.exit_code == 3


@pytest.mark.parametrize("channel", ["prediction", "hft"])
def test_a_channel_that_the_profile_calls_missing_is_excluded(channel, demo):
    paths = tuple(path for path in MOCK.paths if not path.endswith(channel))
    lacking = in_protocol("", "", "", paths=paths).apply(MOCK)
    rare = {"prediction": "predictor_incidents", "hft": "trader_incidents"}[channel]
    profile = replace(demo(EVENTBUS), capabilities={channel: False, rare: False})
    report = rehearse(EVENTBUS, lacking, profile=profile)
    assert failed(report) == []
    assert report.exit_code == 0


def test_without_a_place_for_rare_events_they_are_not_observed(demo):
    report = rehearse(EVENTBUS, MOCK, profile=replace(demo(EVENTBUS), urls={}))
    assert failed(report) == []
    assert "EVB-HFT-07" in {v.id for v in report.of("not-observed")}


def test_only_one_requirement_may_be_asked_for():
    report = rehearse(EVENTBUS, MOCK, Options(only=("EVB-HFT-31",)))
    assert [v.verdict for v in report.verdicts] == ["passed"]
