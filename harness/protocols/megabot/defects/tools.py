"""Broken servers, in tools, status updates and notifications."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

from harness.core.defect import in_session, on_message
from harness.core.edits import lacking, wrong
from harness.core.message import Message, merged
from harness.core.session import Effects, Session
from harness.protocols.megabot import tools
from harness.protocols.megabot.defects.edits import copied
from harness.protocols.megabot.session import MegabotSession, Task

RESULT, UPDATE, NEWS = "tool_result", "status_update", "notification"


class Idle(MegabotSession):
    """Does not run some calls."""

    @abstractmethod
    def runs(self, message: Message) -> bool:
        """Whether it runs this one."""

    def tool_call(self, message: Message, now: float) -> Effects:
        return super().tool_call(message, now) if self.runs(message) else ()


@in_session("MEG-TOOL-01", also=("MEG-TOOL-08", "MEG-TOOL-11", "MEG-BATCH-01", "MEG-BATCH-02"))
class RunsNothing(Idle):
    """Runs no tools."""

    def runs(self, message: Message) -> bool:
        return False


@on_message("MEG-TOOL-02", RESULT, also=("MEG-TOOL-01", "MEG-TOOL-08", "MEG-TOOL-11", "MEG-BATCH-01", "MEG-BATCH-02"))
def ids_of_its_own(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives each result an execution_id of its own."""
    return merged(message, {"payload.execution_id": message["id"]})


no_status = lacking("no-status", "MEG-TOOL-03", RESULT, "payload.status")
no_result = lacking("no-result", "MEG-TOOL-04", RESULT, "payload.result")
lines_of_output = wrong("lines-of-output", "MEG-TOOL-05", RESULT, "payload.output", str.splitlines)


@on_message("MEG-TOOL-06", RESULT)
def results_twice(message: Message, session: Session[Any, Any], now: float) -> Iterable[Message]:
    """Sends each result twice."""
    return message, copied(message, session)


@on_message("MEG-TOOL-07", RESULT)
def counts_in_words(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Counts what has passed in words."""
    result = message["payload"]["result"]
    return merged(message, {"payload.result.passed": "all"}) if "passed" in result else message


@in_session("MEG-TOOL-08", also=("MEG-BATCH-01",))
class OneToolAtATime(Idle):
    """Forgets a call that comes while another runs."""

    running = 0

    def runs(self, message: Message) -> bool:
        self.running += 1
        return self.running == 1

    def result(self, run: tools.Run, message: Message, now: float) -> Effects:
        self.running = 0
        return super().result(run, message, now)


@on_message("MEG-TOOL-09", RESULT)
def completes_anything(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Says of every call that it is completed."""
    return merged(message, {"payload.status": "completed"})


@in_session("MEG-TOOL-10")
class TellsEveryonesResults(MegabotSession):
    """Sends a result to the other users of a team as well."""

    def result(self, run: tools.Run, message: Message, now: float) -> Effects:
        effects = list(super().result(run, message, now))
        team = self.own.user_id.rpartition("-")[0]
        for session in list(self.world.sessions.by_id.values()):
            if team and session is not self.own and session.user_id.startswith(team):
                for other in session.connections:
                    effects_there = (effects[0],)
                    other.perform(lambda then, sent=effects_there: sent, now)  # type: ignore[attr-defined]
        return effects


@in_session("MEG-TOOL-11", also=("MEG-BATCH-02",))
class BusyWithTools(MegabotSession):
    """Does not hear a chat while a tool runs."""

    running = 0

    def tool_call(self, message: Message, now: float) -> Effects:
        self.running += 1
        return super().tool_call(message, now)

    def result(self, run: tools.Run, message: Message, now: float) -> Effects:
        self.running -= 1
        return super().result(run, message, now)

    def chat_send(self, message: Message, now: float) -> Effects:
        return () if self.running else super().chat_send(message, now)


numbers_for_status = wrong("numbers-for-status", "MEG-STAT-01", UPDATE, "payload.status", lambda v: 102)
per_cent = wrong("per-cent", "MEG-STAT-02", UPDATE, "payload.progress", lambda v: v * 100)
no_message = lacking("updates-without-words", "MEG-STAT-03", UPDATE, "payload.message")
no_task = lacking("updates-of-no-task", "MEG-STAT-04", UPDATE, "payload.task_id", also=("MEG-STAT-05", "MEG-STAT-06"))
counts_down = wrong("counts-down", "MEG-STAT-05", UPDATE, "payload.progress", lambda v: 1 - v)


@in_session("MEG-STAT-06")
class GoesOnAfterTheEnd(MegabotSession):
    """Tells of more work when a task has ended."""

    def work(self, task: Task, number: int, now: float) -> Effects:
        effects = super().work(task, number, now)
        if number < len(task.steps):
            return effects
        return (*effects, self.update(task, "processing", tools.Step(1.0, "Once more..."), now))


numbers_for_types = wrong("numbers-for-types", "MEG-NOTE-01", NEWS, "payload.type", lambda v: 1)
no_title = lacking("news-without-title", "MEG-NOTE-02", NEWS, "payload.title")
no_words = lacking("news-without-words", "MEG-NOTE-03", NEWS, "payload.message")
urls_in_parts = wrong("urls-in-parts", "MEG-NOTE-04", NEWS, "payload.action_url", lambda v: v.split("/"))
words_for_truth = wrong("words-for-truth", "MEG-NOTE-05", NEWS, "payload.dismissible", str)
