"""EventBus's lab: listeners to the four channels, which lie side by side under one base."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from harness.conformance.lab import Lab
from harness.conformance.peer import Peer, Refused
from harness.conformance.profile import Profile
from harness.protocols.eventbus.bus import CHANNELS as CHANNELS
from harness.protocols.eventbus.bus import endpoint as endpoint

# Where the rare events of a channel show: profiles may name another base for them.
INCIDENTS = {
    "prediction": "predictor_incidents",
    "automation": "automation_failures",
    "training": "training_failures",
    "hft": "trader_incidents",
}


class EventBusLab(Lab):
    """Listens to the channels that the server has."""

    _there: list[str] | None = None

    @classmethod
    def doors(cls, profile: Profile) -> tuple[str, ...]:
        """The channels that the profile does not call missing; all, where it leaves none."""
        there = [c for c in CHANNELS if profile.capabilities.get(c) is not False]
        return tuple(endpoint(profile.target, channel) for channel in there or CHANNELS)

    @property
    def channels(self) -> list[str]:
        """Those that the profile does not call missing."""
        return [c for c in CHANNELS if self.profile.capabilities.get(c) is not False]

    async def listen(self, channel: str, capability: str = "") -> Peer:
        """A new listener of a channel; to where `capability` shows, if the profile says so."""
        return await self.peer(url=endpoint(self.profile.url({}, capability), channel))

    async def listeners(self) -> Mapping[str, Peer]:
        """A new listener of each channel that lets one in."""
        return {channel: await self.listen(channel) for channel in await self.there()}

    async def there(self) -> list[str]:
        """The channels that let a listener in. Those that do not fail a check of their own."""
        if self._there is None:
            self._there = [channel for channel in self.channels if await self._opens(channel)]
        return self._there

    async def _opens(self, channel: str) -> bool:
        try:
            await (await self.listen(channel)).close()
        except Refused:
            return False
        return True

    async def rest(self, seconds: float) -> None:
        """Wait, while whatever comes is recorded."""
        await asyncio.sleep(seconds)


def demo_profile(target: str, chance: random.Random) -> Profile:
    """Our own mock needs no credentials; its rare events show on a stage of their own, where they all happen soon."""
    stage = f"scenario=every-event&stage=check-{chance.randrange(10**9)}"
    incidents = urlunsplit(urlsplit(target)._replace(query=stage))
    return Profile(target, urls=dict.fromkeys(INCIDENTS.values(), incidents))


LAB = EventBusLab  # What the runner looks for in every protocol.
