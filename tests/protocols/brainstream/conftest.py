"""Plays of BrainStream, and what tests ask of many packets."""

import pytest

from harness.protocols.brainstream import PROTOCOL


@pytest.fixture
def play(play_of):
    """Makes plays: `play(facts={...}, rules={...}, seed=7)`."""
    return lambda **options: play_of(PROTOCOL, **options)


@pytest.fixture
def data_of():
    """The data of all packets that a client has."""
    return lambda client: [message["data"] for message in client.messages()]


@pytest.fixture
def texts_of():
    """The texts of the logs of a packet's data."""
    return lambda data: [entry["message"] for entry in data["logs"]]
