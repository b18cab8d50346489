"""What is measured: for each case what the servers serve, and what the clients do."""

from __future__ import annotations

from dataclasses import dataclass

from bench.peers import AIOHTTP, LOOP, MOCK, MOCKOON, NODE, WEBSOCKETS, Peer

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


@dataclass(frozen=True)
class Case:
    """One thing to measure: which peers serve what, and what so many clients do.

    `mode` and `scenario` say what is served (see `peers.Order`); `load` are words of the load program (see load.c),
    without connections and times.
    """

    name: str
    title: str
    mode: str
    scenario: str
    path: str
    peers: tuple[Peer, ...]
    connections: int
    load: tuple[str, ...] = ()
    deflate: bool = False
    seconds: float = 3.0  # That are counted, after the warm-up.
    warm_s: float = 0.5


STREAM = "/ws/stream"
LIBRARIES = (MOCK, AIOHTTP, WEBSOCKETS, NODE)
TO_ALL = ("--go", GO)

CASES = (
    Case(
        "broadcast",
        "TELEMETRY to 1000 clients, as fast as it goes",
        *("broadcast", "brainstream-flat-out", STREAM, (*LIBRARIES, MOCKOON, LOOP), 1000, TO_ALL),
    ),
    Case(
        "steady",
        "the same at 40 a second, so that no two are ever sent in one write",
        *("broadcast", "brainstream-steady", STREAM, (MOCK,), 1000, TO_ALL),
    ),
    Case(
        "deflate",
        "TELEMETRY to 1000 clients with permessage-deflate",
        *("broadcast", "brainstream-flat-out", STREAM, LIBRARIES, 1000, TO_ALL),
        deflate=True,
    ),
    Case(
        "stalled",
        "TELEMETRY to 1000 clients, 100 of which read nothing",
        *("broadcast", "brainstream-flat-out", STREAM, LIBRARIES, 1000, (*TO_ALL, "--slow", "100")),
    ),
    Case(
        "heartbeat",
        "Skybit Heartbeat and its answer, 50 clients; the others echo it",
        *("echo", "skybit-heartbeats", "/artifact/v1", (*LIBRARIES, LOOP), 50, ("--hello", AUTH, "--say", HEARTBEAT)),
    ),
    Case(
        "sigmax-ping",
        "SIGMAX ping and its pong, 50 clients; the others echo it",
        *("echo", "sigmax-pings", "/api/ws", (MOCK, AIOHTTP), 50, ("--say", PING)),
    ),
    Case(
        "megabot-ping",
        "MegaBot, which has no ping message: a ping frame and its pong, 50 clients",
        *("echo", "megabot-pings", "/ws", (MOCK, AIOHTTP), 50, ("--say", "are you there", "--ping")),
    ),
    Case(
        "idle",
        "10,000 connections, accepted one after the other, and then at rest",
        *("echo", "brainstream-idle", STREAM, LIBRARIES, 10_000),
        seconds=0.5,
    ),
    Case(
        "second",
        "TELEMETRY once a second to 5000 clients, and how late it comes",
        *("broadcast", "brainstream-plain", STREAM, (MOCK,), 5000, ("--stamps",)),
        seconds=5.0,
        warm_s=1.5,
    ),
    Case(
        "slow-reader",
        "TELEMETRY 500 times a second to 55 clients; 5 read 100 KB a second; how late it comes to the others",
        *("broadcast", "brainstream-fast", STREAM, (MOCK,), 55, ("--stamps", "--slow", "5", "--rate", "100000")),
        seconds=8.0,
    ),
)
