"""Skybit's world: the market, the accounts and their orders."""

from __future__ import annotations

from harness.core.world import World
from harness.protocols.skybit.rules import Facts


class SkybitWorld(World[Facts]):
    """What all Skybit sessions of a stage share."""
