"""Mockoon's command line, whose WebSocket routes stream to all clients: runs it with an environment made for it."""

from __future__ import annotations

import json
import os
from pathlib import Path

from bench import machine
from bench.peers.words import Words

ANSWER = {
    "uuid": "a", "body": "", "latency": 0, "statusCode": 200, "label": "", "headers": [], "bodyType": "INLINE",
    "filePath": "", "databucketID": "", "sendFileAsBody": False, "rules": [], "rulesOperator": "OR",
    "disableTemplating": True, "fallbackTo404": False, "default": True, "crudKey": "id", "callbacks": [],
}  # fmt: skip
ROUTE = {
    "uuid": "r", "type": "ws", "documentation": "", "method": "", "endpoint": "ws/stream", "responses": [],
    "responseMode": None, "streamingMode": "BROADCAST", "streamingInterval": 1,
}  # fmt: skip


def environment(words: Words) -> Path:
    """A file with an environment of one route, which sends the payload as often as Mockoon can."""
    route = {**ROUTE, "responses": [{**ANSWER, "body": words.payload}]}
    content = {
        "uuid": "e", "lastMigration": 33, "name": "bench", "endpointPrefix": "", "latency": 0, "port": words.port,
        "hostname": "127.0.0.1", "folders": [], "routes": [route], "rootChildren": [{"type": "route", "uuid": "r"}],
        "proxyMode": False, "proxyHost": "", "proxyRemovePrefix": False, "proxyReqHeaders": [], "proxyResHeaders": [],
        "tlsOptions": {"enabled": False, "type": "CERT", "pfxPath": "", "certPath": "", "keyPath": "", "caPath": "",
                       "passphrase": ""},
        "cors": False, "headers": [], "data": [], "callbacks": [],
    }  # fmt: skip
    path = machine.BUILT / "mockoon.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


if __name__ == "__main__":
    words = Words.given()
    program = machine.NODE_PACKAGES / "@mockoon" / "cli" / "bin" / "run.js"
    options = ["start", "--data", str(environment(words)), "--disable-log-to-file", "--disable-admin-api", "--repair"]
    os.execvp("node", ["node", str(program), *options])  # noqa: S606, S607
