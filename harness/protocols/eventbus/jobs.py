"""Jobs that begin from time to time, move step by step, and end once: what automation and training have in common."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import partial

from harness.core.message import Message
from harness.protocols.eventbus.rules import Fates
from harness.protocols.eventbus.shared import BEGINS_S, Ids, Shared

MOST_AT_ONCE = 4
ILL_SHARE = 0.3  # Of the jobs, where fates are mixed.
PLACES = 4  # Of progress.


@dataclass
class Job:
    """A job of so many steps, of which so many are done. An ill one fails after `fails_after` of them, if it may."""

    id: str
    kind: str
    steps: int
    ill: bool
    fails_after: int
    done: int = 0
    details: Message = field(default_factory=dict)

    @property
    def progress(self) -> float:
        """From 0 to 1."""
        return round(self.done / self.steps, PLACES)


class Jobs(ABC):
    """The base of automation and training, which say what jobs are and how they are told of.

    `step_s` and `every_s` (times between steps and between beginnings, on average) are at pace 1.
    """

    prefix: str
    every_s: float
    step_s: float

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.chance: random.Random = shared.chance(self.prefix)
        self.running: dict[str, Job] = {}
        self.begun = self.ended = 0
        self.ids: Ids[str] = Ids(lambda number: f"{self.prefix}-{number}")
        shared.agenda.at(BEGINS_S, self._begin_next)

    # What a kind of jobs says of itself ---------------------------------------------------------

    @abstractmethod
    def fates(self) -> Fates:
        """How jobs end, by the facts as they are now."""

    @abstractmethod
    def new(self, id_: str) -> Job:
        """A job, drawn from chance."""

    @abstractmethod
    def tell_started(self, job: Job, now: float) -> None:
        """Publish that the job has begun."""

    def advance(self, job: Job) -> None:
        """Do one step more, and whatever comes with it."""
        job.done += 1

    @abstractmethod
    def tell_progress(self, job: Job, now: float) -> None:
        """Publish how far the job is."""

    @abstractmethod
    def tell_success(self, job: Job, now: float) -> None:
        """Publish the job's good end."""

    @abstractmethod
    def tell_failure(self, job: Job, now: float) -> None:
        """Publish the job's bad end."""

    @abstractmethod
    def scripted(self, kind: str, example: Message, said: Message, now: float) -> Message:
        """The payload of a scripted event: the example made true, and the job as it leaves it."""

    # The life of a job --------------------------------------------------------------------------

    def begin(self, job: Job, now: float) -> None:
        """Let a job run. Its first step is soon."""
        if job.id in self.running:  # Only a script takes an id again.
            self.end(self.running[job.id])
        self.running[job.id] = job
        self.begun += 1
        self._await_step(job, now)

    def end(self, job: Job) -> None:
        """Nothing follows of this job."""
        del self.running[job.id]
        self.ended += 1

    def draws_ill(self) -> bool:
        """Whether a new job is ill."""
        return self.chance.random() < ILL_SHARE

    def reach(self, job: Job, progress: float | None) -> None:
        """Advance to a progress that a script says, or else by one step; never back, and never beyond the end."""
        # A progress of four places may be a little less than the steps it stands for.
        wanted = job.done + 1 if progress is None else int(progress * job.steps + 0.01)
        while job.done < min(wanted, job.steps):
            self.advance(job)

    def spoken_of(self, said: Message) -> Job | None:
        """The running job that a script names, or else the newest; None where there is none."""
        return self.running.get(said["job_id"]) if "job_id" in said else next(reversed(self.running.values()), None)

    def check_books(self) -> list[str]:
        """What does not add up, in words."""
        faults = [
            f"job {id_}: {job.done} of {job.steps} steps" for id_, job in self.running.items() if job.done > job.steps
        ]
        if self.begun != self.ended + len(self.running):
            faults.append(f"{self.prefix}: {self.begun} begun, {self.ended} ended, {len(self.running)} running")
        return faults

    def _begin_next(self, now: float) -> None:
        self.shared.later(self.every_s * self.chance.uniform(0.5, 1.5), now, self._begin_next)
        if self.fates() != "paused" and len(self.running) < MOST_AT_ONCE:
            job = self.new(self.ids.new())
            self.tell_started(job, now)
            self.begin(job, now)

    def _await_step(self, job: Job, now: float) -> None:
        self.shared.later(self.step_s * self.chance.uniform(0.5, 1.5), now, partial(self._step, job))

    def _step(self, job: Job, now: float) -> None:
        if self.running.get(job.id) is not job:  # A script has ended it.
            return
        fates = self.fates()
        is_ill = fates == "failing" or (fates == "mixed" and job.ill)
        if fates == "paused":
            self._await_step(job, now)
        elif is_ill and job.done >= job.fails_after:
            self.end(job)
            self.tell_failure(job, now)
        elif job.done == job.steps:
            self.end(job)
            self.tell_success(job, now)
        else:
            self.advance(job)
            self.tell_progress(job, now)
            self._await_step(job, now)
