"""A server for the tests of connections, over sockets: `python limited_server.py`. It prints its port.

It speaks SIGMAX, takes in four connections, and does one thing wrong, which the path names; each path is for itself.
"""

import asyncio
import struct
from collections import defaultdict
from socket import SO_LINGER, SOL_SOCKET

from aiohttp import WSCloseCode, WSMsgType, web

LIMIT = 4
FULL = {"type": "error", "data": {"code": "MAX_CONNECTIONS_EXCEEDED"}}
HELD = defaultdict(list)
BUSY_UNTIL_S = defaultdict(float)


async def serve(request):
    fault = request.match_info["fault"]
    held = HELD[fault]
    is_full = len(held) >= LIMIT and fault != "no-limit"
    if is_full and fault == "refuses-by-503":
        return web.Response(status=503)
    if is_full and fault == "refuses-by-500":
        return web.Response(status=500)
    if fault == "says-nothing":
        await asyncio.sleep(60)
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    if is_full:
        return await refuse(socket, request, fault, held)
    held.append(socket)
    is_clean = await converse(socket, fault)
    if is_clean or fault != "keeps-cut-ones":
        if fault == "frees-late":
            await asyncio.sleep(3)
        held.remove(socket)
    return socket


async def refuse(socket, request, fault, held):
    if fault == "resets":
        request.transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
        return socket
    await socket.send_json(FULL)
    await socket.close(code=WSCloseCode.TRY_AGAIN_LATER)
    if fault == "counts-refused-ones":
        held.append(socket)
    if fault == "evicts":
        await held[0].close(code=WSCloseCode.POLICY_VIOLATION)
    if fault == "harms":
        BUSY_UNTIL_S[fault] = asyncio.get_running_loop().time() + 0.8
    return socket


async def converse(socket, fault):
    """Answer pings until the end; whether that was a clean one."""
    await socket.send_json({"type": "connected", "data": {}})
    async for frame in socket:
        if frame.type is WSMsgType.TEXT and frame.json()["type"] == "ping":
            await asyncio.sleep(max(0.0, BUSY_UNTIL_S[fault] - asyncio.get_running_loop().time()))
            await socket.send_json({"type": "pong", "data": {}})
    return socket.close_code != WSCloseCode.ABNORMAL_CLOSURE


async def main():
    app = web.Application()
    app.router.add_get("/{fault}", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
