"""The shapes of a protocol: its AsyncAPI 3 document, compiled.

jsonschema-rs says quickly whether a message is good; jsonschema then explains a refusal in words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any, cast

import jsonschema
import jsonschema_rs
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from harness.core.conversation import Sender
from harness.core.message import Message, Problem
from harness.wire import yaml
from harness.wire.codec import kind_of

_BASE = "urn:asyncapi"


class Shapes:
    """All message shapes of one protocol, by who sends them and by the word in `type`.

    In the document, an operation with action `receive` lists what the client sends, one with action `send`
    what the server sends; a message's `name` is its `type` on the wire; its examples have names.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._registry: Registry[Any] = Registry().with_resource(_BASE, DRAFT202012.create_resource(document))
        self._refs: dict[Sender, dict[str, list[str]]] = {"client": {}, "server": {}}
        for sender, key, message in self._messages():
            self._refs[sender].setdefault(message["name"], []).append(f"{_BASE}#/components/messages/{key}/payload")
        self._fast = {s: {n: self._compile(refs) for n, refs in names.items()} for s, names in self._refs.items()}

    def names(self, sender: Sender) -> list[str]:
        """The message types that `sender` may send, in the document's order."""
        return list(self._refs[sender])

    @cached_property
    def examples(self) -> Mapping[str, Mapping[str, Message]]:
        """Sample messages of the server: type -> name of the example -> message."""
        return self._examples("server")

    @cached_property
    def client_examples(self) -> Mapping[str, Mapping[str, Message]]:
        """Sample messages of the client, likewise."""
        return self._examples("client")

    def problem(self, message: Message, sender: Sender) -> Problem | None:
        """Why `sender` may not send this message; None when it may."""
        name = message.get("type")
        validator = self._fast[sender].get(name) if isinstance(name, str) else None
        if validator is not None and validator.is_valid(message):
            return None
        return self._explain(message, sender)

    def is_valid(self, message: Message, sender: Sender) -> bool:
        """Whether `sender` may send this message."""
        return self.problem(message, sender) is None

    def _explain(self, message: Message, sender: Sender) -> Problem:
        name = message.get("type")
        if "type" not in message:
            return Problem("shape", "type", "one of " + _words(self._refs[sender]), "nothing", message)
        if not isinstance(name, str) or name not in self._refs[sender]:
            return Problem("shape", "type", "one of " + _words(self._refs[sender]), _shown(name), message)
        schema = {"anyOf": [{"$ref": ref} for ref in self._refs[sender][name]]}
        validator = jsonschema.Draft202012Validator(
            schema, registry=self._registry, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
        )
        error = jsonschema.exceptions.best_match(validator.iter_errors(message))
        if error is None:  # The two validators disagree: the strict one decides, without words of its own.
            return Problem("shape", "", f"a {name} message", "one that its schema refuses", message)
        return _problem_of(error, message)

    def _messages(self) -> Iterator[tuple[Sender, str, dict[str, Any]]]:
        messages = self.document["components"]["messages"]
        for operation in self.document["operations"].values():
            sender: Sender = "client" if operation["action"] == "receive" else "server"
            for reference in operation["messages"]:
                key = reference["$ref"].rsplit("/", 1)[-1]
                yield sender, key, messages[key]

    def _compile(self, references: list[str]) -> jsonschema_rs.Draft202012Validator:
        return jsonschema_rs.Draft202012Validator(
            {"anyOf": [{"$ref": r} for r in references]},
            registry=jsonschema_rs.Registry([(_BASE, self.document)]),
            validate_formats=True,
        )

    def _examples(self, sender: Sender) -> dict[str, dict[str, Message]]:
        result: dict[str, dict[str, Message]] = {}
        for of, _, message in self._messages():
            if of == sender:
                named = {e["name"]: e["payload"] for e in message.get("examples", [])}
                result.setdefault(message["name"], {}).update(named)
        return result


@cache
def shapes(folder: Path) -> Shapes:
    """The compiled shapes of the protocol in `folder`, from its `asyncapi.yaml`."""
    return Shapes(yaml.read(folder / "asyncapi.yaml").value)


def _problem_of(error: jsonschema.ValidationError, message: Message) -> Problem:
    where = ".".join(str(p) for p in error.absolute_path)
    if error.validator == "required":
        required, instance = cast(Any, error.validator_value), cast(Any, error.instance)
        missing = next(n for n in required if n not in instance)
        return Problem("shape", f"{where}.{missing}".lstrip("."), "a value", "nothing", message)
    return Problem("shape", where, _expected(error), _shown(error.instance), message)


def _expected(error: jsonschema.ValidationError) -> str:
    value: Any = error.validator_value
    match error.validator:
        case "type":
            return "a value of type " + (value if isinstance(value, str) else " or ".join(value))
        case "enum":
            return "one of " + ", ".join(map(str, value))
        case "const":
            return str(value)
        case "format":
            return f"a {value}"
        case "minimum" | "exclusiveMinimum":
            return f"a number {'of at least' if error.validator == 'minimum' else 'above'} {value}"
        case "maximum" | "exclusiveMaximum":
            return f"a number {'of at most' if error.validator == 'maximum' else 'below'} {value}"
        case "minLength" | "minItems" | "minProperties":
            return f"at least {value} {'character' if error.validator == 'minLength' else 'entry'}(s)"
        case "maxLength" | "maxItems":
            return f"at most {value} {'character' if error.validator == 'maxLength' else 'entry'}(s)"
    schema: Any = error.schema
    return str(schema.get("description", error.message)) if isinstance(schema, dict) else error.message


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return f"an {kind_of(value)}"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _words(names: Mapping[str, Any]) -> str:
    return ", ".join(names)
