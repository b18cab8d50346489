from __future__ import annotations

import dataclasses

import pytest

from harness.core.protocol import Protocol
from harness.core.session import Session
from harness.core.world import World


def test_a_protocol_misbehaves_only_when_told_to(tmp_path):
    protocol = Protocol("lift", "Lift", ("/lift",), tmp_path, World, Session, None, None)
    assert protocol.message_filters == ()
    assert protocol.frame_filters == ()
    assert protocol.deflate
    with pytest.raises(dataclasses.FrozenInstanceError):
        protocol.deflate = False
