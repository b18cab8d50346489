"""What a load generator takes: round trips per second of its CPU, and whether its figures are true.

Our engine beside what else Python has: `websocket-client` under gevent with an event of Locust fired per message,
`websockets` without I/O in a greenlet for each connection, and picows on asyncio. An echo of 200 bytes, 50
connections; the server has one core and the generator another.

Then what our users see of a server that holds each message for a known time, beside what the server knows, and of one
that freezes, beside what theory says. `--quick` does all of it with few users in seconds, for which no goal is meant.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

CONNECTIONS = 50
ROUNDS = 3
ROUND_S = 3.0
WARM_UP_S = 0.5
MESSAGE = (b'{"type":"echo","text":"' + b"x" * 200)[:198] + b'"}'
HELD_S = 0.0046  # So long the server holds each message.
FREEZE_S, FREEZE_EVERY_S = 0.5, 2.0
RESULTS = Path("reports/bench/generator.json")
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]


Round = dict[str, float]  # wall_s, cpu_s and trips.


@dataclass(frozen=True)
class Crowd:
    """So many users, each of whom asks once in a period; for how long they are looked at, after they have settled."""

    users: int
    period_s: float
    lasts_s: float = 10.0
    settles_s: float = 3.0

    @property
    def per_s(self) -> float:
        """How often they ask in all."""
        return self.users / self.period_s

    def words(self) -> tuple[str, ...]:
        """For the command line of `play_users`."""
        return str(self.users), str(self.period_s), str(self.lasts_s), str(self.settles_s)


CROWDS = (Crowd(5000, 0.25), Crowd(5000, 0.5))
FROZEN = Crowd(1000, 1.0)


def look(trips: int) -> tuple[float, float, int]:
    """The clocks, and how many round trips there have been."""
    return time.perf_counter(), time.process_time(), trips


def between(before: tuple[float, float, int], after: tuple[float, float, int]) -> Round:
    """What there was between two looks."""
    wall_s, cpu_s, trips = (later - earlier for earlier, later in zip(before, after, strict=True))
    return {"wall_s": wall_s, "cpu_s": cpu_s, "trips": trips}


def measured(lasts_s: float, count: Callable[[], int]) -> Round:
    """One round under gevent, when `count()` tells how many round trips there have been so far."""
    import gevent

    gevent.sleep(WARM_UP_S)
    before = look(count())
    gevent.sleep(lasts_s)
    return between(before, look(count()))


def play_ours(url: str, lasts_s: float) -> Round:
    """Our client; samples are kept, and handed to Locust once a second."""
    from functools import partial

    from locust.stats import RequestStats

    from harness.load.client import Client
    from harness.load.gauge import Gauge
    from harness.load.handover import hand_over

    stats = RequestStats()
    gauge = Gauge(partial(hand_over, stats))

    def connect() -> None:
        sent_s = 0.0

        def echoed(text: bytes, arrived_s: float) -> None:
            nonlocal sent_s
            gauge.samples.add("Echoer", "echo", (arrived_s - sent_s) * 1000, len(text))
            sent_s = time.perf_counter()
            client.send(MESSAGE)

        client = Client(echoed, lambda code, reason: None)
        client.connect(url, {}, 10)
        sent_s = time.perf_counter()
        client.send(MESSAGE)

    for _ in range(CONNECTIONS):
        connect()
    gauge.watch()

    def count() -> int:
        gauge.flush()
        return stats.total.num_requests

    return measured(lasts_s, count)


def play_websocket_client(url: str, lasts_s: float) -> Round:
    """`websocket-client`, patched by gevent, in a greenlet for each connection; an event of Locust for each message."""
    import gevent
    import websocket
    from locust.env import Environment

    environment = Environment()
    environment.create_local_runner()
    events: Any = environment.events

    def user() -> None:
        connection = websocket.create_connection(url)
        text = MESSAGE.decode()
        while True:
            sent_s = time.perf_counter()
            connection.send(text)
            reply = connection.recv()
            ms = (time.perf_counter() - sent_s) * 1000
            events.request.fire(
                request_type="WS",
                name="echo",
                response_time=ms,
                response_length=len(reply),
                exception=None,
                context={},
            )

    for _ in range(CONNECTIONS):
        gevent.spawn(user)
    return measured(lasts_s, lambda: environment.stats.total.num_requests)


def play_websockets(url: str, lasts_s: float) -> Round:
    """`websockets` without I/O, in a greenlet for each connection."""
    from gevent import monkey

    monkey.patch_all()
    import gevent
    from websockets.client import ClientProtocol
    from websockets.frames import Frame
    from websockets.uri import parse_uri

    times_ms: list[float] = []

    def user() -> None:
        uri = parse_uri(url)
        protocol = ClientProtocol(uri)
        protocol.send_request(protocol.connect())
        connection = socket.create_connection((uri.host, uri.port))
        sent_s = time.perf_counter()
        while True:
            for data in protocol.data_to_send():
                connection.sendall(data)
            protocol.receive_data(connection.recv(65536))
            for event in protocol.events_received():
                if isinstance(event, Frame):
                    times_ms.append((time.perf_counter() - sent_s) * 1000)
                sent_s = time.perf_counter()
                protocol.send_text(MESSAGE)

    for _ in range(CONNECTIONS):
        gevent.spawn(user)
    return measured(lasts_s, lambda: len(times_ms))


def play_picows(url: str, lasts_s: float) -> Round:
    """picows, a compiled client, on asyncio."""
    import asyncio

    from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

    times_ms: list[float] = []

    class Echoer(WSListener):
        def on_ws_connected(self, transport: WSTransport) -> None:
            self.sent_s = time.perf_counter()
            transport.send(WSMsgType.TEXT, MESSAGE)

        def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
            frame.get_payload_as_bytes()
            times_ms.append((time.perf_counter() - self.sent_s) * 1000)
            self.sent_s = time.perf_counter()
            transport.send(WSMsgType.TEXT, MESSAGE)

    async def play() -> Round:
        for _ in range(CONNECTIONS):
            await ws_connect(Echoer, url)
        await asyncio.sleep(WARM_UP_S)
        before = look(len(times_ms))
        await asyncio.sleep(lasts_s)
        return between(before, look(len(times_ms)))

    return asyncio.run(play())


def play_users(url: str, crowd: Crowd) -> dict[str, Any]:
    """Our users under Locust: how soon they are there, and what they see."""
    from functools import partial

    import gevent
    from locust.env import Environment  # First, since it patches what the others import.

    from harness.core.message import Message
    from harness.load import collector
    from harness.load.behaviour import Behaviour
    from harness.load.gauge import Gauge
    from harness.load.handover import hand_over
    from harness.load.sources import Sources
    from harness.load.user import SocketUser

    class Echoer(Behaviour):
        def opened(self, now_s: float) -> None:
            self.sent = 0
            self.every("echo_s", self.echo)

        def echo(self, due_s: float) -> None:
            self.sent += 1
            self.request("echo", self.sent, {"type": "echo", "id": self.sent, "text": "x" * 160}, due_s)

        def received(self, message: Message, arrived_s: float, size: int) -> None:
            self.settle("echo", message["id"], arrived_s, size)

    class User(SocketUser):
        BEHAVIOUR = Echoer
        paces = {"echo_s": crowd.period_s}

    environment = Environment(user_classes=[User], host=url)
    gauge = User.gauge = Gauge(partial(hand_over, environment.stats))
    User.sources = Sources()
    collector.calm()  # As the hooks do it.
    began_s = time.perf_counter()
    gauge.watch()
    environment.create_local_runner().start(crowd.users, spawn_rate=crowd.users)
    while gauge.connections < crowd.users and time.perf_counter() - began_s < 30:
        gevent.sleep(0.02)
    connected_s = time.perf_counter() - began_s
    collector.calm()
    gevent.sleep(crowd.settles_s)
    gauge.forget()
    looked_s = time.perf_counter()
    os.kill(int(os.environ["SERVER_PID"]), signal.SIGUSR1)  # So does the server.
    gevent.sleep(crowd.lasts_s)
    gauge.flush()
    lasted_s = time.perf_counter() - looked_s
    echo = gauge.figures.row("echo")
    p50_ms, p90_ms, p99_ms = echo.times.at(50, 90, 99)
    return {
        "connected_s": connected_s,
        "connections": gauge.connections,
        "per_s": echo.count / lasted_s,
        "failures": echo.failures,
        "p50_ms": p50_ms,
        "p90_ms": p90_ms,
        "p99_ms": p99_ms,
        "lag_p99_ms": gauge.lag.at(99)[0],
        "cpu": gauge.cpu,
    }


def serve(hold_s: float, freezes: bool = False) -> None:
    """Echo at once or after `hold_s`; print the port, and at the end how long messages were held, as percentiles.

    One that freezes does nothing for a while, again and again.
    """
    import asyncio

    import uvloop
    from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server

    held_ms: list[float] = []

    class Echo(WSListener):
        def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
            if frame.msg_type == WSMsgType.CLOSE:
                transport.send_close(WSCloseCode.OK)
                transport.disconnect()
            elif hold_s:
                payload = frame.get_payload_as_bytes()
                asyncio.get_running_loop().call_later(hold_s, self.reply, transport, payload, time.perf_counter())
            else:
                transport.send(WSMsgType.TEXT, frame.get_payload_as_bytes())

        def reply(self, transport: WSTransport, payload: bytes, came_s: float) -> None:
            transport.send(WSMsgType.TEXT, payload)
            held_ms.append((time.perf_counter() - came_s) * 1000)

    def freeze(due_s: float) -> None:
        asyncio.get_running_loop().call_at(due_s + FREEZE_EVERY_S, freeze, due_s + FREEZE_EVERY_S)
        time.sleep(FREEZE_S)

    async def play() -> None:
        over, loop = asyncio.Event(), asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, over.set)
        loop.add_signal_handler(signal.SIGUSR1, held_ms.clear)
        server = await ws_create_server(lambda request: Echo(), "127.0.0.1", 0, backlog=4096)
        print(server.sockets[0].getsockname()[1], flush=True)
        gc.freeze()
        if freezes:
            loop.call_later(FREEZE_EVERY_S, freeze, loop.time() + FREEZE_EVERY_S)
        await over.wait()

    uvloop.run(play())
    ordered = sorted(held_ms) or [0.0]
    print(json.dumps({f"p{p}_ms": ordered[len(ordered) * p // 100] for p in (50, 99)}), flush=True)


ENGINES: dict[str, Callable[[str, float], Round]] = {
    "ours": play_ours,
    "websocket-client, event per message": play_websocket_client,
    "websockets sans I/O": play_websockets,
    "picows on asyncio": play_picows,
}


@contextmanager
def role(*words: str, core: int, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """One part of this file in a process and on a core of its own."""
    command = [sys.executable, __file__, *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})  # noqa: S603
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(process.pid, {CORES[core % len(CORES)]})
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def played(server: subprocess.Popen[str], *words: str) -> dict[str, Any]:
    """What came of one round."""
    with role(*words, core=1, SERVER_PID=str(server.pid)) as player:
        result: dict[str, Any] = json.loads(player.communicate()[0].splitlines()[-1])
    return result


def url_of(server: subprocess.Popen[str]) -> str:
    """Where it listens."""
    assert server.stdout is not None
    return f"ws://127.0.0.1:{server.stdout.readline().strip()}/"


def race(rounds: int, lasts_s: float) -> dict[str, float]:
    """Round trips per second of the generator's CPU, of each engine: the median of rounds taken in turn."""
    rates: dict[str, list[float]] = {name: [] for name in ENGINES}
    table = Table("engine", "round trips per CPU second", "rounds", "CPU", title="What a generator takes")
    busy: dict[str, float] = {}
    with role("serve", "0", core=0) as server:
        url = url_of(server)
        for _ in range(rounds):
            for name in ENGINES:
                result = played(server, "play", name, url, str(lasts_s))
                rates[name].append(result["trips"] / result["cpu_s"])
                busy[name] = result["cpu_s"] / result["wall_s"]
    medians = {name: median(of) for name, of in rates.items()}
    for name, of in rates.items():
        table.add_row(name, f"{medians[name]:,.0f}", "  ".join(f"{rate:,.0f}" for rate in of), f"{busy[name]:.0%}")
    Console(width=110).print(table)
    return medians


def truth(crowd: Crowd) -> dict[str, Any]:
    """What users see, and what the server knows; and it is printed."""
    with role("serve", str(HELD_S), core=0) as server:
        seen = played(server, "users", url_of(server), *crowd.words())
        server.terminate()
        known: dict[str, float] = json.loads(server.communicate()[0].splitlines()[-1])
    print(
        f"\n{crowd.users} users ask {crowd.per_s:,.0f} times a second: {seen['connections']} connections in "
        f"{seen['connected_s']:.1f} s (goal 10), {seen['per_s']:,.0f} messages/s"
    )
    for figure, goal in (("p50_ms", 0.05), ("p99_ms", 0.10)):
        off = seen[figure] / known[figure] - 1
        print(f"{figure}: {seen[figure]:.2f} seen, {known[figure]:.2f} by the server: {off:+.1%} (goal {goal:.0%})")
    print(f"the generator: {seen['cpu']:.0%} of a core, {seen['lag_p99_ms']:.2f} ms late (p99)")
    return {"seen": seen, "known": known}


def theory(crowd: Crowd) -> dict[str, Any]:
    """What users see of a server that freezes, and what they must see; and it is printed.

    Whoever asks while it is frozen waits for the rest of it. So of all waits the share that is longer than `wait_s` is
    (FREEZE_S - wait_s) / FREEZE_EVERY_S, which is a tenth at the p90.
    """
    p90_ms = 1000 * (FREEZE_S - 0.1 * FREEZE_EVERY_S)
    with role("serve", "0", "freezing", core=0) as server:
        seen = played(server, "users", url_of(server), *crowd.words())
    sent = seen["per_s"] / crowd.per_s
    print(f"\nfrozen for {FREEZE_S:g} s in every {FREEZE_EVERY_S:g} s, {crowd.per_s:,.0f} messages/s:")
    print(f"p90_ms: {seen['p90_ms']:.1f} seen, {p90_ms:.1f} in theory: {seen['p90_ms'] / p90_ms - 1:+.1%} (goal 5%)")
    print(f"of the load, sent and answered: {sent:.1%} (goal 99%)")
    return {"seen": seen, "theory": {"p90_ms": p90_ms}, "sent": sent}


def main(quick: bool) -> None:
    """Run all, print it, and keep it as JSON."""
    medians = race(1, 0.3) if quick else race(ROUNDS, ROUND_S)
    ours, theirs = medians["ours"], medians["websocket-client, event per message"]
    print(f"ours / websocket-client: {ours / theirs:.1f} (goal 4)   ours / picows: ", end="")
    print(f"{ours / medians['picows on asyncio']:.2f} (goal 0.8)")
    crowds = [Crowd(20, 0.1, 1.0, 0.2)] if quick else CROWDS
    frozen = theory(Crowd(20, 0.1, FREEZE_EVERY_S, 0.2) if quick else FROZEN)
    results = {"trips_per_cpu_s": medians, "truth": [truth(crowd) for crowd in crowds], "frozen": frozen}
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", hold_s, *freezing]:
            serve(float(hold_s), bool(freezing))
        case ["play", name, url, lasts_s]:
            print(json.dumps(ENGINES[name](url, float(lasts_s))), flush=True)
        case ["users", url, users, *times_s]:
            print(json.dumps(play_users(url, Crowd(int(users), *map(float, times_s)))), flush=True)
        case []:
            main(quick=False)
        case ["--quick"]:
            main(quick=True)
        case words:
            sys.exit(f"expected nothing or --quick, found {' '.join(words)}")
