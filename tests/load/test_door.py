"""The door over sockets, and the tests of connections through it: against a server that does one thing wrong."""

import errno
import importlib
import random
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from socket import create_server

import pytest

from harness.load import crowd as crowds
from harness.load import door as doors
from harness.load.client import NotConnected
from harness.load.crowd import Crowd, TurnedAway, tokens_of
from harness.load.dial import Dial
from harness.load.door import SPARE_FILES, SocketDoor, SocketLine, is_ipv4_loopback
from harness.load.limits import LimitTest
from harness.load.seats import CUT, Cause

pytestmark = pytest.mark.socket

SERVER = Path(__file__).with_name("limited_server.py")
SEATS = importlib.import_module("harness.protocols.sigmax.seats").SEATS


@pytest.fixture(scope="module")
def server():
    process = subprocess.Popen([sys.executable, str(SERVER)], stdout=subprocess.PIPE, text=True)
    try:
        yield f"ws://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.kill()
        process.communicate()


def held_at(url):
    return Crowd(SocketDoor(url), SEATS, url, tokens_of([], SEATS, random.Random()))


@pytest.mark.parametrize(
    ("fault", "noticed"),
    [
        ("none", []),
        ("refuses-by-503", []),
        ("no-limit", ["one more is refused"]),
        ("refuses-by-500", ["it is refused in a documented way"]),
        ("resets", ["it is refused in a documented way"]),
        ("frees-late", ["one closed cleanly makes room at once"]),
        ("keeps-cut-ones", ["one closed abruptly makes room at once"]),
        ("counts-refused-ones", ["those turned away do not count: one that leaves makes room"]),
        ("evicts", ["none of them loses its connection"]),
        ("harms", ["meanwhile those connected are served in time"]),
    ],
)
def test_a_broken_rule_is_noticed_over_sockets(server, fault, noticed, monkeypatch):
    monkeypatch.setattr(crowds, "FREE_WITHIN_S", 0.3)
    findings = list(LimitTest(held_at(f"{server}/{fault}"), 4, "").findings())
    broken = [finding.text for finding in findings if finding.holds is False]
    assert broken == noticed if not noticed else noticed[0] in broken, broken


def open_at(url, within_s=5.0):
    return SocketDoor(url).open(Dial(url), within_s, elsewhere=False)


def refusal_of(url, within_s=5.0):
    with pytest.raises(TurnedAway) as turned:
        open_at(url, within_s)
    return turned.value.refusal


def test_why_there_is_no_connection_is_told_apart(server):
    assert refusal_of(f"{server}/says-nothing", 0.2).cause is Cause.SILENCE
    assert refusal_of("ws://127.0.0.1:1/none").cause is Cause.UNREACHABLE
    assert refusal_of(f"{server}/not/there").status == 404


def test_a_server_that_does_not_accept_is_silent():
    with closing(create_server(("127.0.0.1", 0))) as listening:
        refusal = refusal_of(f"ws://127.0.0.1:{listening.getsockname()[1]}/", 0.2)
    assert (refusal.cause, refusal.is_clear) == (Cause.SILENCE, False)


def test_what_this_process_cannot_open_is_its_own_fault(server, monkeypatch):
    door = SocketDoor(server)
    monkeypatch.setattr(door, "_files", SPARE_FILES)
    with pytest.raises(TurnedAway) as turned:
        door.open(Dial(f"{server}/none"), 5.0, elsewhere=False)
    assert turned.value.refusal.cause is Cause.GENERATOR
    assert "RLIMIT_NOFILE" in str(turned.value)
    for number in (errno.EMFILE, errno.EADDRNOTAVAIL):
        assert doors._refusal(NotConnected("", errno=number)).cause is Cause.GENERATOR


def test_a_line_is_asked_pinged_and_ends(server):
    line = open_at(f"{server}/none")
    assert line.receive("connected")["type"] == "connected"
    assert line.ping()
    line.rest()
    line.send({"type": "ping"})
    assert not line.ended(0.1)
    line.listen()
    line.send({"type": "ping"})
    assert line.receive("pong")
    line.cut()
    assert (line.ended(1.0), line.ending.code) == (True, CUT)
    line.send({"type": "ping"})
    assert line.receive("pong") is None
    assert not line.ping()


def test_what_is_no_message_is_passed_over_and_the_backlog_is_bounded(server):
    line = open_at(f"{server}/none")
    for number in range(doors.BACKLOG + 10):
        line._take(b"%d" % number, 0.0)
    line._take(b"not JSON", 0.0)
    line._take(b'{"type": "pong"}', 0.0)
    assert line._arrived.qsize() == doors.BACKLOG
    assert line.receive("pong") == {"type": "pong"}
    line.close()


def test_another_loopback_address_can_be_come_from(server):
    url = f"{server}/none"
    door = SocketDoor(url)
    assert door.has_elsewhere
    line = door.open(Dial(url), 5.0, elsewhere=True)
    assert line.receive("connected")
    line.close()
    assert is_ipv4_loopback("localhost")
    assert not is_ipv4_loopback("192.0.2.1")
    assert not is_ipv4_loopback("nowhere.invalid")


def test_each_that_ends_is_one_file_less(server):
    url = f"{server}/none"
    door = SocketDoor(url)
    lines = [door.open(Dial(url), 5.0, elsewhere=False) for _ in range(3)]
    assert door._open == 3
    lines[0].close()
    lines[1].cut()
    assert door._open == 1
    assert isinstance(lines[2], SocketLine)
    lines[2].close()
