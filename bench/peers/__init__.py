"""Who is measured: our mock, and servers that others would reach for. Each serves on a port until it is ended."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import machine

HERE = Path(__file__).parent
SCENARIOS = HERE.parent / "scenarios"


@dataclass(frozen=True)
class Order:
    """What a peer shall serve: `broadcast` (the payload, once a client has said anything), `echo`, or `idle`.

    Our mock plays a scenario instead.
    """

    mode: str
    payload: Path
    port: int
    scenario: str = ""
    deflate: bool = False


@dataclass(frozen=True)
class Peer:
    """One server: how it is started, and why it cannot be ("" when it can)."""

    name: str
    command: Callable[[Order], list[str]]
    missing: Callable[[], str]


def _mock(order: Order) -> list[str]:
    # What it logs of each connection is left out, as the others log nothing.
    scenario = SCENARIOS / f"{order.scenario}.yaml"
    protocol = order.scenario.partition("-")[0]
    options = ["serve", protocol, "--scenario", str(scenario), "--port", str(order.port), "--log-level", "warning"]
    return [sys.executable, "-c", "from harness.cli import main; main()", *options]


def _python(module: str) -> Callable[[Order], list[str]]:
    return lambda order: [sys.executable, "-m", f"bench.peers.{module}", *_words(order)]


def _node(order: Order) -> list[str]:
    return ["node", str(HERE / "node_ws.mjs"), *_words(order)]


def _loop(order: Order) -> list[str]:
    return [str(machine.compiled(HERE / "loop.c")), *_words(order)]


def _words(order: Order) -> list[str]:
    return [str(order.port), order.mode, str(order.payload), *(["deflate"] if order.deflate else [])]


MOCK = Peer("mock", _mock, lambda: "")
AIOHTTP = Peer("aiohttp", _python("bare_aiohttp"), lambda: "")
WEBSOCKETS = Peer("websockets", _python("bare_websockets"), lambda: "")
NODE = Peer("Node ws", _node, lambda: machine.without_node("ws"))
MOCKOON = Peer("Mockoon", _python("mockoon"), lambda: machine.without_node("@mockoon/cli"))
LOOP = Peer("C loop", _loop, machine.without_gcc)
