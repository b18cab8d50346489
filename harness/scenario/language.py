"""The scenario language of one protocol: the grammar of its files, and what they say as values."""

from __future__ import annotations

import dataclasses
import json
import re
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.core.conversation import Sender
from harness.core.limits import Rate
from harness.core.message import is_close_code, merged
from harness.core.protocol import Protocol
from harness.scenario import values
from harness.scenario.grammar import (
    SPAN,
    Case,
    Key,
    ListOf,
    MapOf,
    Notes,
    Plain,
    Record,
    Rule,
    Schema,
    Text,
    Types,
    Word,
    fields_from,
    shown,
)
from harness.scenario.misbehave import Misbehaviour
from harness.scenario.network import Fault
from harness.scenario.paths import lost, paths
from harness.scenario.scenario import OPEN, Action, Step
from harness.scenario.values import After, Bandwidth, Chance, Changes, FieldPath, ServerMessage
from harness.wire.codec import encode
from harness.wire.schemas import Shapes, shapes
from harness.wire.yaml import Place

MAX_REASON_BYTES = 123  # RFC 6455, 5.5: a control frame holds 125 bytes, and two are the code.
Made = Callable[[dict[str, Any], Place, Notes], Any]


class Language:
    """The rules for the files of one protocol. `root` reads a whole file; `definitions` are parts of its schema."""

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self.definitions: dict[str, Schema] = {}
        self._shapes = shapes(protocol.folder)
        self._types = Types({Rate: Text(values.RATE, "a rate such as 3 per 10s", values.rate)})
        self._sent = self._named("message", MessageName(self._shapes))
        self._changes = self._named("changes", Paths(self._shapes, "server", JsonValue()))
        self._live = self._changeable(protocol.facts, protocol.world.LIVE)
        self.root = Record(
            "a scenario",
            {
                "scenario": Key(Plain("string", "The title: what happens."), required=True),
                "protocol": Key(Word("the protocol", [protocol.name]), required=True),
                "seed": Key(Plain("integer", "The same seed gives the same conversation, byte for byte.")),
                "speed": Key(Plain("number", "How many times faster than real time.", above=0)),
                "world": Key(self._settings("world", protocol.facts)),
                "limits": Key(self._settings("limits", protocol.rules)),
                "steps": Key(ListOf(self._step(), "What happens when, in place of the protocol's own behaviour.")),
                "network": Key(ListOf(self._kinds("a fault of the network", Fault), "What a bad link does.")),
                "misbehave": Key(ListOf(self._kinds("a misbehaviour", Misbehaviour), "What only a buggy server does.")),
            },
        )

    def _named(self, name: str, rule: Any) -> Any:
        self.definitions[f"{self.protocol.name}.{name}"] = rule.schema
        rule.schema = {"$ref": f"#/definitions/{self.protocol.name}.{name}"}
        return rule

    # World and limits ---------------------------------------------------------------------------

    def _settings(self, what: str, defaults: Any) -> Record:
        """Keys for the fields of a dataclass; those that a file does not name keep the protocol's own value."""
        kind = type(defaults)

        def make(given: dict[str, Any], place: Place, notes: Notes) -> Any:
            return _replaced(defaults, fields_from(given, kind), place, notes)

        return Record(what, {name: Key(key.rule) for name, key in self._types.keys(kind).items()}, make)

    def _changeable(self, defaults: Any, live: frozenset[str]) -> Record:
        """Keys for the facts that may change while the scenario is played; a file's other facts hold beside them."""
        kind = type(defaults)

        def make(given: dict[str, Any], place: Place, notes: Notes) -> Any:
            changes = fields_from(given, kind)
            return changes if _replaced(defaults, changes, place, notes) is not None else None

        names = {values.key_of(name) for name in live}
        keys = {name: Key(key.rule) for name, key in self._types.keys(kind).items() if name in names}
        return Record("the facts that may change", keys, make)

    # Steps --------------------------------------------------------------------------------------

    def _step(self) -> Case:
        triggers = [OPEN, *self._shapes.names("client")]
        actions = ListOf(
            self._named("action", self._action("an action", {"after": Key(SPAN)}, _action, text=Bare(self._sent)))
        )
        when = {
            "when": Key(Word("a message of the client, or open", triggers), required=True),
            "where": Key(Paths(self._shapes, "client", Pattern())),
            "times": Key(Plain("integer", "How often on one connection; then the step is over.", above=0)),
            "reply": Key(actions),
            "also": Key(actions),
        }
        at = self._action("a step", {"at": Key(SPAN, required=True)}, _timed_step)
        return Case("a step", {"when": Record("a step", when, self._when_step), **at.records})

    def _action(self, what: str, time: Mapping[str, Key], made: Made, text: Rule | None = None) -> Case:
        keys = {
            "send": {"send": Key(self._sent, required=True), "with": Key(self._changes)},
            "close": {"close": Key(_close(), required=True)},
            "hang_up": {"hang_up": Key(Word("how to hang up", ["abruptly"]), required=True)},
            "raw": {"raw": Key(Plain("string", "Text that is sent as it is."), required=True)},
        }
        if self._live.keys:
            keys["world"] = {"world": Key(self._live, required=True)}

        def make(given: dict[str, Any], place: Place, notes: Notes) -> Any:
            self._check_sent(given, place, notes)
            return made(given, place, notes)

        return Case(what, {name: Record(what, {**time, **each}, make) for name, each in keys.items()}, text)

    def _when_step(self, given: dict[str, Any], place: Place, notes: Notes) -> Any:
        when, where = given["when"], given.get("where", {})
        if ("reply" in given) == ("also" in given):
            found = "both" if "reply" in given else "neither"
            notes.say(place, "either reply (in place of the protocol's own answer) or also (beside it)", found)
        if when == OPEN and where:
            notes.say((*place, "where"), "no where, since no message opens a connection", ", ".join(where))
        elif when != OPEN:
            self._check_paths("client", when, where, (*place, "where"), notes)
        actions = given.get("reply", ()) or given.get("also", ())
        return Step(when=when, where=where, times=given.get("times"), own_answer="also" in given, actions=actions)

    def _check_sent(self, given: Mapping[str, Any], place: Place, notes: Notes) -> None:
        """Whether what a `send` makes of its example is still a message that the protocol knows."""
        if "send" not in given:
            return
        changes = given.get("with", {})
        name, variant = given["send"]
        before = len(notes.lines)
        self._check_paths("server", name, changes, (*place, "with"), notes)
        examples = self._shapes.examples[name]
        example = examples.get(variant) or next(iter(examples.values()), None)
        if example is None or len(notes.lines) > before:
            return
        problem = self._shapes.problem(merged(example, changes), "server")
        if problem is not None:
            notes.say((*place, "with", problem.where), problem.expected, problem.found)

    def _check_paths(self, sender: Sender, name: str, given: Mapping[str, Any], place: Place, notes: Notes) -> None:
        for path in given:
            end = lost(path, self._shapes.payloads(sender, name), self._shapes.document)
            if end is not None:
                what = f"a field of {name}{'.' if end.parent else ''}{end.parent}"
                notes.unknown((*place, path), what, end.name, end.known)

    # Network and misbehaviour -------------------------------------------------------------------

    def _kinds(self, what: str, base: type[Any]) -> Case:
        """One record for each class that extends `base`, known by the name of its first field."""
        types = Types(
            {
                After: Text(values.AFTER, "a number of messages or a time, such as 12 messages or 20s", values.after),
                Bandwidth: Text(values.BANDWIDTH, "a bandwidth such as 2000 bytes per 1s", values.bandwidth),
                Chance: Text(values.PERCENTAGE, "a percentage such as 5%", values.share),
                ServerMessage: Word("a message of the server", self._shapes.names("server")),
                FieldPath: Plain("string", "The dotted path of a field."),
                Changes: self._changes,
            }
        )
        return Case(
            what,
            {
                values.first_key(kind): Record(what, types.keys(kind), self._made(kind))
                for kind in base.__subclasses__()
            },
        )

    def _made(self, kind: type[Any]) -> Made:
        hints = typing.get_type_hints(kind)

        def make(given: dict[str, Any], place: Place, notes: Notes) -> Any:
            result = kind(**fields_from(given, kind))
            for each in dataclasses.fields(kind):
                value, here = getattr(result, each.name), (*place, values.key_of(each.name))
                if hints[each.name] is Changes:
                    self._check_paths("server", given[values.first_key(kind)], value, here, notes)
                elif hints[each.name] is FieldPath:
                    self._check_paths("server", given[values.first_key(kind)], {value: None}, here, notes)
            return result

        return make


@dataclass
class MessageName:
    """A message of the server, as "Type" or "Type.example"."""

    shapes: Shapes

    def __post_init__(self) -> None:
        examples = self.shapes.examples
        self.schema: Schema = {
            "enum": [word for name in examples for word in (name, *(f"{name}.{each}" for each in examples[name]))],
            "description": "A message, as Type or Type.example.",
        }

    def read(self, value: Any, place: Place, notes: Notes) -> Any:
        """The message type, and the name of its example or None."""
        if not isinstance(value, str):
            return notes.say(place, "a message, as Type or Type.example", shown(value))
        name, variant = self._parts(value)
        if name not in self.shapes.examples:
            return notes.unknown(place, "a message of the server", name, self.shapes.examples)
        if variant is not None and variant not in self.shapes.examples[name]:
            return notes.unknown(place, f"an example of {name}", variant, self.shapes.examples[name])
        return name, variant

    def _parts(self, value: str) -> tuple[str, str | None]:
        """Type and example. A type may have dots itself: the longest one that is known counts."""
        names = [name for name in self.shapes.examples if f"{value}.".startswith(f"{name}.")]
        if not names:
            # Compared with types of as many parts, so that both `hft.exits` and `answer.one` get the right suggestion.
            dots = min((name.count(".") for name in self.shapes.examples), default=0)
            return ".".join(value.split(".")[: dots + 1]), None
        name = max(names, key=len)
        return name, value[len(name) + 1 :] if len(value) > len(name) else None


@dataclass
class Bare:
    """An action that is written as its message alone."""

    sent: Rule

    def __post_init__(self) -> None:
        self.schema = self.sent.schema

    def read(self, value: Any, place: Place, notes: Notes) -> Action:
        """The action that sends the message at once."""
        return Action(send=self.sent.read(value, place, notes))


class Paths(MapOf):
    """A mapping from the dotted paths of messages to values of one kind; editors complete the paths."""

    def __init__(self, shapes: Shapes, sender: Sender, rule: Rule) -> None:
        super().__init__(rule, "Dotted paths of fields of the message.")
        schemas = [each for name in shapes.names(sender) for each in shapes.payloads(sender, name)]
        known = dict.fromkeys(sorted(paths(schemas, shapes.document)), rule.schema)
        self.schema = {**self.schema, "properties": known}


class Pattern:
    """A regular expression to be found in a field's text; another value than text must be equal."""

    schema: Schema = {"type": ["string", "number", "boolean"], "description": "A regular expression, or the value."}

    def read(self, value: Any, place: Place, notes: Notes) -> Any:
        """The compiled pattern."""
        if isinstance(value, list | dict) or value is None:
            return notes.say(place, "a regular expression, a number, true or false", shown(value))
        try:
            return re.compile(value if isinstance(value, str) else f"^{re.escape(json.dumps(value))}$")
        except re.error as error:
            return notes.say(place, "a regular expression", f"{shown(value)}, which is none: {error}")


class JsonValue:
    """Any value that a message can hold: YAML can say more than JSON."""

    schema: Schema = {}

    def read(self, value: Any, place: Place, notes: Notes) -> Any:
        """The value itself."""
        try:
            json.dumps(value, allow_nan=False)
            encode({"value": value})
        except (TypeError, ValueError) as error:
            notes.say(place, "a value that JSON can say", f"{shown(value)}, which it cannot: {error}")
        return value


class CloseCode:
    """A code that a server may put into a close frame (RFC 6455, 7.4.1; 1012 to 1014 by the registry of IANA)."""

    schema: Schema = {
        "description": "A close code that may be sent.",
        "type": "integer",
        "anyOf": [
            {"enum": [code for code in range(1000, 3000) if is_close_code(code)]},
            {"minimum": 3000, "maximum": 4999},
        ],
    }

    def read(self, value: Any, place: Place, notes: Notes) -> Any:
        """The code."""
        if isinstance(value, int) and not isinstance(value, bool) and is_close_code(value):
            return value
        hint = (
            "Nobody sends that code; for a cut without a close frame, use {hang_up: abruptly}." if value == 1006 else ""
        )
        return notes.say(
            place, "a close code that may be sent: 1000 to 1003, 1007 to 1014, 3000 to 4999", shown(value), hint
        )


def _replaced(defaults: Any, changes: dict[str, Any], place: Place, notes: Notes) -> Any:
    """The dataclass with these changes; None, with a note, when they go against its own demands."""
    try:
        return replace(defaults, **changes)
    except ValueError as error:  # "field: expected ..., found ..."
        name, _, text = str(error).partition(": ")
        first, *rest = name.split(".")
        return notes.quote((*place, values.key_of(first), *rest), text)


def _close() -> Record:
    def make(given: dict[str, Any], place: Place, notes: Notes) -> tuple[int, str]:
        reason = given.get("reason", "")
        size = len(reason.encode())
        if size > MAX_REASON_BYTES:
            notes.say((*place, "reason"), f"at most {MAX_REASON_BYTES} bytes", f"{size}")
        return given["code"], reason

    keys = {"code": Key(CloseCode(), required=True), "reason": Key(Plain("string", "Text of at most 123 bytes."))}
    return Record("a close", keys, make)


def _action(given: dict[str, Any], place: Place, notes: Notes) -> Action:
    return Action(
        after_s=given.get("after", 0.0),
        send=given.get("send"),
        changes=given.get("with", {}),
        raw=given.get("raw"),
        world=given.get("world"),
        close=given.get("close"),
        hang_up="hang_up" in given,
    )


def _timed_step(given: dict[str, Any], place: Place, notes: Notes) -> Step:
    return Step(at_s=given["at"], actions=(_action(given, place, notes),))
