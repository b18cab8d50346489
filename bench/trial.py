"""One trial: a server on its core, the load on the other, and what both used while the load was counting."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench import machine
from bench.cases import Case
from bench.peers import Order, Peer

START_WITHIN_S = 20.0
KIB = 1024


class Failed(Exception):  # noqa: N818 - what became of a trial
    """The trial gave no figure; the text says why."""


@dataclass(frozen=True)
class Usage:
    """What a server has used: CPU in seconds, and memory in KiB."""

    cpu_s: float
    memory_kib: float


def measure(case: Case, peer: Peer, payload: Path) -> dict[str, Any]:
    """The figures of one trial of `case` with `peer`. Errors: Failed."""
    order = Order(case.mode, payload, _free_port(), case.scenario, case.deflate)
    with _running(peer, order) as server:
        before = _usage(server)
        words = _load_words(case, order)
        events, usages = _listened(words, server)
    return _figures(case.connections, before, events, usages)


def _figures(
    connections: int, before: Usage, events: dict[str, dict[str, Any]], usages: dict[str, Usage]
) -> dict[str, Any]:
    connected, end = events["connected"], events["end"]
    used_s = usages["end"].cpu_s - usages["begin"].cpu_s
    return {
        "rate": end["frames"] / end["seconds"],
        "per_cpu_s": end["frames"] / used_s if used_s else 0.0,
        "server_cpu": used_s / end["seconds"],
        "load_cpu": end["cpu_s"] / end["seconds"],
        "megabytes_per_s": end["bytes"] / end["seconds"] / 1e6,
        "accepted_per_s": connections / connected["seconds"],
        "accepting_load_cpu": connected["cpu_s"] / connected["seconds"],
        "memory_mib": usages["end"].memory_kib / KIB,
        "kib_per_connection": (usages["connected"].memory_kib - before.memory_kib) / connections,
        "p50_ms": end["p50_ms"],
        "p99_ms": end["p99_ms"],
        "max_ms": end["max_ms"],
        "lost": end["lost"],
        **{f"slow_{name}": value for name, value in events["slow"].items() if name != "event"},
    }


@contextlib.contextmanager
def _running(peer: Peer, order: Order) -> Iterator[psutil.Process]:
    core, _ = machine.cores()
    with subprocess.Popen(  # noqa: S603
        peer.command(order),
        cwd=machine.ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    ) as process:
        try:
            _wait_for(process, order.port)
            yield psutil.Process(process.pid)
        finally:
            process.kill()


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + START_WITHIN_S
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None:
            assert process.stderr is not None
            raise Failed(f"it did not start: {process.stderr.read().decode()[-500:]}")
        time.sleep(0.05)
    raise Failed(f"it does not listen after {START_WITHIN_S:g} s")


def _load_words(case: Case, order: Order) -> list[str]:
    return [
        str(machine.compiled(machine.HERE / "load.c")),
        *("--port", str(order.port), "--path", case.path, "--connections", str(case.connections)),
        *("--warm", str(case.warm_s), "--seconds", str(case.seconds)),
        *(["--deflate"] if case.deflate else []),
        *case.load,
    ]


def _listened(words: list[str], server: psutil.Process) -> tuple[dict[str, dict[str, Any]], dict[str, Usage]]:
    """What the load program tells, by event, and what the server had used at that moment."""
    _, core = machine.cores()
    events: dict[str, dict[str, Any]] = {}
    usages: dict[str, Usage] = {}
    with subprocess.Popen(  # noqa: S603
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    ) as load:
        assert load.stdout is not None
        assert load.stderr is not None
        for line in load.stdout:
            event = json.loads(line)
            with contextlib.suppress(psutil.NoSuchProcess):
                usages[event["event"]] = _usage(server)
            events[event["event"]] = event
        if load.wait() or not server.is_running():
            raise Failed(load.stderr.read().strip() or "the server ended")
    return events, usages


def _usage(server: psutil.Process) -> Usage:
    family = [server, *server.children(recursive=True)]
    times = [each.cpu_times() for each in family]
    return Usage(sum(t.user + t.system for t in times), sum(each.memory_info().rss for each in family) / KIB)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
