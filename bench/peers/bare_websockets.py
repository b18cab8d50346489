"""`websockets` as its documentation shows it: `broadcast` for many, on uvloop as the others in Python."""

from __future__ import annotations

import asyncio

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast
from websockets.asyncio.server import serve as listen

from bench.peers.words import Words


async def serve(words: Words) -> None:
    """Serve until killed."""
    clients: set[ServerConnection] = set()
    go = asyncio.Event()

    async def handle(socket: ServerConnection) -> None:
        clients.add(socket)
        try:
            async for message in socket:
                if words.mode == "echo":
                    await socket.send(message)
                else:
                    go.set()
        finally:
            clients.discard(socket)

    compression = "deflate" if words.deflate else None
    async with listen(handle, "127.0.0.1", words.port, compression=compression, ping_interval=None):
        await go.wait()
        while clients:
            broadcast(clients, words.payload)
            await asyncio.sleep(0)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(Words.given()))
