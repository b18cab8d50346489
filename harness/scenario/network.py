"""The line between a link and its transport, with the faults of a bad network on it: one fault, one class.

TCP neither loses nor repeats nor swaps what it carries. So a fault delays frames, or breaks the line.
"""

from __future__ import annotations

import itertools
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Literal, Protocol

from harness.core.clock import Agenda
from harness.core.message import Frame, Opcode
from harness.scenario.values import After, Bandwidth

# A frame that would arrive at this moment: when it arrives with the fault.
Delay = Callable[[Frame, float], float]


class Transport(Protocol):
    """Where a link's frames go: a socket, or memory. It never blocks."""

    def send(self, frame: Frame) -> None:
        """Put one frame on the wire. After CLOSE none follows."""

    def hang_up(self) -> None:
        """Cut the connection without a closing handshake."""


class Fault(ABC):
    """What is wrong with a network. In a scenario file, a fault is known by the name of its first field."""

    @abstractmethod
    def begin(self, line: Line, now: float) -> Delay:
        """Take effect on a line that is new at `now`."""


@dataclass(frozen=True, slots=True)
class Latency(Fault):
    """Each frame comes `latency_s` later, and up to `jitter_s` more, but never before the one ahead of it."""

    latency_s: float
    jitter_s: float = 0.0

    def begin(self, line: Line, now: float) -> Delay:
        """Draw a delay for each frame."""
        return lambda frame, due: due + self.latency_s + self.jitter_s * line.chance.random()


@dataclass(frozen=True, slots=True)
class Stall(Fault):
    """Once in `every_s`, nothing comes through for `stall_s`; then all that waited comes at once."""

    stall_s: float
    every_s: float

    def begin(self, line: Line, now: float) -> Delay:
        """Hold what would arrive during a stall. The first one begins `every_s` after the opening."""

        def delay(frame: Frame, due: float) -> float:
            periods, into_s = divmod(due - now, self.every_s)
            return due + self.stall_s - into_s if periods >= 1 and into_s < self.stall_s else due

        return delay


@dataclass(frozen=True, slots=True)
class Narrow(Fault):
    """Frames pass one after the other, each as slowly as its bytes take."""

    bandwidth: Bandwidth

    def begin(self, line: Line, now: float) -> Delay:
        """Let each frame wait until the line is free."""
        free_at = now

        def delay(frame: Frame, due: float) -> float:
            nonlocal free_at
            free_at = max(free_at, due) + len(frame.data) * self.bandwidth.window_s / self.bandwidth.count
            return free_at

        return delay


@dataclass(frozen=True, slots=True)
class Break(Fault):
    """The line is cut without a close frame: a browser reports 1006, which nobody ever sends (RFC 6455, 7.1.5)."""

    hang_up: Literal["abruptly"]
    after: After

    def begin(self, line: Line, now: float) -> Delay:
        """Cut at the time, or behind the message that was the last."""
        if self.after.time_s is not None:
            line.agenda.at(now + self.after.time_s, line.cut)
        count = itertools.count(1)

        def delay(frame: Frame, due: float) -> float:
            if frame.opcode in (Opcode.TEXT, Opcode.BINARY) and next(count) == self.after.messages:
                line.is_last = True
            return due

        return delay


class Line:
    """Carries frames to a transport, in order, as late as the faults say."""

    def __init__(
        self,
        faults: Sequence[Fault],
        agenda: Agenda,
        new_chance: Callable[[], random.Random],
        transport: Transport,
        now: float,
    ) -> None:
        self.agenda = agenda
        self._new_chance = new_chance
        self.is_last = False  # Whether the line breaks behind the frame that it carries now.
        self._transport = transport
        self._is_cut = False
        self._arrived_at = now  # When the newest frame under way arrives.
        self._delays = [fault.begin(self, now) for fault in faults]

    @cached_property
    def chance(self) -> random.Random:
        """The line's own random numbers; made when the first is wanted, since few lines have such a fault."""
        return self._new_chance()

    def carry(self, frame: Frame, now: float) -> None:
        """Bring one frame to the other end; the line has a fault."""
        due = now
        for delay in self._delays:
            due = delay(frame, due)
        self._arrived_at = max(self._arrived_at, due)
        self.agenda.at(self._arrived_at, partial(self._arrive, frame))
        if self.is_last:
            self.is_last = False
            self.agenda.at(self._arrived_at, self.cut)

    def hang_up(self, now: float) -> None:
        """Cut the line, once what is under way has arrived."""
        if self._delays:
            self.agenda.at(max(self._arrived_at, now), self.cut)
        else:
            self.cut(now)

    def cut(self, now: float) -> None:
        """Cut the line at once; what is under way is lost."""
        if not self._is_cut:
            self._is_cut = True
            self._transport.hang_up()

    def _arrive(self, frame: Frame, now: float) -> None:
        if not self._is_cut:
            self._transport.send(frame)
