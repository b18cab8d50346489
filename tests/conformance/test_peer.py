import asyncio
import json

import pytest

from harness.conformance.check import Violation
from harness.conformance.peer import Offer, Peer, Refused
from harness.core.clock import run_virtual
from harness.core.message import Frame, Opcode, field_of


def text(**message):
    return Frame(Opcode.TEXT, json.dumps(message).encode())


@pytest.fixture
def talk():
    """Plays a coroutine function of a peer that is connected to a server in memory."""

    def play(server, coroutine):
        async def connected():
            peer = Peer(server, Offer("ws://fake/"), 2.0)
            await peer.open()
            return await coroutine(peer)

        return run_virtual(connected())

    return play


def test_receive_takes_the_first_that_fits_and_leaves_the_others(talk, fake_server):
    async def play(peer):
        assert (await peer.receive("B"))["n"] == 2
        assert (await peer.receive("A", where=lambda m: m["n"] > 1))["n"] == 3
        assert (await peer.receive())["n"] == 1
        assert peer.untaken() == []
        with pytest.raises(Violation, match=r"A within 1 s; found nothing of that kind"):
            await peer.receive("A", within_s=1)

    talk(fake_server(greeting=[text(type="A", n=1), text(type="B", n=2), text(type="A", n=3)]), play)


def test_untaken_are_the_messages_that_no_receive_took(talk, fake_server):
    async def play(peer):
        await peer.receive("B")
        await peer.pause(1)
        return peer.untaken("A"), peer.untaken("C")

    server = fake_server(greeting=[text(type="A"), text(type="B")])
    assert talk(server, play) == ([{"type": "A"}], [])


def test_a_flood_is_not_looked_at_again_and_again(talk, fake_server):
    looks = 0

    def fits(entry):
        nonlocal looks
        looks += 1
        return entry.message["type"] == "Last"

    async def play(peer):
        await peer.wait_for(fits, "the last")

    talk(fake_server(greeting=[text(type="More")] * 1000 + [text(type="Last")]), play)
    assert looks == 1001


def test_a_connection_that_ends_while_waited_on_is_told(talk, fake_server):
    async def play(peer):
        with pytest.raises(Violation, match="the connection ended before it came"):
            await peer.receive("A")
        assert (await peer.closed()).code == 4000
        with pytest.raises(Violation, match="an open connection"):
            await peer.send({"type": "A"})

    talk(fake_server(greeting=[Frame(Opcode.CLOSE, code=4000)]), play)


def test_a_cut_is_a_close_of_1006_and_an_open_connection_is_none(talk, fake_server):
    async def play(peer):
        with pytest.raises(Violation, match="a close frame within 1 s"):
            await peer.closed(1)
        await peer.abort()
        return (await peer.closed(1)).code

    assert talk(fake_server(), play) == 1006


def test_two_may_wait_on_one_connection(talk, fake_server):
    async def play(peer):
        return await asyncio.gather(peer.receive("B"), peer.receive("A"))

    assert talk(fake_server(greeting=[text(type="A"), text(type="B")]), play) == [{"type": "B"}, {"type": "A"}]


def test_a_refused_handshake_keeps_the_answer(talk, fake_server):
    with pytest.raises(Refused) as raised:
        talk(fake_server(status=503), None)
    assert raised.value.answer.status == 503


def test_a_field_is_found_by_its_dotted_path():
    message = {"data": {"user": {"id": "user-123"}, "list": [1]}}
    assert field_of(message, "data.user.id") == "user-123"
    assert field_of(message, "data.user.name") is None
    assert field_of(message, "data.list.0") is None
