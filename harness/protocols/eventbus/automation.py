"""Automation jobs: backfills, retrainings and the like, updated until their status is final."""

from __future__ import annotations

from harness.core.message import Message, merged
from harness.protocols.eventbus.jobs import Job, Jobs
from harness.protocols.eventbus.rules import Fates

FINAL = ("succeeded", "failed", "completed", "cancelled")  # The status that ends a job; the spec leaves the words open.

BRIEF_SHARE = 0.2  # Of updates, which say the progress alone: all other members are optional.

# What a step does, by kind of job; and what can go wrong.
KINDS = {
    "backfill": ("Fetched {done} of {total} chunks", "The data source did not answer within 30 s"),
    "retrain_all": ("Trained {done} of {total} models", "No model could be stored: the disk is full"),
    "cleanup": ("Removed {done} of {total} old artifacts", "An artifact is locked by another process"),
    "reconcile": ("Compared {done} of {total} trades", "The broker's list of trades is incomplete"),
}
OTHER = ("Did {done} of {total} steps", "The job failed")  # Of kinds that only a script knows.


class Automation(Jobs):
    """Publishes on `automation`."""

    prefix = "auto"
    every_s = 12.0
    step_s = 1.0

    def fates(self) -> Fates:
        """As the fact `automation` says."""
        return self.shared.facts.automation

    def new(self, id_: str) -> Job:
        """A job of some kind."""
        chance = self.chance
        kind, steps = chance.choice(list(KINDS)), chance.randint(5, 20)
        job = Job(id_, kind, steps, self.draws_ill(), chance.randrange(steps))
        job.details = {"params": self._params(kind)}
        return job

    def tell_started(self, job: Job, now: float) -> None:
        """automation_run.started"""
        payload = {"job_id": job.id, "kind": job.kind, "params": job.details["params"]}
        self.shared.publish("automation_run.started", payload, now)

    def tell_progress(self, job: Job, now: float) -> None:
        """automation_run.updated, on the way; at times without what a client can do without"""
        full = _running(job)
        brief = {"job_id": job.id, "progress": job.progress}
        self._update(brief if self.chance.random() < BRIEF_SHARE else full, now)

    def tell_success(self, job: Job, now: float) -> None:
        """automation_run.updated, with the final status succeeded"""
        self._update({**_running(job), "status": "succeeded"}, now)

    def tell_failure(self, job: Job, now: float) -> None:
        """automation_run.updated, with the final status failed"""
        error = KINDS.get(job.kind, OTHER)[1]
        self._update({"job_id": job.id, "progress": job.progress, "status": "failed", "error": error}, now)

    def scripted(self, kind: str, example: Message, said: Message, now: float) -> Message:
        """The payload of a scripted event: the example made true, and the job as it leaves it."""
        full = {**example, **said}
        if kind == "automation_run.started":
            job = self.new(self.ids.of(said, "job_id"))
            job.kind, job.details["params"] = full["kind"], full["params"]
            self.begin(job, now)
            return {**example, "job_id": job.id}
        found = self.spoken_of(said)
        if found is None:
            return {**example, "job_id": self.ids.of(said, "job_id")}
        return self._scripted_update(found, example, full.get("status"), said.get("progress"))

    def _scripted_update(self, job: Job, example: Message, status: str | None, progress: float | None) -> Message:
        """Only the members that the example has, as they are for this job."""
        if status in FINAL:
            self.end(job)
        if progress is not None or "progress" in example:
            self.reach(job, 1.0 if progress is None and status in FINAL else progress)
        truth = _running(job) if "progress" in example else {"job_id": job.id}
        return merged(example, {name: value for name, value in truth.items() if name in example and name != "status"})

    def _update(self, payload: Message, now: float) -> None:
        self.shared.publish("automation_run.updated", payload, now)

    def _params(self, kind: str) -> Message:
        facts, chance = self.shared.facts, self.chance
        interval = chance.choice(list(facts.horizons))
        match kind:
            case "backfill":
                return {"instruments": list(facts.instruments), "interval": interval, "days": chance.randint(1, 30)}
            case "retrain_all":
                return {"instruments": list(facts.instruments), "interval": interval}
            case "cleanup":
                return {"older_than_days": chance.choice((7, 30, 90))}
        return {"broker": facts.broker}


def _running(job: Job) -> Message:
    return {
        "job_id": job.id,
        "progress": job.progress,
        "message": KINDS.get(job.kind, OTHER)[0].format(done=job.done, total=job.steps),
        "status": "running",
        "stats": {"done": job.done, "total": job.steps},
    }
