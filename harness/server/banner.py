"""What `ws-harness serve` prints: where to connect, with what, and how to stop."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape

from harness import protocols
from harness.core.protocol import Protocol
from harness.scenario.house import House
from harness.server.admin import Guard
from harness.wire.schemas import shapes

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - to show, not to bind


def complain(text: str) -> None:
    """Say on standard error why something cannot be had."""
    Console(stderr=True).print(escape(text), style="red", soft_wrap=True)


def show(house: House, host: str, ports: Sequence[int], guard: Guard) -> None:
    """Print where to connect. Lines are never wrapped, so that they can be copied whole."""
    authorities = [_authority(host, port) for port in ports]
    out = Console()
    for protocol in house.protocols.values():
        _show_protocol(out, protocol, authorities[0])
    out.print()
    for authority in authorities[1:]:
        _line(out, "also at", f"ws://{authority}, all of it")
    _line(out, "own stage", "URL?scenario=NAME&stage=NAME&seed=7&speed=20, with any of the URLs above")
    _line(out, "scenarios", "ws-harness scenarios list")
    _line(out, "control", f"http://{authorities[0]}/_harness/stages")
    if guard.token is not None:
        _line(out, "", f"with the header Authorization: Bearer {guard.token}")
    _line(out, "stop", "Ctrl+C")


def _show_protocol(out: Console, protocol: Protocol, authority: str) -> None:
    urls = [f"ws://{authority}{path}" for path in protocol.paths]
    out.print(f"\n[bold]{escape(protocol.title)}[/bold]")
    for url in urls:
        _line(out, "connect to", url)
    for endpoint in protocol.http:
        _line(out, "by HTTP", f"{endpoint.method} http://{authority}{endpoint.path}")
    if protocol.hint:
        _line(out, "to know", protocol.hint)
    _line(out, "by hand", f"npx wscat -c {urls[0]}")
    first = _first_message(protocol)
    if first is not None:
        _line(out, "then say", first)


def list_defects(served: Iterable[str]) -> None:
    """Print the names of all defects of these protocols, and what each does."""
    for name in served:
        _list(name, [(each.name, each.breaks, each.text) for each in protocols.defects(name).values()])


def list_variants(served: Iterable[str]) -> None:
    """Print the names of all variants of these protocols, what each reads otherwise, does, and lacks."""
    for name in served:
        variants = protocols.variants(name).values()
        _list(name, [(each.name, each.reading, _words(each.text, each.lacks)) for each in variants])


def _words(text: str, lacks: Sequence[str]) -> str:
    return f"{text} It lacks {', '.join(lacks)}." if lacks else text


def _list(protocol: str, lines: Iterable[tuple[str, str, str]]) -> None:
    """Name, reason and words of each, on a line of its own."""
    out = Console(highlight=False)
    out.print(f"\n[bold]{escape(protocol)}[/bold]")
    for name, reason, text in lines:
        out.print(f"  [cyan]{escape(name)}[/cyan] ({escape(reason)}): {escape(text)}", soft_wrap=True)


def _line(out: Console, name: str, text: str) -> None:
    out.print(f"  [cyan]{name:<12}[/cyan]{escape(text)}", soft_wrap=True, highlight=False)


def _first_message(protocol: Protocol) -> str | None:
    """The first sample of what a client says, on one line."""
    samples = [sample for named in shapes(protocol.folder).client_examples.values() for sample in named.values()]
    return json.dumps(samples[0], separators=(",", ":")) if samples else None


def _authority(host: str, port: int) -> str:
    shown = ANYWHERE.get(host, host)
    return f"[{shown}]:{port}" if ":" in shown else f"{shown}:{port}"
