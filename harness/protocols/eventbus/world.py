"""EventBus's world: the back end whose events the bus carries - predictor, jobs, trainings and trader."""

from __future__ import annotations

from harness.core.message import Message, merged
from harness.core.world import Setting, World
from harness.protocols.eventbus.automation import Automation
from harness.protocols.eventbus.bus import Bus, channel_of
from harness.protocols.eventbus.hft import Trader
from harness.protocols.eventbus.market import Market
from harness.protocols.eventbus.prediction import Predictor
from harness.protocols.eventbus.rules import Facts
from harness.protocols.eventbus.shared import Shared
from harness.protocols.eventbus.training import Training


class EventBusWorld(World[Facts]):
    """What all EventBus sessions of a stage share. Topics: the four channels (an event, as it goes out)."""

    LIVE = frozenset({"predictor", "automation", "training", "hft", "broker", "flatten", "volatility", "pace"})

    def __init__(self, facts: Facts, setting: Setting) -> None:
        super().__init__(facts, setting)
        seed = self.chance.getrandbits(64)
        self.bus = Bus(self.clock, self.topics)
        self.market = Market(seed, facts.volatility, facts.instruments)
        self._shared = Shared(facts, self.bus, self.market, self.agenda, seed)
        self.predictor = Predictor(self._shared)
        self.automation = Automation(self._shared)
        self.training = Training(self._shared)
        self.trader = Trader(self._shared)
        self._parts: dict[str, Predictor | Automation | Training | Trader] = {
            "prediction": self.predictor,
            "automation": self.automation,
            "training": self.training,
            "hft": self.trader,
        }

    def turn(self, facts: Facts, now: float) -> None:
        """What starts, stops or closes by the new facts is told at once; jobs look at them at each step."""
        old = self.facts
        super().turn(facts, now)
        self._shared.facts = facts
        self.market.turn(facts.volatility, now)
        self.predictor.turn(old, now)
        self.trader.turn(old, now)

    def scripted(self, name: str, variant: str | None, changes: Message, now: float) -> bool:
        """The event happens once, and all sessions of its channel hear of it."""
        event = self.happen(name, variant, changes, now)
        self.topics.publish(channel_of(name), event, now)
        return True

    def happen(self, name: str, variant: str | None, changes: Message, now: float) -> Message:
        """The event that a script wants, with the next id, made true by the world, which follows it.

        An event of a job, trade or prediction that the script does not name is of one that there is; where there is
        none, it is of one from before, and changes nothing.
        """
        examples = self.setting.examples[name]
        example = examples[next(iter(examples)) if variant is None else variant]["payload"]
        said = merged({}, changes).get("payload", {})
        payload = self._parts[channel_of(name)].scripted(name, example, said, now)
        # The id is taken last: what has to happen before it, such as exits before a flatten, has been told by now.
        return merged(self.bus.event(name, payload, now), changes)

    def check_books(self) -> list[str]:
        """What does not add up in the back end; empty when all is well."""
        return [fault for part in self._parts.values() for fault in part.check_books()]
