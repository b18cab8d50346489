"""The shapes of a protocol: its AsyncAPI 3 document, compiled.

jsonschema-rs says quickly whether a message is good; jsonschema then explains a refusal in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from harness.core.conversation import Sender
from harness.core.message import Message, Problem
from harness.wire import yaml
from harness.wire.explain import one_of, problem_of, unknown_word
from harness.wire.formats import for_jsonschema, for_jsonschema_rs

_BASE = "urn:asyncapi"


class Shapes:
    """All message shapes of one protocol, by who sends them and by the word in `type`.

    In the document, an operation with action `receive` lists what the client sends, and in its `reply` what the
    server answers; one with action `send` lists what the server says unasked. A message's `name` is its `type` on
    the wire; its examples have names.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._registry: Registry[Any] = Registry().with_resource(_BASE, DRAFT202012.create_resource(document))
        self._schemas: dict[Sender, dict[str, dict[str, Any]]] = {"client": {}, "server": {}}
        for sender, key, message in self._messages():
            choice = self._schemas[sender].setdefault(message["name"], {"anyOf": []})["anyOf"]
            choice.append({"$ref": f"{_BASE}#/components/messages/{key}/payload"})
        self._fast = {s: {n: self._compile(schema) for n, schema in of.items()} for s, of in self._schemas.items()}

    def names(self, sender: Sender) -> list[str]:
        """The message types that `sender` may send, in the document's order."""
        return list(self._schemas[sender])

    def payloads(self, sender: Sender, name: str) -> list[dict[str, Any]]:
        """The schemas of a message type, one for each message of that name; references lead into `document`."""
        return [message["payload"] for of, _, message in self._messages() if of == sender and message["name"] == name]

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
        return None if self.is_valid(message, sender) else self._explain(message, sender)

    def is_valid(self, message: Message, sender: Sender) -> bool:
        """Whether `sender` may send this message."""
        name = message.get("type")
        validator = self._fast[sender].get(name) if isinstance(name, str) else None
        return validator is not None and validator.is_valid(message)

    def explanation(self, message: Message, sender: Sender) -> Problem | None:
        """What the slower validator alone finds wrong with a message of a known type; it must agree with the fast."""
        validator = _Explainer(
            self._schemas[sender][message["type"]], registry=self._registry, format_checker=_FORMAT_CHECKER
        )
        try:
            return problem_of(validator.iter_errors(message), message)
        except RecursionError:  # jsonschema writes every wrong value into its errors, however deep it is.
            return Problem("shape", "", "values where they belong", "values nested hundreds deep", message)

    def _explain(self, message: Message, sender: Sender) -> Problem:
        names = self.names(sender)
        if not names:
            return Problem("shape", "", f"nothing from a {sender}", "a message", message)
        if "type" not in message:
            return Problem("shape", "type", one_of(names), "nothing", message)
        if message["type"] not in names:
            return unknown_word("type", message["type"], names, message)
        problem = self.explanation(message, sender)
        # Should the two ever disagree, the fast one decides, without words of its own.
        return problem or Problem("shape", "", f"a {message['type']} message", "one that its schema refuses", message)

    def _messages(self) -> Iterator[tuple[Sender, str, dict[str, Any]]]:
        """Each message that each side may send, once: (sender, key in the document, message)."""
        messages = self.document["components"]["messages"]
        seen: set[tuple[Sender, str]] = set()
        for sender, reference in self._references():
            key = reference["$ref"].rsplit("/", 1)[-1]
            if (sender, key) not in seen:
                seen.add((sender, key))
                yield sender, key, messages[key]

    def _references(self) -> Iterator[tuple[Sender, dict[str, str]]]:
        for operation in self.document["operations"].values():
            sender: Sender = "client" if operation["action"] == "receive" else "server"
            yield from ((sender, reference) for reference in operation["messages"])
            yield from (("server", reference) for reference in operation.get("reply", {}).get("messages", ()))

    def _compile(self, schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
        return jsonschema_rs.Draft202012Validator(
            schema,
            registry=jsonschema_rs.Registry([(_BASE, self.document)]),
            validate_formats=True,
            formats=for_jsonschema_rs(),
        )

    def _examples(self, sender: Sender) -> dict[str, dict[str, Message]]:
        result: dict[str, dict[str, Message]] = {}
        for of, _, message in self._messages():
            if of == sender:
                named = {e["name"]: e["payload"] for e in message.get("examples", [])}
                result.setdefault(message["name"], {}).update(named)
        return result


def _pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[jsonschema.ValidationError]:
    """As JSON Schema has it (6.3.3, by ECMA-262): `$` is the end, not the place before a line feed at the end."""
    if isinstance(value, str) and not re.search(_DOLLAR.sub(r"\\Z", pattern), value):
        yield jsonschema.ValidationError(f"{value!r} does not match {pattern!r}")


_DOLLAR = re.compile(r"(?<!\\)\$")
_Explainer: Any = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
    jsonschema.Draft202012Validator, {"pattern": _pattern}
)
_FORMAT_CHECKER = for_jsonschema()


@cache
def shapes(folder: Path) -> Shapes:
    """The compiled shapes of the protocol in `folder`, from its `asyncapi.yaml`."""
    return Shapes(yaml.read(folder / "asyncapi.yaml").value)
