"""A proxy on loopback that does to a stream of TCP what TCP allows."""

import asyncio
import random
from contextlib import asynccontextmanager
from itertools import pairwise
from urllib.parse import urlsplit, urlunsplit

import pytest

MERGE_S = 0.003  # What comes within it may be passed on in one piece.
CUTS = 12  # So many in what is passed on at once, at most.


class Proxy:
    """Stands before a server: what passes is cut into pieces, merged, and comes late, but whole and in order."""

    def __init__(self, port, chance, latency_s=0.0, jitter_s=0.0):
        self.port, self.chance = port, chance
        self.latency_s, self.jitter_s = latency_s, jitter_s
        self.serving = set()  # The loop itself holds no task whose two transports have paused.

    async def serve(self, reader, writer):
        """One connection of a client."""
        task, writers = asyncio.current_task(), [writer]
        self.serving.add(task)
        try:
            above, there = await asyncio.open_connection("127.0.0.1", self.port)
            writers.append(there)
            await asyncio.gather(self._pump(reader, there), self._pump(above, writer))
        except OSError:
            pass  # One side is gone without an end: so is the other.
        finally:
            self.serving.discard(task)
            for each in writers:
                each.transport.abort()

    async def _pump(self, reader, writer):
        """Carry what one side says to the other, and that it has ended."""
        loop, under_way = asyncio.get_running_loop(), asyncio.Queue()
        filling = asyncio.create_task(self._fill(reader, under_way))
        try:
            data = b"begin"
            while data:
                due_s, data = await under_way.get()
                await asyncio.sleep(due_s - loop.time())
                for piece in self._pieces(data):
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
            await filling
            writer.write_eof()
        finally:
            filling.cancel()

    async def _fill(self, reader, under_way):
        """Note what comes, and when it shall go on."""
        loop, due_s, data = asyncio.get_running_loop(), 0.0, b"begin"
        while data:
            await asyncio.sleep(self.chance.choice((0, MERGE_S)))
            try:
                data = await reader.read(1 << 16)
            except OSError:
                under_way.put_nowait((0.0, b""))
                raise
            due_s = max(due_s, loop.time() + self.latency_s + self.jitter_s * self.chance.random())
            under_way.put_nowait((due_s, data))

    def _pieces(self, data):
        """The same bytes: in one piece, in a few, or one by one."""
        most = min(self.chance.choice((0, 3, CUTS, 50)), len(data) - 1)
        cuts = [0, *sorted(self.chance.sample(range(1, len(data)), most)), len(data)] if most > 0 else [0, len(data)]
        return [data[start:end] for start, end in pairwise(cuts)]


@pytest.fixture
def behind():
    """Puts a proxy before the server at a URL while a block lasts; gives the URL to knock at instead."""

    @asynccontextmanager
    async def standing(url, seed=1, **more):
        parts = urlsplit(url)
        server = await asyncio.start_server(Proxy(parts.port, random.Random(seed), **more).serve, "127.0.0.1", 0)
        try:
            yield urlunsplit(parts._replace(netloc=f"127.0.0.1:{server.sockets[0].getsockname()[1]}"))
        finally:
            server.close()

    return standing
