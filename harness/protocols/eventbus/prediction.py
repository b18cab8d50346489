"""The predictor: in cycles at the close of bars it predicts returns; at their horizon it learns from what came."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from functools import partial
from statistics import fmean

from harness.core.message import Message
from harness.protocols.eventbus.rules import INTERVAL, Facts, interval_s
from harness.protocols.eventbus.shared import BEGINS_S, Ids, Shared

MODELS = ("ridge", "gbm", "lstm")
WINDOW = 100  # So many of a model's newest resolutions calibrate it.
PLACES = 8  # Of all returns, so that what is added and subtracted on the wire agrees.
SKEW, NOISE = 0.5, 0.5  # A model's systematic error at most, and its random one, in standard deviations of the return.
LATEST_TS = 99_999_999_999  # Beyond it, the shapes would take seconds for milliseconds.
MOST_RETURN = 0.5  # No model says more.
ERRORS = (
    "Inference failed because the model returned no finite value",
    "No bars for {instrument} {interval} since the last cycle",
    "The model store did not answer within 5 s",
)


# What creation and resolution both say.
COMMON = ("id", "instrument_key", "interval", "horizon_steps", "ts_pred", "ts_target", "pred_ret_adj")


@dataclass(frozen=True, slots=True)
class Prediction:
    """A forecast as prediction.created told it, and the price at which its instrument stood then."""

    told: Message
    price: float

    def resolved(self, actual_ret: float, error: float, calibration: Message) -> Message:
        """The payload of prediction.resolved."""
        common = {name: self.told[name] for name in COMMON}
        return {**common, "actual_ret": actual_ret, "error": error, "calibration": calibration}


class Calibration:
    """How far a model has been off over its newest resolutions: raw forecasts on average, adjusted ones in size."""

    def __init__(self) -> None:
        self._raws: deque[float] = deque(maxlen=WINDOW)  # pred_ret - actual_ret
        self._sizes: deque[float] = deque(maxlen=WINDOW)  # Of errors.

    def note(self, raw: float, error: float) -> None:
        """Learn from one resolution."""
        self._raws.append(raw)
        self._sizes.append(abs(error))

    @property
    def bias(self) -> float:
        """By how much raw forecasts were too high; 0 before the first resolution."""
        return _rounded(fmean(self._raws)) if self._raws else 0.0

    def summary(self) -> Message:
        """As prediction.resolved tells it: bias, mean absolute error, number of resolutions."""
        return {"bias": self.bias, "mae": _rounded(fmean(self._sizes)), "n": len(self._sizes)}


@dataclass
class Model:
    """The model of one instrument and interval. Its skew is what calibration has to find."""

    kind: str
    skew: float
    calibration: Calibration = field(default_factory=Calibration)


class Predictor:
    """Publishes on `prediction`. Each cycle is at the close of a bar, and so is every horizon's end."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._chance = shared.chance("predictor")
        self._ids: Ids[float | str] = Ids(int)
        self._models: dict[tuple[str, str], Model] = {}
        self.running = False
        self.open: dict[float | str, Prediction] = {}
        self._created = self._resolved = 0  # Since the last cycle's event.
        shared.agenda.at(BEGINS_S, self._begin)
        self._await_bar(shared.bus.ts(BEGINS_S))

    def turn(self, old: Facts, now: float) -> None:
        """Start or stop, where the facts say so anew."""
        wanted = self._shared.facts.predictor
        if wanted != old.predictor and self.running != (wanted != "stopped"):
            (self.start if wanted != "stopped" else self.stop)(now)

    def start(self, now: float) -> None:
        """Begin a run."""
        self._shared.publish("predictor.start", self._start_payload(), now)
        self.running = True

    def stop(self, now: float) -> None:
        """End the run. What was predicted is resolved all the same; the first cycle of the next run counts it."""
        self._shared.publish("predictor.stop", {}, now)
        self.running = False

    def check_books(self) -> list[str]:
        """What does not add up, in words."""
        latest = self._shared.bus.latest_s
        due = {id_: each.told["ts_target"] for id_, each in self.open.items()}
        return [f"prediction {id_}: due at {ts}" for id_, ts in due.items() if ts < latest]

    # Cycles -------------------------------------------------------------------------------------

    def _begin(self, now: float) -> None:
        if self._shared.facts.predictor != "stopped" and not self.running:
            self.start(now)

    def _await_bar(self, ts: int) -> None:
        """A cycle is due when the next bar closes, of whichever interval."""
        lengths = [interval_s(each) for each in self._shared.facts.horizons]
        close = min((ts // length + 1) * length for length in lengths)
        self._shared.agenda.at(self._shared.bus.due(close), partial(self._cycle, close))

    def _cycle(self, close: int, now: float) -> None:
        mode = self._shared.facts.predictor
        if self.running and mode != "stopped":  # Where the facts have it stopped, a script alone may let it run.
            if mode == "failing":
                self._shared.publish("predictor.error", {"error": self._error()}, now)
            else:
                self._predict(close, now)
            self._shared.publish("predictor.cycle", self._cycle_payload(close), now)
        # Last, so that horizons that end with that bar are resolved ahead of its cycle.
        self._await_bar(close)

    def _predict(self, close: int, now: float) -> None:
        """A prediction for each instrument and interval whose bar closes now."""
        facts = self._shared.facts
        for interval, steps in facts.horizons.items():
            if close % interval_s(interval) == 0:
                for instrument in facts.instruments:
                    told = self._forecast(self._ids.new(), instrument, interval, steps, close, now)
                    self._keep(told, now)
                    self._shared.publish("prediction.created", told, now)

    def _forecast(self, id_: float | str, instrument: str, interval: str, steps: int, ts: float, now: float) -> Message:
        """The payload of prediction.created: what the market's own pull would bring, skewed and blurred by the model.

        It is of epoch second `ts`. The adjusted return is less by what the model has been too high so far.
        """
        market, model = self._shared.market, self._model(instrument, interval)
        time_s = steps * interval_s(interval)
        blur = model.skew + NOISE * self._chance.gauss(0.0, 1.0)
        raw = market.expected(instrument, time_s, now) + blur * market.spread(time_s)
        pred_ret, bias = _rounded(max(-MOST_RETURN, min(raw, MOST_RETURN))), model.calibration.bias
        return {
            "id": id_,
            "instrument_key": instrument,
            "interval": interval,
            "horizon_steps": steps,
            "ts_pred": ts,
            "ts_target": ts + time_s,
            "pred_ret": pred_ret,
            "pred_ret_adj": _rounded(pred_ret - bias),
            "calib_bias": bias,
            "model_kind": model.kind,
        }

    def _model(self, instrument: str, interval: str) -> Model:
        key = (instrument, interval)
        if key not in self._models:
            chance = self._shared.chance(f"model/{instrument}/{interval}")
            self._models[key] = Model(_kind(interval), chance.uniform(-SKEW, SKEW))
        return self._models[key]

    def _keep(self, told: Message, now: float) -> None:
        """Resolve the prediction when its horizon ends; at once where a script made it of a time that is past."""
        prediction = Prediction(told, self._shared.market.price(told["instrument_key"], now))
        self.open[told["id"]] = prediction
        self._created += 1
        due = max(now, self._shared.bus.due(told["ts_target"]))
        self._shared.agenda.at(due, partial(self._end_horizon, prediction))

    def _end_horizon(self, prediction: Prediction, now: float) -> None:
        if self.open.get(prediction.told["id"]) is prediction:  # A script may have resolved it.
            self._shared.publish("prediction.resolved", self._resolve(prediction, {}, now), now)

    def _resolve(self, prediction: Prediction, said: Message, now: float) -> Message:
        """Close a prediction, learn from it, and give the payload that tells of it."""
        told = prediction.told
        del self.open[told["id"]]
        self._resolved += 1
        price = self._shared.market.price(told["instrument_key"], now)
        actual = said.get("actual_ret", _rounded(price / prediction.price - 1))
        error = _rounded(actual - said.get("pred_ret_adj", told["pred_ret_adj"]))
        calibration = self._model(told["instrument_key"], told["interval"]).calibration
        calibration.note(_rounded(told["pred_ret"] - actual), error)
        return prediction.resolved(actual, error, calibration.summary())

    # What a script says -------------------------------------------------------------------------

    def scripted(self, kind: str, example: Message, said: Message, now: float) -> Message:
        """The payload of a scripted event: the example made true, and the predictor as it leaves it."""
        match kind:
            case "predictor.start":
                self.running = True
                return self._start_payload()
            case "predictor.stop":
                self.running = False
            case "predictor.cycle":
                return self._cycle_payload(self._shared.bus.ts(now))
            case "prediction.created":
                return self._scripted_creation(example, said, now)
            case "prediction.resolved":
                return self._scripted_resolution(example, said, now)
        return example

    def _scripted_creation(self, example: Message, said: Message, now: float) -> Message:
        """A prediction that will be resolved as any other, with the figures it was told with, if it can be followed."""
        ts = said.get("ts_pred", self._shared.bus.ts(now))
        full = {**example, **said, "id": self._ids.of(said, "id"), "ts_pred": ts}
        interval, steps = full["interval"], full["horizon_steps"]
        if not INTERVAL.fullmatch(interval) or ts + steps * interval_s(interval) > LATEST_TS:
            return {**full, "ts_target": said.get("ts_target", ts + _lasted_s(example))}
        told = {**self._forecast(full["id"], full["instrument_key"], interval, steps, ts, now), **said}
        if "pred_ret_adj" not in said:
            told["pred_ret_adj"] = _rounded(told["pred_ret"] - told["calib_bias"])
        self._keep(told, now)
        return told

    def _scripted_resolution(self, example: Message, said: Message, now: float) -> Message:
        """Of the open prediction that it names, or else the oldest; of one from earlier days where there is none."""
        prediction = self.open.get(said["id"]) if "id" in said else next(iter(self.open.values()), None)
        if prediction is not None:
            return self._resolve(prediction, said, now)
        ts = self._shared.bus.ts(now)
        full = {**example, **said, "id": self._ids.of(said, "id"), "ts_pred": ts - _lasted_s(example), "ts_target": ts}
        return {**full, "error": _rounded(full["actual_ret"] - full["pred_ret_adj"])}

    # Payloads -----------------------------------------------------------------------------------

    def _start_payload(self) -> Message:
        facts = self._shared.facts
        models = {each: _kind(each) for each in facts.horizons}
        cfg = {"horizons": dict(facts.horizons), "models": models, "calibration_window": WINDOW}
        return {"instruments": list(facts.instruments), "cfg": cfg}

    def _cycle_payload(self, anchor: int) -> Message:
        payload = {"created": self._created, "resolved": self._resolved, "anchor": anchor}
        self._created = self._resolved = 0
        return payload

    def _error(self) -> str:
        facts = self._shared.facts
        instrument, interval = self._chance.choice(list(facts.instruments)), self._chance.choice(list(facts.horizons))
        return self._chance.choice(ERRORS).format(instrument=instrument, interval=interval)


def _rounded(number: float) -> float:
    """To the places of returns; what rounds to nothing has no sign, which JSON would show as -0.0.

    >>> _rounded(0.0123456789), _rounded(-1e-9)
    (0.01234568, 0.0)
    """
    return round(number, PLACES) + 0.0


def _lasted_s(example: Message) -> int:
    lasted_s: int = example["ts_target"] - example["ts_pred"]
    return lasted_s


def _kind(interval: str) -> str:
    """The kind of model that predicts an interval, whatever the instrument."""
    return MODELS[interval_s(interval) % len(MODELS)]
