"""What a scenario's script makes a session say: examples made true, which answer the message that set them off."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.core.message import Message, merged
from harness.protocols.megabot.credentials import Identity

if TYPE_CHECKING:
    from harness.protocols.megabot.session import MegabotSession

THREADS_KEPT = 100  # Of one connection.


@dataclass(slots=True)
class Thread:
    """What a script has said so far about one message of the client (or about none): a stream, a task."""

    trigger: Message | None = None
    stream_id: str = ""
    pieces: list[str] = field(default_factory=list)
    is_complete: bool = False
    task_id: str = ""


def message(
    session: MegabotSession, name: str, variant: str | None, changes: Message, trigger: Message | None, now: float
) -> Message:
    """The example in a fresh envelope, made true where the world knows better, with `changes`."""
    examples = session.context.examples[name]
    example = examples[variant or next(iter(examples))]["payload"]
    thread = _thread(session, trigger)
    payload = {**example, **_truth(session, name, thread, now)}
    result = merged(session.world.message(name, payload, now, _metadata(name, thread)), changes)
    if name == "chat_stream":
        thread.pieces.append(result["payload"]["chunk"])
        thread.is_complete = result["payload"]["is_complete"]
    return result


def _thread(session: MegabotSession, trigger: Message | None) -> Thread:
    """What was said about this very message; a new one if nothing was."""
    for thread in session.threads:
        if thread.trigger is trigger:
            return thread
    session.threads.append(Thread(trigger))
    return session.threads[-1]


def _truth(session: MegabotSession, name: str, thread: Thread, now: float) -> dict[str, Any]:
    """The members of the payload that the example cannot know."""
    asked = thread.trigger["payload"] if thread.trigger else {}
    match name:
        case "connection_established":
            if session.kept is None:
                session.admit(Identity(), now)  # A script that greets a client admits it, whatever its credentials.
            return session.greeting()
        case "chat_stream":
            if not thread.stream_id or thread.is_complete:
                thread.stream_id, thread.pieces = session.world.number("stream"), []
            return {"sequence": len(thread.pieces) + 1}
        case "chat_receive":
            whole = {"content": "".join(thread.pieces)} if any(thread.pieces) else {}
            return {"timestamp": session.world.epoch_s(now), **whole}
        case "status_update":
            thread.task_id = thread.task_id or session.world.number("task")
            return {"task_id": thread.task_id}
        case "tool_result":
            return {"execution_id": asked["execution_id"]} if "execution_id" in asked else {}
        case "collaborative_action":
            return {"session_id": asked.get("session_id") or _workspace(session)}
    return {}


def _workspace(session: MegabotSession) -> str:
    """The workspace that the session has joined last, or its own; the sample's when there is no session."""
    if session.kept is None:
        return "sess_456"
    return next(reversed(session.kept.joined), session.kept.id)


def _metadata(name: str, thread: Thread) -> Message:
    """Which stream this belongs to, and which message it answers."""
    metadata: Message = {}
    if thread.stream_id and name in ("chat_stream", "chat_receive"):
        metadata["stream_id"] = thread.stream_id
    if thread.trigger is not None and name != "collaborative_action":
        metadata["in_reply_to"] = thread.trigger["id"]
    return metadata
