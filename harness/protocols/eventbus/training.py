"""Trainings of models: a loss that falls from epoch to epoch, then one final event."""

from __future__ import annotations

from harness.core.message import Message
from harness.protocols.eventbus.jobs import Job, Jobs
from harness.protocols.eventbus.prediction import MODELS
from harness.protocols.eventbus.rules import Fates

LEAST_EPOCHS, MOST_EPOCHS = 6, 16
# What an epoch leaves of the loss. It always falls, and after the most epochs still has digits to fall by.
EPOCH_LEAVES = (0.80, 0.97)
LOSS_PLACES = 6
ERRORS = (
    "Loss is not finite in epoch {next}",
    "Out of memory in epoch {next}",
    "The bars of {instrument} {interval} have gaps",
)


class Training(Jobs):
    """Publishes on `training`. Trainings overlap at times."""

    prefix = "train"
    every_s = 10.0
    step_s = 1.5

    def fates(self) -> Fates:
        """As the fact `training` says."""
        return self.shared.facts.training

    def new(self, id_: str) -> Job:
        """A training of some model for one instrument and interval."""
        facts, chance = self.shared.facts, self.chance
        epochs = chance.randint(LEAST_EPOCHS, MOST_EPOCHS)
        job = Job(id_, chance.choice(MODELS), epochs, self.draws_ill(), chance.randrange(epochs))
        job.details = {
            "instrument_key": chance.choice(list(facts.instruments)),
            "interval": chance.choice(list(facts.horizons)),
            "loss": round(chance.uniform(0.8, 1.2), LOSS_PLACES),
        }
        return job

    def tell_started(self, job: Job, now: float) -> None:
        """training.started"""
        self.shared.publish("training.started", _started(job), now)

    def advance(self, job: Job) -> None:
        """One epoch more, with a lower loss."""
        super().advance(job)
        loss = round(job.details["loss"] * self.chance.uniform(*EPOCH_LEAVES), LOSS_PLACES)
        validation = round(loss * self.chance.uniform(1.02, 1.12), LOSS_PLACES)
        job.details["loss"] = loss
        job.details["metrics"] = {"epoch": job.done, "epochs": job.steps, "loss": loss, "val_loss": validation}

    def tell_progress(self, job: Job, now: float) -> None:
        """training.progress"""
        self.shared.publish("training.progress", _progress(job), now)

    def tell_success(self, job: Job, now: float) -> None:
        """training.succeeded"""
        self.shared.publish("training.succeeded", _succeeded(job), now)

    def tell_failure(self, job: Job, now: float) -> None:
        """training.failed"""
        self.shared.publish("training.failed", _failed(job, self._error(job)), now)

    def scripted(self, kind: str, example: Message, said: Message, now: float) -> Message:
        """The payload of a scripted event: the example made true, and the training as it leaves it."""
        if kind == "training.started":
            return self._scripted_start({**example, **said}, self.ids.of(said, "job_id"), now)
        job = self.spoken_of(said)
        if job is None:
            return {**example, "job_id": self.ids.of(said, "job_id")}
        if kind == "training.progress":
            self.reach(job, said.get("progress"))
            return _progress(job)
        self.end(job)
        if kind == "training.succeeded":
            self.reach(job, 1.0)  # There is a model once all epochs are done.
            return _succeeded(job)
        truth = _failed(job, example.get("error", ""))
        return {name: value for name, value in truth.items() if name in example}

    def _scripted_start(self, full: Message, id_: str, now: float) -> Message:
        job = self.new(id_)
        job.kind = full["kind"]
        job.details.update(instrument_key=full["instrument_key"], interval=full["interval"])
        self.begin(job, now)
        return _started(job)

    def _error(self, job: Job) -> str:
        details = job.details
        return self.chance.choice(ERRORS).format(
            next=min(job.done + 1, job.steps), instrument=details["instrument_key"], interval=details["interval"]
        )


def _started(job: Job) -> Message:
    where = {name: job.details[name] for name in ("instrument_key", "interval")}
    return {"job_id": job.id, "kind": job.kind, **where}


def _progress(job: Job) -> Message:
    message = f"Epoch {job.done} of {job.steps}"
    return {"job_id": job.id, "progress": job.progress, "message": message, "metrics": _metrics(job)}


def _succeeded(job: Job) -> Message:
    result = {"model": f"{job.kind}-{job.id}", "epochs": job.done, "metrics": _metrics(job)}
    return {"job_id": job.id, "result": result}


def _failed(job: Job, error: str) -> Message:
    """With a result where there is one: how far it came."""
    result = {"result": {"epochs": job.done, "metrics": _metrics(job)}} if job.done else {}
    return {"job_id": job.id, **result, "error": error}


def _metrics(job: Job) -> Message:
    """Those of the last epoch that is done; a script may speak of a training before its first."""
    metrics: Message = job.details.get("metrics", {})
    return metrics
