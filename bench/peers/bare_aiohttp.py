"""aiohttp as its documentation shows it, on uvloop: the library that the mock is built on, with nothing on top."""

from __future__ import annotations

import asyncio
import contextlib

import uvloop
from aiohttp import web

from bench.peers.words import Words


async def serve(words: Words) -> None:
    """Serve until killed."""
    clients: set[web.WebSocketResponse] = set()
    go = asyncio.Event()

    async def handle(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=words.deflate)
        await socket.prepare(request)
        clients.add(socket)
        async for message in socket:
            if words.mode == "echo":
                await socket.send_str(message.data)
            else:
                go.set()
        clients.discard(socket)
        return socket

    async def send_all(text: str) -> None:
        await go.wait()
        while clients:
            for socket in list(clients):
                with contextlib.suppress(ConnectionError):
                    await socket.send_str(text)
            await asyncio.sleep(0)

    app = web.Application()
    app.router.add_get("/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", words.port).start()
    await send_all(words.payload)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(Words.given()))
