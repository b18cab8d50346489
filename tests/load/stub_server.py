"""A server of a few lines for the load tests: `python stub_server.py [AFTER_S STALL_S [EVERY_S]]`. It prints its port.

It authenticates everybody, answers heartbeats, limits nothing, and ignores the rest. So many seconds after its first
heartbeat it does nothing at all for a while, and again every so many seconds. When it is terminated it prints, of each
connection's heartbeats, when they say that they were sent and when they were answered.
"""

import asyncio
import json
import signal
import sys
import time

from aiohttp import web

STALL = tuple(map(float, sys.argv[1:4]))
beats = []


async def serve(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    beats.append(own := [])
    async for frame in socket:
        message = frame.json()
        if message["type"] == "Heartbeat":
            own.append([message["data"]["client_ts"]])
            if STALL and len(own) == 1 == sum(map(len, beats)):
                asyncio.get_running_loop().call_later(STALL[0], stall)
        if message["type"] in ("Auth", "Heartbeat"):
            await socket.send_json({**message, "session": "s"})
        if message["type"] == "Heartbeat":
            own[-1].append(time.time())
    return socket


def stall():
    if len(STALL) == 3:
        asyncio.get_running_loop().call_later(STALL[2], stall)
    time.sleep(STALL[1])


async def main():
    app = web.Application()
    app.router.add_get("/artifact/v1", serve)
    app.router.add_get("/channels/hft", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    await over.wait()
    print(json.dumps(beats), flush=True)


asyncio.run(main())
