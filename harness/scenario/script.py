"""The script of a scenario, on one connection: when a message comes, what is answered in place of the protocol."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from harness.core.message import Message, leaves
from harness.core.session import Close, Effect, Effects, HangUp, SendRaw, Session
from harness.scenario.scenario import OPEN, Action, Step
from harness.wire.codec import encode


class Script:
    """The steps of a scenario that wait for something, followed on one connection. The first that fits is taken."""

    def __init__(self, steps: Sequence[Step], session: Session[Any, Any]) -> None:
        self._steps = [step for step in steps if step.when is not None]
        self._session = session
        self._used: Counter[int] = Counter()  # By index of the step.

    def opened(self, now: float) -> Effects:
        """What is said as soon as the connection stands."""
        own = list(self._session.opened(now))  # Always asked for, since it starts the session's timers.
        step = self._step({"type": OPEN})
        if step is None:
            return own
        return [*(own if step.own_answer else ()), *self.play(step.actions, None, now)]

    def answer(self, message: Message, now: float) -> Effects:
        """The effects of the step for this message; the session's own where no step speaks of it."""
        step = self._step(message)
        if step is None:
            return self._session.received(message, now)
        if step.own_answer:
            return [*self._session.received(message, now), *self.play(step.actions, message, now)]
        self._session.heard_at = now  # The session does not see the message, but the client is alive.
        return self.play(step.actions, message, now)

    def play(self, actions: Iterable[Action], trigger: Message | None, now: float) -> Effects:
        """The effects of the actions that happen at once; the others are left to the session's agenda."""
        at_once: list[Effect] = []
        delay_s = 0.0
        for action in actions:
            delay_s += action.after_s
            effects = partial(self._effects, action, trigger)
            if delay_s > 0:
                self._session.after(delay_s, now, effects)
            else:
                at_once.extend(effects(now))
        return at_once

    def _effects(self, action: Action, trigger: Message | None, now: float) -> Effects:
        if action.send is not None:
            return self._session.scripted(*action.send, action.changes, trigger, now)
        if action.world is not None:
            self._session.world.change(action.world, now)
            return ()
        if action.raw is not None:
            return (SendRaw(action.raw.encode()),)
        return (HangUp(),) if action.close is None else (Close(*action.close),)

    def _step(self, message: Message) -> Step | None:
        for index, step in enumerate(self._steps):
            is_left = step.times is None or self._used[index] < step.times
            if is_left and step.when == message["type"] and _fits(step, message):
                self._used[index] += 1
                return step
        return None


def _fits(step: Step, message: Message) -> bool:
    """Whether each pattern of the step is found in its field: in text as it is, in other values as JSON."""
    values = dict(leaves(message))
    return all(path in values and pattern.search(_text(values[path])) for path, pattern in step.where.items())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else encode(value).decode()
