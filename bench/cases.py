"""What is measured: for each case what the servers serve, and what the clients do."""

from __future__ import annotations

from dataclasses import dataclass

from bench.peers import AIOHTTP, LOOP, MOCK, NODE, WEBSOCKETS, Peer

GO = '{"type":"PING"}'
AUTH = (
    '{"type":"Auth","id":"550e8400-e29b-41d4-a716-446655440000","ts":"2024-01-15T10:30:00Z","session":"new",'
    '"data":{"token":"demo-user-1","version":"1.0.0","platform":"linux"}}'
)
HEARTBEAT = (
    '{"type":"Heartbeat","id":"550e8400-e29b-41d4-a716-446655440017","ts":"2024-01-15T10:30:30Z",'
    '"session":"@session","data":{"client_ts":"2024-01-15T10:30:30.123Z"}}'
)
PING = '{"type":"ping","request_id":"mine-1"}'
GREETED = ("--hello", "")  # The server speaks first, and that is waited for.


@dataclass(frozen=True)
class Case:
    """One thing to measure. `figure` is what counts in it: deliveries or replies a second, or a delay in ms.

    `load` are words of the load program (see load.c), without connections and times.
    """

    name: str
    title: str
    figure: str
    mode: str
    scenario: str
    path: str
    peers: tuple[Peer, ...]
    connections: int
    load: tuple[str, ...] = ()
    deflate: bool = False
    seconds: float = 3.0
    warm_s: float = 0.5

    @property
    def slow(self) -> int:
        """How many of the clients read slowly or not at all."""
        return int(self.load[self.load.index("--slow") + 1]) if "--slow" in self.load else 0


def _broadcast(name: str, title: str, peers: tuple[Peer, ...], **more: object) -> Case:
    fields = {"connections": 1000, "load": ("--go", GO), **more}
    return Case(name, title, "rate", "broadcast", "brainstream-flat-out", "/ws/stream", peers, **fields)  # type: ignore[arg-type]


def _echo(name: str, title: str, scenario: str, path: str, load: tuple[str, ...], peers: tuple[Peer, ...]) -> Case:
    return Case(name, title, "rate", "echo", scenario, path, peers, 50, load)


ALL = (MOCK, AIOHTTP, WEBSOCKETS, NODE)
CASES = (
    _broadcast("broadcast", "TELEMETRY to 1000 clients", (*ALL, LOOP)),
    _broadcast("deflate", "the same, with permessage-deflate", ALL, deflate=True),
    _broadcast(
        "stalled", "the same, 100 of 1000 clients read nothing", ALL, load=("--go", GO, "--slow", "100")
    ),
    _echo(
        "heartbeat", "Skybit Heartbeat, 50 clients", "skybit-heartbeats", "/artifact/v1",
        ("--hello", AUTH, "--say", HEARTBEAT), (*ALL, LOOP),
    ),
    _echo("sigmax-ping", "SIGMAX ping, 50 clients", "sigmax-pings", "/api/ws", (*GREETED, "--say", PING), (MOCK,)),
)  # fmt: skip
