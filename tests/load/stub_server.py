"""A server of a few lines for the load tests: `python stub_server.py [STALL_AFTER_S STALL_S]`. It prints its port.

It authenticates everybody, answers heartbeats, limits nothing, and ignores the rest. So many seconds after its first
heartbeat it does nothing at all for a while.
"""

import asyncio
import sys
import time

from aiohttp import web

STALL = tuple(map(float, sys.argv[1:3]))
stalls = []


async def serve(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for frame in socket:
        message = frame.json()
        if message["type"] == "Heartbeat" and STALL and not stalls:
            stalls.append(asyncio.get_running_loop().call_later(STALL[0], time.sleep, STALL[1]))
        if message["type"] in ("Auth", "Heartbeat"):
            await socket.send_json({**message, "session": "s"})
    return socket


async def main():
    app = web.Application()
    app.router.add_get("/artifact/v1", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
