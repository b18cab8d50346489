"""A toy protocol: what stages and scenarios do, without what any real API does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Literal

import pytest

from harness.core.clock import Clock
from harness.core.limits import Rate
from harness.core.message import Frame, Opcode, merged
from harness.core.protocol import Protocol
from harness.core.session import Receive, Request, Send, Session
from harness.core.world import World
from harness.scenario.loading import ScenarioError, parse
from harness.scenario.stage import Stage
from harness.wire.codec import decode, encode

ASYNCAPI = """
asyncapi: 3.0.0
info: {title: Toy, version: 1.0.0}
channels: {toy: {address: /toy}}
operations:
  hear:
    action: receive
    messages:
      - {$ref: '#/components/messages/Ask'}
      - {$ref: '#/components/messages/Fail'}
      - {$ref: '#/components/messages/Several'}
  say:
    action: send
    messages:
      - {$ref: '#/components/messages/Answer'}
      - {$ref: '#/components/messages/AnswerLate'}
      - {$ref: '#/components/messages/Problem'}
components:
  schemas:
    Data:
      type: object
      properties: {text: {type: string}, n: {type: integer}, more: {type: object}}
      if: {required: [n]}
      then: {properties: {unit: {type: string}}}
      else: {properties: {why: {type: string}}}
  messages:
    Ask:
      name: Ask
      payload:
        type: object
        required: [type]
        properties: {type: {const: Ask}, data: {$ref: '#/components/schemas/Data'}}
    Fail:
      name: Fail
      payload: {type: object, properties: {type: {const: Fail}}}
    Answer:
      name: Answer
      payload:
        allOf:
          - {type: object, required: [type], properties: {type: {const: Answer}}}
          - {properties: {data: {$ref: '#/components/schemas/Data'}}}
      examples:
        - {name: one, payload: {type: Answer, data: {text: first, n: 1}}}
        - {name: two, payload: {type: Answer, data: {text: second, n: 2}}}
    Several:
      name: Several
      payload: {type: object, required: [of], properties: {type: {const: Several}, of: {type: array}}}
    AnswerLate:
      name: Answer.late
      payload: {type: object, properties: {type: {const: Answer.late}, data: {$ref: '#/components/schemas/Data'}}}
      examples:
        - {name: one, payload: {type: Answer.late, data: {text: late}}}
    Problem:
      name: Problem
      payload: {type: object, properties: {type: {const: Problem}, text: {type: string}}}
"""


@dataclass(frozen=True, slots=True)
class Facts:
    word: str = "yes"
    size: Literal["small", "large"] = "small"
    counts: Mapping[str, int] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    hint: str | None = None
    extra: object = None
    is_loud: bool = False
    share: float = 0.5
    think_s: float = 0.0
    tick_every_s: float = 1.0

    def __post_init__(self):
        if self.share > 1:
            raise ValueError(f"share: expected at most 1, found {self.share}")


@dataclass(frozen=True, slots=True)
class Rules:
    asks: Rate = Rate(10, 60.0)
    most: int = 3
    idle_s: float = 60.0


class ToyWorld(World[Facts]):
    LIVE = frozenset({"word", "share"})

    def scripted(self, name, variant, changes, now):
        if variant != "two":
            return False
        self.tell("news", merged(self.setting.examples[name][variant], changes), now)
        return True


class ToySession(Session[ToyWorld, Rules]):
    MOVES = {(None, "Ask"): "ask", (None, "Fail"): "fail", (None, "Several"): "several"}

    def opened(self, now):
        self.heard_at = now
        self.listen("news")
        return (Send({"type": "Answer", "data": {"text": "welcome"}}),)

    def ask(self, message, now):
        text = message.get("data", {}).get("text", "")
        return (Send({"type": "Answer", "data": {"text": f"{self.world.facts.word} {text}".strip()}}),)

    def arrived(self, message, now):
        if isinstance(message, dict) and message.get("data", {}).get("text") == "too much":
            return (Send({"type": "Problem", "text": "a limit"}),)
        return None

    def several(self, message, now):
        return [Receive(each) for each in message["of"]]

    def noticed(self, topic, event, now):
        return (Send(event, {"to": self.context.request.query.get("name", "all")}),)

    def fail(self, message, now):
        raise RuntimeError("a bug")

    def refused(self, problem, now):
        return (Send({"type": "Problem", "text": str(problem)}),)

    def scripted(self, name, variant, changes, trigger, now):
        examples = self.context.examples[name]
        return (Send(merged(examples[variant] if variant else next(iter(examples.values())), changes)),)


@pytest.fixture(scope="session")
def toy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy")
    (folder / "asyncapi.yaml").write_text(ASYNCAPI)
    return Protocol("toy", "Toy", ("/toy",), folder, ToyWorld, ToySession, Facts(), Rules())


@pytest.fixture
def scenario(toy):
    """Makes a scenario of the toy protocol from what its file says beneath `scenario` and `protocol`."""

    def make(text=""):
        return parse(f"scenario: A test\nprotocol: toy\n{dedent(text)}", Path("test.yaml"), {"toy": toy})

    return make


@pytest.fixture
def mistakes(scenario):
    """All mistakes of a scenario of the toy protocol. Its text begins in line 3."""

    def read(text):
        with pytest.raises(ScenarioError) as caught:
            scenario(text)
        return list(caught.value.errors)

    return read


class Client:
    """A client in memory. What it got: messages, raw text of what is none, close codes, and `cut`, with their times."""

    def __init__(self, stage, now=0.0):
        self.stage = stage
        self.now = now
        self.log = []
        self.link = stage.connect(Request("/toy"), self, now)

    def send(self, frame):
        if frame.opcode is Opcode.CLOSE:
            self._note(frame.code)
        elif frame.opcode is Opcode.TEXT:
            message = decode(frame)
            self._note(message if isinstance(message, dict) else frame.data.decode())
        else:
            self._note(frame.opcode.name)

    def hang_up(self):
        self._note("cut")

    def _note(self, what):
        self.log.append((round(self.stage.played_s, 6), what))

    def say(self, message, now=0.0):
        self.stage.until(now)
        self.link.receive(Frame(Opcode.TEXT, encode(message)), now)

    def until(self, now):
        """Let time pass."""
        self.stage.until(now)

    def got(self):
        return [what for _, what in self.log]

    def texts(self):
        """The texts of the answers."""
        return [what["data"]["text"] if isinstance(what, dict) else what for what in self.got()]

    def moments(self):
        return [moment for moment, _ in self.log]


class PlayedStage(Stage):
    """A stage that knows how far it was played, so that its clients can note when they got what."""

    played_s = 0.0

    def until(self, now):
        while (due := self.next_due()) is not None and due <= now:
            self.played_s = due
            self.advance(due)
        self.played_s = now


@pytest.fixture
def play(scenario):
    """A stage that plays what a scenario file says, and one client on it."""

    def begin(text="", seed=None):
        stage = PlayedStage(scenario(text), Clock(), seed)
        return stage, Client(stage)

    return begin


@pytest.fixture
def another():
    """Connects another client to a stage."""
    return Client


@pytest.fixture
def staged():
    """Plays any scenario."""
    return lambda scenario, seed=None: PlayedStage(scenario, Clock(), seed)
