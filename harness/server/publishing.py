"""Conversations on Redis channels: `--publish URL` passes every frame on while it happens, without secrets.

The mock comes first: it never waits for Redis. What Redis does not take in time is dropped, counted and logged.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections import deque
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from harness.server.options import UsageError

log = logging.getLogger("harness.server")

MAX_WAITING_LINES = 10_000
MAX_WAITING_BYTES = 32 * 1024 * 1024  # A line may be as long as a message.
BATCH_LINES = 100  # In one round trip; they are lost together when it fails.
TIMEOUT_S = 2.0  # Of connecting, and of one answer.
FIRST_WAIT_S = 0.1  # Before Redis is tried again; doubled each time.
MAX_WAIT_S = 5.0

TROUBLE = (RedisError, OSError)


class Publisher:
    """One Redis that every connection's lines go to, in order, through a bounded queue and a task that empties it."""

    def __init__(self, url: str) -> None:
        """UsageError when `url` is not that of a Redis."""
        self.name, self._redis = _client(url)
        self._waiting: deque[tuple[str, bytes]] = deque()  # Channel and line.
        self._waiting_bytes = 0
        self._lost = 0  # Lines, in the present trouble.
        self._in_trouble = False
        self._stopping = False
        self._wake = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect. UsageError when Redis cannot be reached now; later it may come and go."""
        try:
            await self._redis.ping()
        except TROUBLE as error:
            raise UsageError(
                f"--publish: Redis at {self.name} cannot be used: {error} Is it running (redis-server)?"
            ) from error
        log.info("publishing to %s: redis-cli PSUBSCRIBE 'ws-harness/*'", self.name)
        self._writer = asyncio.create_task(self._write())

    def begin(self, protocol: str, stage: str, number: int) -> Channel:
        """Publish the connection that has just opened, on a channel of its own."""
        return Channel(self, f"ws-harness/{protocol}/{stage}/{number}")

    def publish(self, channel: str, line: str) -> None:
        """Queue one line; it is dropped when too much is waiting already."""
        data = line.encode("utf-8", "backslashreplace")
        if len(self._waiting) >= MAX_WAITING_LINES or self._waiting_bytes + len(data) > MAX_WAITING_BYTES:
            self._trouble("Redis is too slow, and lines are dropped")
            self._lost += 1
            return
        self._waiting.append((channel, data))
        self._waiting_bytes += len(data)
        self._wake.set()

    async def stop(self, within_s: float) -> None:
        """Publish what is still queued, as far as that is done within this time, and let go of Redis."""
        self._stopping = True
        self._wake.set()
        if self._writer is not None:
            await asyncio.wait([self._writer], timeout=within_s)
            self._writer.cancel()
            lost = self._lost + len(self._waiting)
            if lost:
                log.warning("%d lines were not published to %s", lost, self.name)
        with contextlib.suppress(*TROUBLE):
            await self._redis.connection_pool.disconnect()

    async def _write(self) -> None:
        wait_s = 0.0
        while await self._something_waits():
            batch: list[tuple[str, bytes]] = []
            try:
                if wait_s:
                    await self._redis.ping()  # No line is risked on a Redis that is still away.
                batch = list(islice(self._waiting, BATCH_LINES))
                await self._send(batch)
                wait_s = 0.0
            except TROUBLE as error:
                # Some may have arrived all the same: a frame is rather lost than told twice.
                self._lost += len(batch)
                self._trouble(str(error))
                wait_s = min(2 * wait_s or FIRST_WAIT_S, MAX_WAIT_S)
            self._forget(len(batch))
            if wait_s:
                await asyncio.sleep(wait_s)
            elif not self._waiting:
                self._recover()

    async def _something_waits(self) -> bool:
        """Wait for a line; False when there will be none."""
        while not self._waiting and not self._stopping:
            self._wake.clear()
            await self._wake.wait()
        return bool(self._waiting)

    async def _send(self, batch: list[tuple[str, bytes]]) -> None:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for channel, line in batch:
                pipeline.publish(channel, line)
            await pipeline.execute()

    def _forget(self, count: int) -> None:
        for _ in range(count):
            self._waiting_bytes -= len(self._waiting.popleft()[1])

    def _trouble(self, why: str) -> None:
        """Log a trouble when it begins: it may last for hours."""
        if not self._in_trouble:
            self._in_trouble = True
            log.warning("publishing to %s falters: %s", self.name, why)

    def _recover(self) -> None:
        if self._in_trouble:
            log.warning("publishing to %s goes on; lines lost: %d", self.name, self._lost)
            self._in_trouble, self._lost = False, 0


@dataclass(frozen=True)
class Channel:
    """One connection's channel. It ends as the conversation does: with the close frame, if there is one."""

    publisher: Publisher
    name: str

    def write(self, line: str) -> None:
        """Publish one line."""
        self.publisher.publish(self.name, line)

    def end(self) -> None:
        """Nothing more will come, and Redis needs not be told: a channel is there only while something is said."""


def _client(url: str) -> tuple[str, Redis]:
    """What to call the Redis of this URL, without its password, and a client of it. Errors: UsageError."""
    try:
        name = _name(url)
        redis = Redis.from_url(
            url,
            protocol=2,  # Every Redis speaks it.
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),  # `_write` tries again, and knows when to give up.
        )
        pool = redis.connection_pool
        pool.connection_class(**pool.connection_kwargs)  # Made once now, since it is what refuses unknown parameters.
    except (ValueError, TypeError, RedisError):
        # What has another form than expected may hold a password in any place.
        found = "another one (not shown: it may hold a password)" if re.search("[@?]|//:", url) else repr(url)
        raise UsageError(
            "--publish: expected the URL of a Redis, such as redis://127.0.0.1:6379/0 "
            f"(or rediss://HOST:PORT, unix:///PATH), found {found}"
        ) from None
    return name, redis


def _name(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme in ("redis", "rediss") and parts.hostname:
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return f"{parts.scheme}://{host}:{parts.port or 6379}"
    if parts.scheme == "unix" and parts.path:
        return f"unix://{parts.path}"
    raise ValueError(parts.scheme)
